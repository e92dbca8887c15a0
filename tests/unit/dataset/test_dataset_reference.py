"""references/datasets.md tells what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from model_evaluation.dataset import (
    OPERATIONS,
    check_stream,
    minimum_detectable_rate_difference,
)
from model_evaluation.dataset.findings import FAULT_KINDS
from model_evaluation.dataset.rows.formats import FORMATS
from model_evaluation.runtime.statistics.planning import USUAL_SPREADS, detectable_difference
from model_evaluation.steps.rows.card import USUAL_DISAGREEMENT

TEXT = (Path(__file__).parents[3] / "references" / "datasets.md").read_text(encoding="utf-8")


def _section(title: str) -> str:
    return TEXT.split(f"\n## {title}", 1)[1].split("\n## ", 1)[0]


def test_it_begins_by_saying_when_to_read_it() -> None:
    assert TEXT.startswith("Read this when ")


@pytest.mark.parametrize(
    ("title", "level"), [("What is refused", "error"), ("What is a warning", "warning"), ("What is a warning", "info")]
)
def test_every_kind_of_fault_stands_under_its_level(title: str, level: str) -> None:
    named = set(re.findall(r"`([a-z0-9_]+)`", _section(title)))
    assert {kind for kind, (own, _, _) in FAULT_KINDS.items() if own == level} <= named


def test_every_example_row_is_clean_and_every_format_is_named() -> None:
    rows = re.search(r"```json\n(.*?)```", TEXT, re.DOTALL)
    assert rows is not None
    shown = set()
    for row in rows.group(1).splitlines():
        report = check_stream([row.encode() + b"\n"], source="example")
        assert report.findings == [], row
        shown.add(report.profile.format)
    assert {name for name in FORMATS if name not in shown} == {"preference_conversational", "verl_legacy"}
    assert all(f"`{name}`" in TEXT for name in FORMATS)


def test_every_operation_is_named() -> None:
    assert all(f"`{name}" in _section("Making a dataset ready") for name in OPERATIONS)


def test_the_table_of_differences_is_what_the_card_says() -> None:
    rows = re.findall(r"^\| (\d+) \| ([\d.| ]+) \|$", _section("How many rows?"), re.MULTILINE)
    assert len(rows) == 5
    for count, cells in rows:
        n = int(count)
        shown = [float(cell) for cell in cells.split(" | ")]
        exact = [detectable_difference(sd, n) for sd in USUAL_SPREADS]
        exact.append(minimum_detectable_rate_difference(n, USUAL_DISAGREEMENT))
        assert shown == [pytest.approx(value, abs=0.0006) for value in exact]


def test_the_advice_in_the_findings_names_real_operations() -> None:
    for kind, (_, _, fix) in FAULT_KINDS.items():
        for word in re.findall(r"`([a-z-]+)[^`]*`", fix):
            assert word in OPERATIONS, kind


def test_every_message_can_be_written() -> None:
    for kind in FAULT_KINDS.values():
        for count in (1, 3):
            assert not set("[]{}|") & set(kind.text(count))
        assert "1 rows" not in kind.text(1)
