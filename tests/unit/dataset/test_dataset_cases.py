"""Every file of the corpus yields exactly the findings written beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_evaluation.dataset import DatasetReport, Terms, check_stream
from model_evaluation.dataset.findings import FAULT_KINDS
from unit.dataset.dataset_cases import chunked, content, load_cases, told

CASES = load_cases()


def _found(report: DatasetReport) -> dict[str, list[Any]]:
    return {f.kind: [f.level, f.count, f.lines] for f in report.findings}


def _check(case: dict[str, Any], chunks: list[bytes]) -> DatasetReport:
    return check_stream(chunks, source="case", terms=Terms(**case.get("terms", {})), **case.get("options", {}))


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_a_file_yields_exactly_the_findings_written_beside_it(case: dict[str, Any]) -> None:
    report = _check(case, [content(case)])
    assert _found(report) == case["expected"]
    assert report.usable is case["usable"]
    assert report.profile.format == case["format"]
    if "rows" in case:
        assert report.profile.rows == case["rows"]
    json.dumps(told(report), allow_nan=False).encode("utf-8")
    assert len(json.dumps(told(report))) < 4000


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_size_of_the_chunks_changes_nothing(size: int) -> None:
    for case in CASES:
        data = content(case)
        if len(data) > 20_000:
            continue
        assert _check(case, [data]) == _check(case, chunked(data, size)), case["name"]


def test_the_corpus_shows_every_kind_of_fault() -> None:
    shown = {kind for case in CASES for kind in case["expected"]}
    by_deep_pass = {
        "near_duplicate",
        "near_in_sample",
        "near_not_checked",
        "personal_data",
        "secret",
        "scorer_instructions",
        "assistant_instructions",
    }
    assert set(FAULT_KINDS) - shown == by_deep_pass
    assert len(CASES) >= 60
    assert len({case["name"] for case in CASES}) == len(CASES)
