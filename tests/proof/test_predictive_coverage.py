"""Intervals of predictive metrics hold the truth as often as they say; leaves predictive_coverage.md beside this."""

from __future__ import annotations

from proof.simulate_predictive import DESIGNS, main


def test_intervals_of_predictive_metrics_keep_their_promises() -> None:
    assert len(DESIGNS) >= 17
    assert main([]) == 0
