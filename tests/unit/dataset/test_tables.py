"""CSV, TSV, Parquet and Excel become JSON Lines: named by the check, converted by the command that it advises."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.dataset import apply_operation, check_stream, parse_operation, useful_operations
from model_evaluation.dataset.rows.tables import table_lines
from model_evaluation.errors import MissingDependency, Refused

ROWS = [{"query": "What, then?", "response": "Yes"}, {"query": 'Say "no"\nnow', "response": "no"}]
CSV = 'question,answer\r\n"What, then?",Yes\r\n"Say ""no""\nnow",no\r\n,\r\n'


def _parquet(rows: list[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


def _excel(*sheets: list[list[Any]]) -> bytes:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"s{number}") if number else book.active
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _named() -> dict[str, bytes]:
    rows = [{"question": row["query"], "answer": row["response"]} for row in ROWS]
    return {
        "commas": CSV.encode(),
        "tabs": b'question\tanswer\nWhat, then?\tYes\n"Say ""no""\nnow"\tno\n',
        "semicolons": b'\xef\xbb\xbfquestion;answer\nWhat, then?;Yes\n"Say ""no""\nnow";no\n',
        "parquet": _parquet(rows),
    }


def _convert(data: bytes, operation: str, folder: Path) -> list[dict[str, Any]]:
    report = check_stream([data], source="rows.csv")
    name, arguments = parse_operation(operation)
    apply_operation(name, arguments, lambda: [data], report, folder / "out.jsonl")
    return [json.loads(line) for line in (folder / "out.jsonl").read_bytes().splitlines()]


@pytest.mark.parametrize("data", [b"query,response\ra,b\rc,d\r", b"query,response\r\na,b\r\n"])
def test_lines_may_end_as_old_programs_end_them(data: bytes, tmp_path: Path) -> None:
    assert check_stream([data], source="rows.csv").kinds() == {"csv"}
    assert _convert(data, "convert", tmp_path)[0] == {"query": "a", "response": "b"}


def test_a_bare_carriage_return_in_a_row_ends_no_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="damaged near line 2"):
        _convert(b"query,response\na,b\rc\n", "convert", tmp_path)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"query,response\n", "the source holds no rows"),
        (b'{"query": "a"},\n', r"1 row .*\(line 1\)\. 1 row is not valid JSON \(comma after the object\)"),
        (b"PK\x03\x04rest", "The file is a zip archive"),
    ],
)
def test_what_cannot_be_converted_is_told_with_the_reason(data: bytes, reason: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=reason):
        _convert(data, "convert", tmp_path)


@pytest.mark.parametrize("name", ["commas", "tabs", "semicolons", "parquet", "excel"])
def test_a_table_is_named_with_the_command_that_makes_rows_of_it(name: str, tmp_path: Path) -> None:
    rows: list[list[Any]] = [["question", "answer"], *[list(row.values()) for row in ROWS], [None, None]]
    data = _excel(rows) if name == "excel" else _named()[name]
    report = check_stream([data[:100], data[100:]], source="rows.csv")
    assert not report.usable
    (useful,) = useful_operations(report)
    assert useful.value == "convert --map question=query,answer=response"
    assert f"`{useful.value}`" in report.findings[0].fix
    assert _convert(data, useful.value, tmp_path) == ROWS


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: data.decode().encode("utf-16")], ids=["gzip", "utf-16"])
def test_a_packed_table_is_converted_too(pack: Any, tmp_path: Path) -> None:
    data = pack(CSV.encode())
    with pytest.raises(Refused) as caught:
        _convert(data, "convert", tmp_path)
    assert "--map question=query,answer=response" in caught.value.fix
    assert _convert(data, "convert --map question=query,answer=response", tmp_path) == ROWS


def test_columns_with_the_formats_own_names_need_no_renaming(tmp_path: Path) -> None:
    data = b"query,response,category\nWho?,I,people\n"
    report = check_stream([data], source="rows.csv")
    assert [useful.value for useful in useful_operations(report)] == ["convert"]
    assert _convert(data, "convert", tmp_path) == [{"query": "Who?", "response": "I", "category": "people"}]


def test_a_line_for_excel_before_the_header_is_passed_over(tmp_path: Path) -> None:
    assert _convert(b"sep=;\r\nquery;response\r\nWho?;I\r\n", "convert", tmp_path) == [
        {"query": "Who?", "response": "I"}
    ]


def test_messages_in_a_cell_are_read(tmp_path: Path) -> None:
    messages = [{"role": "user", "content": "q, and so"}, {"role": "assistant", "content": "a"}]
    cell = json.dumps(messages).replace('"', '""')
    assert _convert(f'id,messages\n1,"{cell}"\n'.encode(), "convert", tmp_path) == [{"id": "1", "messages": messages}]


def test_columns_that_say_nothing_are_asked_for(tmp_path: Path) -> None:
    data = b"a,b\nWho?,I\n"
    assert "`convert --map FIELD=query,FIELD=response`" in check_stream([data], source="x").findings[0].fix
    with pytest.raises(Refused, match="no field looks like one"):
        _convert(data, "convert", tmp_path)
    assert _convert(data, "convert --map a=query,b=response", tmp_path) == [{"query": "Who?", "response": "I"}]


def test_a_faulty_row_of_a_table_is_written_and_found_in_what_was_written(tmp_path: Path) -> None:
    (one, two) = _convert(
        b"question,answer\nWho?,I\n,lonely\n", "convert --map question=query,answer=response", tmp_path
    )
    assert (one["query"], two) == ("Who?", {"response": "lonely"})
    written = check_stream([(tmp_path / "out.jsonl").read_bytes()], source="x")
    assert [useful.value for useful in useful_operations(written)] == ["drop-invalid"]


def test_values_of_a_parquet_file_are_written_as_json_has_them(tmp_path: Path) -> None:
    import datetime

    rows = [
        {
            "messages": [{"role": "user", "content": "q"}],
            "score": float("nan"),
            "day": datetime.date(2026, 1, 2),
            "b": b"12",
        }
    ]
    (made,) = _convert(_parquet(rows), "convert", tmp_path)
    assert made == {"messages": rows[0]["messages"], "score": None, "day": "2026-01-02", "b": "(2 bytes)"}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"a,b\n1,2,3\n", "line 2 has 3 cells; the header names 2"),
        (b'question,answer\n"open,1\n', "damaged near line"),
        (b"question,question\n1,2\n", "Two columns have the name"),
        ("question,answer\nWo ist München?,hier\n".encode("latin-1"), "not UTF-8 text"),
        (b"PAR1nothing", "Parquet file cannot be read"),
    ],
)
def test_a_damaged_table_is_refused_with_its_place(data: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=message) as caught:
        _convert(data, "convert", tmp_path)
    assert caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_workbook_with_two_sheets_of_rows_is_refused_by_their_names(tmp_path: Path) -> None:
    data = _excel([["question"], ["a"]], [["question"], ["b"]])
    with pytest.raises(Refused, match="2 sheets hold something"):
        _convert(data, "convert", tmp_path)


def test_without_the_package_for_workbooks_the_way_around_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openpyxl", None)
    with pytest.raises(MissingDependency) as caught:
        list(table_lines([b"PK\x03\x04"], "excel"))
    assert "openpyxl" in caught.value.fix
    assert "or save the sheet as CSV (UTF-8)" in caught.value.fix
