"""Plays every fault of the catalogue against the whole preflight and leaves the table in faults.md beside this file.

One command remakes it: `.venv/bin/python -m pytest tests/proof/test_faults.py` (some minutes).
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from model_evaluation.localaws import LocalAws
from unit.preflight.fault_player import Outcome, configured, load_faults, play, stage

TABLE = Path(__file__).with_name("faults.md")
CAUGHT_AT_LEAST = 0.95


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    with LocalAws(step_seconds=0) as aws:
        yield aws


def test_the_table_of_faults(aws: LocalAws, tmp_path: Path) -> None:
    rows: list[tuple[dict[str, Any], Outcome | None]] = []
    for number, fault in enumerate(load_faults()):
        project = tmp_path / str(number)
        project.mkdir()
        rows.append((fault, play(fault, aws, project, whole=True) if fault["readable"] else None))
    TABLE.write_text(_text(rows), encoding="utf-8")
    readable = [outcome for _, outcome in rows if outcome is not None]
    assert len(rows) >= 45
    assert sum(outcome.caught for outcome in readable) >= CAUGHT_AT_LEAST * len(readable)
    assert all(outcome.mended for outcome in readable if outcome.caught)


def test_without_a_fault_nothing_is_found(aws: LocalAws, tmp_path: Path) -> None:
    state = configured(aws)
    with stage(aws, tmp_path) as scene:
        scene.state.write_text(state, encoding="utf-8")
        troubles = [entry["id"] for entry in scene.preflight() if entry["status"] in ("fail", "warn")]
        assert troubles == ["endpoint"]  # local AWS itself, which is not AWS


def _text(rows: list[tuple[dict[str, Any], Outcome | None]]) -> str:
    played = [(fault, outcome) for fault, outcome in rows if outcome is not None]
    caught = [(fault, outcome) for fault, outcome in played if outcome.caught]
    pasted = [fault for fault, outcome in caught if outcome.mended and "by_hand" not in fault]
    late = sum(fault["revealed"]["after_minutes"] for fault, _ in caught)
    seconds = [outcome.seconds for _, outcome in played]
    share = 100 * len(caught) / len(played)
    stopped = sum(fault["status"] == "fail" for fault, _ in caught)
    by_hand = len(caught) - len(pasted)
    head = f"""# Faults, and when they are noticed

Made by `pytest tests/proof/test_faults.py` from `tests/data/faults/`; played on local AWS (SIMULATED). The minutes say
when AWS would show it, the column beside them where that is known from. The seconds are those of the whole preflight.
The catalogue was written by the authors of the checks: it shows what they know of, and that each check works.

- {len(rows)} faults; {len(played)} of them can be seen by calls that only read.
- {len(caught)} of these {len(played)} ({share:.0f}%) are caught before the start: {stopped} stop it, \
{len(caught) - stopped} are warnings.
- {len(pasted)} are mended by pasting the fix; {by_hand} need somebody's decision or hand, and the fix says which.
- Seconds to catch: {statistics.median(seconds):.1f} (median), {max(seconds):.1f} (slowest). AWS would take \
{late / len(caught):.0f} minutes on average.

| fault | AWS shows it | after | known from | check | how | s | fix |
|---|---|---:|---|---|---|---:|---|"""
    lines = [head]
    for fault, outcome in rows:
        shown = fault["revealed"]
        check = f"`{fault['check'].partition('.<')[0]}`" if fault["check"] else ""
        how = "cannot be seen before" if outcome is None else (fault["status"] if outcome.caught else "MISSED")
        took = "" if outcome is None else f"{outcome.seconds:.1f}"
        cells = (fault["wrong"], shown["where"], f"{shown['after_minutes']} min", shown["known"], check, how, took)
        lines.append(f"| {' | '.join(cells)} | {_fix(fault, outcome)} |")
    return "\n".join(lines) + "\n"


def _fix(fault: dict[str, Any], outcome: Outcome | None) -> str:
    if outcome is None or not outcome.caught:
        return str(fault.get("by_hand", ""))
    if not outcome.mended:
        return "does not help"
    return "by hand: " + fault["by_hand"].partition(";")[0] if "by_hand" in fault else "pasted"
