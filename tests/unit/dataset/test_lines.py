"""Files as chunks, chunks as blocks of lines: no byte is lost or doubled, a line is cut by its length alone."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread

import pytest

from model_evaluation.dataset import check_stream, read_chunks
from model_evaluation.dataset.rows.lines import BLOCK_BYTES, LONGEST_LINE, line_blocks

BROKEN_QUOTES = b"[]" * 300 + b'\\"' * 500_000
LINE = b"x" * 98 + b"\r\n"


@pytest.mark.parametrize("size", [0, 1, *(BLOCK_BYTES + more for more in (-1, 0, 1)), 3 * BLOCK_BYTES])
@pytest.mark.parametrize("body", [LINE, b"no line end", b"\n"], ids=["lines", "one line", "blank lines"])
def test_every_byte_of_a_file_is_read_once(tmp_path: Path, body: bytes, size: int) -> None:
    data = (body * (size // len(body) + 1))[:size]
    path = tmp_path / "rows.jsonl"
    path.write_bytes(data)
    assert b"".join(read_chunks(path)) == data
    assert b"".join(block.data for block in line_blocks(read_chunks(path))) == data


def test_a_pipe_is_read_to_its_end(tmp_path: Path) -> None:
    pipe, data = tmp_path / "pipe", LINE * 10_000
    os.mkfifo(pipe)
    writer = Thread(target=pipe.write_bytes, args=[data])
    writer.start()
    assert b"".join(read_chunks(pipe)) == data
    writer.join()


@pytest.mark.parametrize("before", [0, 5, BLOCK_BYTES // 3])
@pytest.mark.parametrize(("length", "cut"), [(LONGEST_LINE, False), (LONGEST_LINE + 1, True)])
@pytest.mark.parametrize("last", [False, True], ids=["amid lines", "last"])
def test_a_line_is_cut_by_its_own_length_wherever_it_stands(before: int, length: int, cut: bool, last: bool) -> None:
    line = b"y" * length if last else b"y" * (length - 1) + b"\n"
    data = b"b" * before + b"\n" + line + (b"" if last else LINE * 3)
    blocks = list(line_blocks([data]))
    assert [block.nbytes for block in blocks if block.cut] == ([length] if cut else [])
    assert sum(block.nbytes for block in blocks) == len(data)


@pytest.mark.parametrize("end", [b"", b"\\", b'"'])
def test_a_broken_line_full_of_quotes_is_read_in_no_time(end: bytes) -> None:
    report = check_stream([b'{"query": "q"}\n' + BROKEN_QUOTES + end + b"\n"], source="x")
    assert [found.kind for found in report.findings] == ["invalid_json", "no_reference"]


def test_a_row_that_is_too_long_is_told_whatever_its_beginning_says() -> None:
    rows = [f'{{"query": "q{n}", "response": "r{n}"}}\n'.encode() for n in range(9)]
    long = b'{"query": "q", "response": "r"}' + b" " * LONGEST_LINE + b"\n"
    report = check_stream([*rows, long, *rows], source="x")
    assert [(found.kind, found.lines) for found in report.errors()] == [("row_too_long", [10])]
