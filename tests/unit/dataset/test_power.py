"""The minimum detectable difference of rates, against known values and a simulation."""

from __future__ import annotations

import math
import random
from statistics import NormalDist

import pytest

from model_evaluation.dataset.power import minimum_detectable_rate_difference


@pytest.mark.parametrize("rows", [0, 1])
def test_fewer_than_two_rows_show_nothing(rows: int) -> None:
    assert minimum_detectable_rate_difference(rows, 0.5) is None


def test_too_few_discordant_rows_show_nothing() -> None:
    # 20 rows, 10 % differ: 2 discordant rows can never reach the 5 % level.
    assert minimum_detectable_rate_difference(20, 0.1) is None
    assert minimum_detectable_rate_difference(100, 0.0) is None


@pytest.mark.parametrize("bad", [-0.1, 1.1])
def test_shares_outside_0_to_1_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        minimum_detectable_rate_difference(100, bad)


def test_connors_equation_holds() -> None:
    n, q = 300, 0.3
    delta = minimum_detectable_rate_difference(n, q)
    assert delta is not None
    z, b = NormalDist().inv_cdf(0.975), NormalDist().inv_cdf(0.8)
    assert math.sqrt(n) * delta == pytest.approx(z * math.sqrt(q) + b * math.sqrt(q - delta**2))


RUNS = 2000
TOLERANCE = 0.035  # four standard errors of a share near 0.8 over 2,000 runs


def test_a_simulated_mcnemar_test_finds_the_difference_four_times_in_five() -> None:
    rng = random.Random(21)
    rows, q = 400, 0.25
    delta = minimum_detectable_rate_difference(rows, q)
    assert delta is not None
    better, worse = (q + delta) / 2, (q - delta) / 2
    found = 0
    for _ in range(RUNS):
        draws = [rng.random() for _ in range(rows)]
        wins = sum(d < better for d in draws)
        losses = sum(better <= d < better + worse for d in draws)
        found += wins + losses > 0 and abs(wins - losses) / math.sqrt(wins + losses) > 1.959964
    assert found / RUNS == pytest.approx(0.8, abs=TOLERANCE)
