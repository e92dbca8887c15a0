"""A quick look at what the proof does at length: intervals hold the truth, and equal models are rarely told apart."""

from __future__ import annotations

import pytest

from proof.simulate_predictive import DESIGNS, faults, play

QUICK = ("half positive", "20 positives expected", "80 groups of 10", "heavy tails")


@pytest.mark.parametrize("name", QUICK)
def test_intervals_hold_the_truth(name: str) -> None:
    design = next(own for own in DESIGNS if own.name == name)
    lines = play(design, 150)
    assert len(lines) >= 5
    assert not [f"{line.metric}: {text}" for line in lines for text in faults(line, 4.0)]
