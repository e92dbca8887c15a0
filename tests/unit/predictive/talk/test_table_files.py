"""Formats told from a file's beginning, and tables read as texts."""

from __future__ import annotations

from pathlib import Path

import pytest

from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.reading.answer_columns import answer_columns
from model_evaluation.kinds.predictive.runtime.reading.table_files import (
    TableError,
    TableFormat,
    detect_format,
    read_table,
)

KNOWN: list[tuple[bytes, TableFormat]] = [
    (b"id,label,x\n1,0,2.5\n2,1,3\n", TableFormat("csv")),
    (b"1,0,2.5\n2,1,3\n", TableFormat("csv", header=False)),
    (b"id;label\n1;0\n", TableFormat("csv", ";")),
    (b"id\tlabel\n1\t0\n", TableFormat("csv", "\t")),
    (b"city,answer\nparis,yes\nrome,no\n", TableFormat("csv")),
    (b"paris,yes\nrome,no\nbonn,yes\n", TableFormat("csv", header=False)),
    (b'\xef\xbb\xbf"a","b, c"\n"1","2"\n', TableFormat("csv")),
    (b'{"id": 1}\n{"id": 2}\n', TableFormat("jsonl")),
    (b"1 1:0.5 7:2\n0 3:1\n", TableFormat("libsvm")),
    (b"0.5 qid:3 1:0.5\n", TableFormat("libsvm")),
    (b"PAR1....", TableFormat("parquet")),
]


@pytest.mark.parametrize(("start", "form"), KNOWN, ids=[str(form) for _, form in KNOWN])
def test_a_format_is_told(start: bytes, form: TableFormat) -> None:
    assert detect_format("rows", start, whole=True) == form
    assert TableFormat.of(form.as_json()) == form


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"  \n", "is empty"),
        (b"PK\x03\x04", "zip archive or a spreadsheet"),
        (b"\x00\x01\x02", "binary"),
        (b"[\n{},\n", "one JSON array"),
        (b"a,b\n\xff,1\n", "not UTF-8"),
    ],
)
def test_what_is_no_table_is_said(start: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        detect_format("rows", start, whole=True)


def test_cells_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,label,"odd, name"\n007,None,"a ""b"""\n8,NA,\n')
    table = read_table(str(path), TableFormat("csv"))
    assert table.to_dict("list") == {"id": ["007", "8"], "label": ["None", "NA"], "odd, name": ['a "b"', ""]}


def test_json_lines_and_libsvm_rows_may_lack_cells(tmp_path: Path) -> None:
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"id": "a", "x": 1.5}\n\n{"id": "b", "y": true, "z": [1, 2]}\n')
    table = read_table(str(rows), TableFormat("jsonl"))
    assert table.to_dict("list") == {"id": ["a", "b"], "x": ["1.5", ""], "y": ["", "1"], "z": ["", "[1, 2]"]}
    sparse = tmp_path / "a.libsvm"
    sparse.write_text("1 2:0.5\n0 1:7 10:3\n")
    table = read_table(str(sparse), TableFormat("libsvm"))
    assert table.to_dict("list") == {"0": ["1", "0"], "f1": ["", "7"], "f2": ["0.5", ""], "f10": ["", "3"]}


def test_parts_need_the_same_columns_and_broken_rows_are_named(tmp_path: Path) -> None:
    (tmp_path / "part-0.csv").write_text("a,b\n1,2\n")
    (tmp_path / "part-1.csv").write_text("b,a\n4,3\n")
    (tmp_path / "_SUCCESS").write_text("")
    table = read_table(str(tmp_path), TableFormat("csv"))
    assert table.to_dict("list") == {"a": ["1", "3"], "b": ["2", "4"]}
    (tmp_path / "part-2.csv").write_text("a,c\n1,2\n")
    with pytest.raises(TableError, match="different columns"):
        read_table(str(tmp_path), TableFormat("csv"))
    (tmp_path / "ragged").write_text("a,b\n1,2\n1,2,3\n")
    with pytest.raises(TableError, match="cannot be read as CSV"):
        read_table(str(tmp_path / "ragged"), TableFormat("csv"))


BINARY = Problem("binary", "1")


def columns(names: str, problem: Problem = BINARY, values: str = "0.1 0.7", classes: str = "0 1") -> str:
    found = answer_columns(names.split(), "case", problem, classes.split(), lambda name: values.split(), label="label")
    return f"{found} {found.scores} {found.classes}"


COLUMNS = [
    ("case score", "id=case, score True False"),
    ("score case label", "id=case, score True False"),
    ("id probability", "id=id, probability True False"),
    ("case prediction", "id=case, prediction as score True False"),
    ("case whatever", "id=case, whatever as score True False"),
    ("case 0 1", "id=case, 0 as score_0, 1 as score_1 True False"),
    ("case prob_0 prob_1 prediction", "id=case, prob_0, prob_1, prediction True True"),
    ("0 1", "id=0, 1 as score True False"),
]


@pytest.mark.parametrize(("names", "found"), COLUMNS)
def test_which_column_of_predictions_is_what(names: str, found: str) -> None:
    assert columns(names) == found


def test_classes_are_told_from_scores_by_their_values() -> None:
    assert columns("case prediction", values="0 1") == "id=case, prediction False True"
    assert columns("case prediction", values="0.0 1.0") == "id=case, prediction False True"
    assert columns("case prediction", values="[0.2,0.8]") == "id=case, prediction as scores True False"
    assert columns("case prediction", Problem("regression"), values="3") == "id=case, prediction True False"
    assert columns("case cluster", Problem("clustering"), values="3") == "id=case, cluster False True"


@pytest.mark.parametrize(("names", "words"), [("score", "never by position"), ("case a b", "no column is plainly")])
def test_columns_that_are_not_plain_are_refused(names: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        columns(names)
