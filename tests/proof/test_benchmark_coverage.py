"""Intervals of micro and macro differences hold the truth as often as they say; leaves benchmark_coverage.md here."""

from __future__ import annotations

from proof.simulate_benchmark import DESIGNS, main


def test_intervals_of_benchmarks_keep_their_promises() -> None:
    assert {len(design.sizes) for design in DESIGNS} >= {7, 27, 57}
    assert main(["--evaluations", "1000"]) == 0
