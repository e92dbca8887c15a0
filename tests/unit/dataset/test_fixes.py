"""What findings advise works: every operation named in a fix is carried out, and the same check passes then."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.dataset import Terms, apply_operation, check_stream, parse_operation, useful_operations
from model_evaluation.dataset.findings import FAULT_KINDS
from model_evaluation.errors import Refused
from unit.dataset.dataset_cases import content, load_cases

OPERATION = re.compile(r"`((?:convert|dedupe|sample|drop-invalid|shard)[^`]*)`")
# Whole files of other types are cut off in the corpus; test_tables.py and test_operations.py convert whole ones.
CUT_OFF = {"gzip", "parquet", "excel", "utf16"}
CASES = [case for case in load_cases() if case["expected"] and not CUT_OFF & case["expected"].keys()]
NAMED = "convert --map item=query"


def _check(data: bytes, case: dict[str, Any]) -> Any:
    options = {"row_limit": 3 if "too_many_rows" in case["expected"] else 1000, **case.get("options", {})}
    return check_stream([data], source="x.jsonl", terms=Terms(**case.get("terms", {})), **options)


def _advised(report: Any) -> list[tuple[str, str]]:
    return [(found.kind, operation) for found in report.findings for operation in OPERATION.findall(found.fix)]


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_operation_named_in_a_fix_mends_what_it_is_named_for(case: dict[str, Any], tmp_path: Path) -> None:
    data = content(case)
    before = _check(data, case)
    for number, (kind, advice) in enumerate(_advised(before)):
        words = advice.replace("sample N", "sample 1").replace("FIELD", "item")
        if words == "shard":
            words = "shard 1"
        if words == NAMED and b'"item"' not in data:
            continue  # nobody could name the field: there is none
        report, steps = before, [words]
        # Rows that cannot be read come before all else, as the choices say.
        if useful_operations(before)[0].value == "drop-invalid" and words not in ("drop-invalid", NAMED):
            steps = ["drop-invalid", words]
        rows = data
        for at, step in enumerate(steps):
            name, arguments = parse_operation(step)
            made = apply_operation(name, arguments, partial(list, [rows]), report, tmp_path / f"{number}-{at}.jsonl")
            rows = (tmp_path / made["outputs"][0]["file"]).read_bytes()
            report = _check(rows, case)
        assert kind not in report.kinds(), advice


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_offered_leads_to_a_file_that_can_be_used(case: dict[str, Any], tmp_path: Path) -> None:
    data = content(case)
    report = _check(data, case)
    for step in range(4):
        offered = useful_operations(report)
        if report.usable or not offered:
            break
        name, arguments = parse_operation(offered[0].value.replace("1000", "2"))
        made = apply_operation(name, arguments, partial(list, [data]), report, tmp_path / f"{step}.jsonl")
        data = (tmp_path / made["outputs"][0]["file"]).read_bytes()
        report = _check(data, case)
    if not report.usable:  # then nothing here can, and no operation is named
        assert [operation for _, operation in _advised(report) if "FIELD" not in operation] == []


def test_every_operation_in_the_catalogue_is_carried_out_here() -> None:
    named = {kind: set(OPERATION.findall(entry.advice())) for kind, entry in FAULT_KINDS.items()}
    shown = {kind for case in CASES for kind in case["expected"]}
    assert {kind for kind, operations in named.items() if operations} <= shown | CUT_OFF


def test_every_fault_that_stops_an_evaluation_says_what_to_do() -> None:
    assert all(entry.fix for entry in FAULT_KINDS.values() if entry.level == "error")


def test_nothing_is_left_out_where_nothing_would_be_left() -> None:
    report = check_stream([b'{"query": ""}\n{"query": " "}\n'], source="x")
    assert [found.fix for found in report.errors()] == ["Correct the rows."]
    assert useful_operations(report) == []
    with pytest.raises(Refused, match="no row is free of errors"):
        apply_operation("drop-invalid", [], lambda: [b'{"query": ""}\n'], report, Path("unwritten.jsonl"))


def test_broken_rows_are_left_out_before_fields_are_renamed(tmp_path: Path) -> None:
    data = b'{"question": "a", "answer": "b"}\n{"question": \n'
    report = check_stream([data], source="x")
    assert [useful.value for useful in useful_operations(report)] == ["drop-invalid"]
    made = apply_operation("drop-invalid", [], lambda: [data], report, tmp_path / "first.jsonl")
    rows = (tmp_path / made["outputs"][0]["file"]).read_bytes()
    report = check_stream([rows], source="x")
    (useful,) = useful_operations(report)
    name, arguments = parse_operation(useful.value)
    made = apply_operation(name, arguments, lambda: [rows], report, tmp_path / "second.jsonl")
    assert (tmp_path / made["outputs"][0]["file"]).read_bytes() == b'{"query": "a", "response": "b"}\n'
