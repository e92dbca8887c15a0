"""Formats told from a file's beginning, and tables read as texts."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
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
from model_evaluation.kinds.predictive.tables.duck import open_table
from model_evaluation.kinds.predictive.tables.source import find_table, scratch_folder

KNOWN: list[tuple[bytes, TableFormat]] = [
    (b"id,label,x\n1,0,2.5\n2,1,3\n", TableFormat("csv")),
    (b"1,0,2.5\n2,1,3\n", TableFormat("csv", header=False)),
    (b"id;label\n1;0\n", TableFormat("csv", ";")),
    (b"id\tlabel\n1\t0\n", TableFormat("csv", "\t")),
    (b"city,answer\nparis,yes\nrome,no\n", TableFormat("csv")),
    (b"paris,yes\nrome,no\nbonn,yes\n", TableFormat("csv", header=False)),
    (b",age,answer\n7,30,yes\n9,41,no\n", TableFormat("csv")),  # pandas' index
    (b",x\nrome,3\n", TableFormat("csv")),
    (b"id,0,1\n7,0.9,0.1\n8,1,0\n", TableFormat("csv")),  # scores by class
    (b",1.0,-1.0\n7,0.9,0.1\n", TableFormat("csv")),
    (b"c1,1,2\nc2,3,4\n", TableFormat("csv", header=False)),
    (b"\n1\n", TableFormat("csv", header=False)),
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
        ("id,label".encode("utf-16"), "UTF-16 text"),
        (b"[\n{},\n", "one JSON array"),
        (b'[{"id": 1, "label": 0}, {"id": 2, "label": 1}]\n', "one JSON array"),
        (b"a,b\n\xff,1\n", "not UTF-8"),
        (b"a;b\r\n\r\n\xe9;1\r\n", "not UTF-8 .byte 0xe9"),
    ],
)
def test_what_is_no_table_is_said(start: bytes, words: str) -> None:
    with pytest.raises(TableError, match=words):
        detect_format("rows", start, whole=True)


def test_a_name_that_promises_parquet_is_held_against_the_bytes() -> None:
    with pytest.raises(TableError, match="is not Parquet"):
        detect_format("rows.parquet", b"a,b\n1,2\n", whole=True)


def test_cells_stay_as_they_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('id,label,"odd, name"\n007,None,"a ""b"""\n8,NA,\n')
    table = read_table(str(path), TableFormat("csv"))
    assert table.to_dict("list") == {"id": ["007", "8"], "label": ["None", "NA"], "odd, name": ['a "b"', ""]}


def test_json_lines_and_libsvm_rows_may_lack_cells(tmp_path: Path) -> None:
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"id": "a", "x": 1.5}\n\n{"id": "b", "y": true, "z": [1, 2]}\n')
    table = read_table(str(rows), TableFormat("jsonl"))
    assert table.to_dict("list") == {"id": ["a", "b"], "x": ["1.5", ""], "y": ["", "true"], "z": ["", "[1, 2]"]}
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
    ("case 0.0 1.0", "id=case, 0.0 as score_0.0, 1.0 as score_1.0 True False"),
    ("case proba_1 age", "id=case, proba_1 as score True False"),
    ("case prob_0 prob_1 prediction", "id=case, prob_0, prob_1, prediction True True"),
    ("0 1", "id=0, 1 as score True False"),
]


@pytest.mark.parametrize(("names", "found"), COLUMNS)
def test_which_column_of_predictions_is_what(names: str, found: str) -> None:
    assert columns(names) == found


def test_classes_are_told_from_scores_by_their_values() -> None:
    assert columns("case prediction", values="0 1") == "id=case, prediction False True"
    assert columns("case prediction", values="0.0 1.0") == "id=case, prediction False True"
    with pytest.raises(TableError, match=r"none of 'yes', 'no' \(prediction\) is a class"):
        columns("case prediction", values="yes no")
    assert columns("case prediction", values="[0.2,0.8]") == "id=case, prediction as scores True False"
    assert columns("case prediction", Problem("regression"), values="3") == "id=case, prediction True False"
    assert columns("case cluster", Problem("clustering"), values="3") == "id=case, cluster False True"


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ("score", "never by position"),
        ("case a b", "no column is plainly"),
        ("case label", "none beside the id and the label"),
        ("case proba_0", "proba_0 is the score of '0'"),
        ("case p_yes p_no", r"none of 'yes', 'no' \(scores\) is a class of the test set"),
    ],
)
def test_columns_that_are_not_plain_are_refused(names: str, words: str) -> None:
    with pytest.raises(TableError, match=words):
        columns(names)


def test_decimal_commas_are_told_and_read_as_points(tmp_path: Path) -> None:
    content = b"id;price;note;whole\na;1,5;1.5, about;3\nb;-1.234,25;;4\nc;7;x,y;5\n"
    form = detect_format("prices.csv", content, whole=True)
    assert form == TableFormat("csv", ";", True, ",")
    assert str(form) == "CSV with a header, separated by semicolons, with decimal commas"
    assert TableFormat.of(form.as_json()) == form
    path = tmp_path / "prices.csv"
    path.write_bytes(content)
    assert read_table(str(path), form).to_dict("list") == {
        "id": ["a", "b", "c"], "price": ["1.5", "-1234.25", "7"], "note": ["1.5, about", "", "x,y"],
        "whole": ["3", "4", "5"],
    }  # fmt: skip
    with open_table(None, find_table(None, str(path))) as table:
        assert table.query("SELECT c1, c2 FROM rows") == [("1.5", "1.5, about"), ("-1234.25", None), ("7", "x,y")]


def test_points_and_words_are_no_decimal_commas() -> None:
    assert detect_format("a.csv", b"a;b\n1.5;x, y\n2.5;1,2 and 3\n", whole=True).decimal == "."
    assert detect_format("a.csv", b"a,b\n1,5\n2,7\n", whole=True) == TableFormat("csv", ",", True)


def test_what_a_killed_process_left_is_deleted_and_a_living_ones_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    gone = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    left = tmp_path / f"model-evaluation-duckdb-{int(gone.stdout)}-abc"
    used = tmp_path / f"model-evaluation-duckdb-{os.getpid()}-abc"
    others = tmp_path / "model-evaluation-duckdb-notes"
    for folder in (left, used, others):
        folder.mkdir()
        (folder / "rows.tmp").write_text("x")
    with scratch_folder("duckdb") as folder:
        assert Path(folder).parent == tmp_path
        assert sorted(tmp_path.iterdir()) == sorted([Path(folder), used, others])
    assert sorted(tmp_path.iterdir()) == sorted([used, others])
