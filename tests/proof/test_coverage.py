"""The intervals' promises, kept over tens of thousands of evaluations; leaves coverage.md beside this file."""

from __future__ import annotations

from proof.simulate_coverage import DESIGNS, main


def test_intervals_and_verdicts_keep_their_promises() -> None:
    assert len(DESIGNS) >= 12
    assert main(["--evaluations", "2000"]) == 0
