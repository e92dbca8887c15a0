"""Several files as one stream, and back from its lines to the files."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.dataset import JoinedFiles, check_stream
from model_evaluation.dataset.rows.lines import line_blocks

LINE = st.sampled_from([b"{}", b'{"query": "q"}', b"", b"  ", b"\t", b"x" * 9])


def pieces(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@given(st.lists(st.tuples(st.lists(LINE, max_size=6), st.booleans()), min_size=2, max_size=4), st.integers(1, 7))
def test_every_line_is_found_again_in_its_file(files: list[tuple[list[bytes], bool]], size: int) -> None:
    bodies = [b"\n".join(lines) + (b"\n" if lines and ends else b"") for lines, ends in files]
    joined = JoinedFiles([(f"f{number}", lambda body=body: pieces(body, size)) for number, body in enumerate(bodies)])  # type: ignore[misc]
    for _ in range(2):  # a second reading begins anew
        stream = b"".join(joined.chunks())
        lines = stream.split(b"\n")
        own = [body.removesuffix(b"\n").split(b"\n") if body else [] for body in bodies]
        assert joined.rows == [sum(bool(line.strip()) for line in part) for part in own]
        places = [f"f{number}:{at}" for number, part in enumerate(own) for at in range(1, len(part) + 1)]
        texts = {f"f{number}:{at}": line for number, part in enumerate(own) for at, line in enumerate(part, 1)}
        assert [lines[number] for number in range(len(places))] == [texts[place] for place in places]
        assert [joined.place(number) for number in range(1, len(places) + 1)] == places


@given(st.lists(st.integers(0, 700_000), min_size=1, max_size=5), st.booleans())
def test_every_byte_is_counted_once_also_in_lines_that_are_cut(lengths: list[int], ends: bool) -> None:
    body = b"\n".join(b"x" * length for length in lengths) + (b"\n" if ends else b"")
    blocks = list(line_blocks([body], longest_line=300_000))
    assert sum(block.nbytes for block in blocks) == len(body)
    assert sum(len(block.lines()) for block in blocks) == len(body.splitlines(keepends=True))


def test_one_file_is_passed_on_untouched() -> None:
    chunks = [b'{"query"', b': "q"}\n\n', b'{"query": 1}']
    joined = JoinedFiles([("only.jsonl", lambda: chunks)])
    assert list(joined.chunks()) == chunks
    report = check_stream(joined.chunks(), source="only.jsonl")
    assert joined.by_file(report, 1) is report


def test_empty_files_and_files_without_newline_keep_their_places() -> None:
    joined = JoinedFiles([("a", lambda: [b""]), ("b", lambda: [b'{"query": "q"}']), ("c", lambda: [b"{\n"])])
    report = joined.by_file(check_stream(joined.chunks(), source="set", row_limit=None), 1)
    assert joined.rows == [0, 1, 1]
    assert not report.usable
    messages = [found.message for found in report.findings]
    assert messages[0] == "a holds no rows."
    broken = next(found for found in report.findings if found.kind in ("invalid_json", "truncated_last_line"))
    assert broken.places == ["c:1"]


def test_files_with_too_many_rows_are_counted_in_plain_words() -> None:
    body = b'{"query": "q", "response": "a"}\n' * 3
    for more, told in ((1, "1 more file likewise"), (2, "2 more files likewise")):
        joined = JoinedFiles([(f"f{number}.jsonl", lambda: [body]) for number in range(1 + more)])
        report = joined.by_file(check_stream(joined.chunks(), source="set", row_limit=None), 2)
        fault = next(fault for fault in report.findings if fault.kind == "too_many_rows")
        assert fault.message == f"f0.jsonl has 3 rows, more than one job takes (2), and {told}."
        assert not report.usable
