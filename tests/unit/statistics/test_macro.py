"""The mean of parts' differences and its standard error."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from model_evaluation.runtime.results.aggregates import macro_difference, standard_error_of_mean
from model_evaluation.runtime.statistics.differences import compare_paired
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.summary import Comparison

METRIC = Metric("right", limits=(0.0, 1.0))


def part(tuned: Sequence[float], base: Sequence[float]) -> Comparison:
    return compare_paired(METRIC, np.array(tuned, float), np.array(base, float), rng=np.random.default_rng(1))


def test_the_error_of_a_mean_is_not_the_mean_of_the_errors() -> None:
    # Seven equal errors: the mean of them is sqrt(7) times too large.
    assert standard_error_of_mean([0.018] * 7) == pytest.approx(0.018 / math.sqrt(7))
    assert standard_error_of_mean([3.0, 4.0]) == pytest.approx(5 / 2)


def test_parts_weigh_the_same_whatever_their_size() -> None:
    small, large = part([1, 1, 0, 1, 1, 0], [0, 0, 0, 1, 0, 0]), part([1] * 10 + [0] * 90, [0] * 100)
    found = macro_difference([small, large])
    assert found is not None
    assert found["mean"] == pytest.approx((3 / 6 + 10 / 100) / 2)


def test_interval_and_p_value_square_and_add() -> None:
    parts = [part([1] * 12 + [0] * 8, [1] * 6 + [0] * 14), part([0] * 10 + [1] * 10, [1] * 5 + [0] * 15)]
    found = macro_difference(parts)
    assert found is not None
    assert found["ci_low"] is not None
    assert found["p_value"] is not None
    means, lows, errors = [], [], []
    for own in parts:
        difference = own["difference"]
        assert difference is not None
        assert difference["mean"] is not None
        assert difference["ci_low"] is not None
        assert difference["deviation"] is not None
        means.append(difference["mean"])
        lows.append(difference["ci_low"])
        errors.append(difference["deviation"] / math.sqrt(20))
    below = math.sqrt(sum((mean - low) ** 2 for mean, low in zip(means, lows, strict=True))) / 2
    assert found["ci_low"] == pytest.approx(sum(means) / 2 - below)
    z = sum(means) / 2 / (math.sqrt(sum(error**2 for error in errors)) / 2)
    assert found["p_value"] == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_without_pairs_or_an_interval_in_a_part_nothing_is_claimed() -> None:
    assert macro_difference([part([], [])]) is None
    found = macro_difference([part([1], [0]), part([1, 0, 1], [0, 0, 1])])
    assert found is not None
    assert found["ci_low"] is None
    assert found["p_value"] is None


@pytest.mark.parametrize(("subtasks", "size"), [(4, 40), (12, 30)])
def test_the_interval_holds_the_true_macro_difference(subtasks: int, size: int) -> None:
    """Seeded simulation: difficult and easy subtasks, models that agree half of the time."""
    rng = np.random.default_rng(20260101)
    shares = np.linspace(0.15, 0.9, subtasks)
    gains = np.linspace(-0.05, 0.1, subtasks)
    covered = wrong = 0
    rounds = 400
    for _ in range(rounds):
        parts = []
        for share, gain in zip(shares, gains, strict=True):
            luck = rng.random((3, size))
            shared = luck[2] < 0.5
            tuned = np.where(shared, luck[0], luck[0]) < share + gain
            base = np.where(shared, luck[0], luck[1]) < share
            parts.append(compare_paired(METRIC, tuned.astype(float), base.astype(float), rng=rng))
        found = macro_difference(parts)
        assert found is not None
        assert found["ci_low"] is not None
        assert found["ci_high"] is not None
        assert found["mean"] is not None
        truth = float(gains.mean())
        covered += found["ci_low"] <= truth <= found["ci_high"]
        deviations = [own["difference"]["deviation"] for own in parts if own["difference"]]
        errors = [(deviation or 0.0) / math.sqrt(size) for deviation in deviations]
        wrong += abs(found["mean"] - truth) <= 1.96 * float(np.mean(errors))
    assert 0.93 <= covered / rounds <= 0.995
    assert wrong / rounds > 0.99, "the mean of the errors, as the service reports it, claims far too little"
