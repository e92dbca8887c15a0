"""Prediction-powered means and a judge's error, against arithmetic by hand and simulated truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model_evaluation.kinds.llm_as_judge.people.judge_error import (
    corrected_mean,
    judge_bias,
    tuned_weight,
    wilson_rate,
    yes_no_error,
)

T_3 = 3.182446305  # Student's t, 97.5%, 3 degrees of freedom
T_2 = 4.302652730


def floats(*values: float) -> np.ndarray:
    return np.array(values, float)


def test_the_plain_correction_by_hand() -> None:
    # errors human - judge = 0, -1, 0, -1: mean -0.5, variance (4 * 0.25) / 3 = 1/3
    # judge elsewhere 1, 1, 0, 1, 0: mean 0.6, variance (3 * 0.16 + 2 * 0.36) / 4 = 0.3
    # estimate 0.6 - 0.5 = 0.1; variance (1/3) / 4 + 0.3 / 5 = 0.143333
    found = corrected_mean(floats(1, 0, 0, -1), floats(1, 1, 0, 0), floats(1, 1, 0, 1, 0), weight=1.0)
    half = T_3 * math.sqrt(1 / 12 + 0.06)
    assert found.mean == pytest.approx(0.1)
    assert (found.low, found.high) == pytest.approx((0.1 - half, 0.1 + half), rel=1e-6)


def test_the_weight_by_hand() -> None:
    # human 1, 0, 0, -1 and judge 1, 1, 0, 0: covariance (0.5 + 0 + 0 + 0.5) / 3 = 1/3, var(judge) = 1/3,
    # weight 1 / (1 + 4/5) = 0.5556
    assert tuned_weight(floats(1, 0, 0, -1), floats(1, 1, 0, 0), 5) == pytest.approx(1 / 1.8)
    # errors 4/9, -5/9, 0, -1: mean -5/18; variance: squares 0.197531 + 0.308642 + 1 = 1.506173 less 4 * 0.077160
    # = 1.197531, over 3 = 0.399177
    found = corrected_mean(floats(1, 0, 0, -1), floats(1, 1, 0, 0), floats(1, 1, 0, 1, 0))
    half = T_2 * math.sqrt(0.399177 / 4 + (5 / 9) ** 2 * 0.06)
    assert found.weight == pytest.approx(5 / 9)
    assert found.mean == pytest.approx(5 / 9 * 0.6 - 5 / 18)
    assert (found.low, found.high) == pytest.approx((found.mean - half, found.mean + half), rel=1e-5)


def test_a_judge_without_information_is_not_used() -> None:
    human = floats(1, 0, 1, 0)
    assert tuned_weight(human, floats(1, 1, 1, 1), 100) == 0.0
    assert tuned_weight(human, -human, 100) == 0.0
    alone = corrected_mean(human, -human, floats(5, 5, 5))
    assert alone == corrected_mean(human, human * 0, floats(5, 5, 5))
    assert alone.mean == 0.5


@pytest.mark.parametrize("weight", [None, 1.0])
def test_none_one_and_two_labels(weight: float | None) -> None:
    nothing = corrected_mean(floats(), floats(), floats(1, 0), weight=weight)
    assert (nothing.mean, nothing.low, nothing.high) == (None, None, None)
    one = corrected_mean(floats(1), floats(0.5), floats(1, 0), weight=weight)
    assert one.mean == 1.0
    assert (one.low, one.high) == (None, None)
    two = corrected_mean(floats(1, 0), floats(1, 1), floats(1, 0), weight=weight)
    assert two.low is not None
    assert two.high is not None
    assert two.high - two.low > 5  # one degree of freedom


def test_everything_labelled_needs_no_judge() -> None:
    found = corrected_mean(floats(1, 0, 1, 1), floats(0, 0, 0, 0), floats(), weight=1.0)
    assert (found.mean, found.weight) == (0.75, 0.0)
    assert found.low == pytest.approx(0.75 - T_3 * 0.25, rel=1e-4)


def test_it_is_the_mirror_image_of_mirrored_data() -> None:
    rng = np.random.default_rng(3)
    human, judge, elsewhere = rng.normal(size=20), rng.normal(size=20), rng.normal(size=200)
    found, mirrored = corrected_mean(human, judge, elsewhere), corrected_mean(-human, -judge, -elsewhere)
    assert (found.mean, found.low, found.high) == pytest.approx((-mirrored.mean, -mirrored.high, -mirrored.low))


def test_bias_is_judge_minus_people() -> None:
    found = judge_bias(floats(0, 0, 1, 1), floats(1, 0, 1, 1))
    assert found.mean == 0.25
    assert found.low == pytest.approx(0.25 - T_3 * 0.25, rel=1e-4)


def test_yes_no_errors_by_hand() -> None:
    # people: yes yes yes no no; judge: yes yes no yes no. Sensitivity 2/3, specificity 1/2, agreement 3/5.
    found = yes_no_error(floats(1, 1, 1, 0, 0), floats(1, 1, 0, 1, 0), yes=1.0)
    assert [rate.rate for rate in found.values()] == [2 / 3, 0.5, 0.6]
    # Wilson, 1 of 2: centre (0.5 + z²/4) / (1 + z²/2) = 0.5, half z / (1 + z²/2) * sqrt(1/8 + z²/16)
    z = 1.959963985
    half = z / (1 + z * z / 2) * math.sqrt(1 / 8 + z * z / 16)
    assert found["specificity"][1:3] == pytest.approx((0.5 - half, 0.5 + half))


def test_a_rate_of_nothing_does_not_exist() -> None:
    found = yes_no_error(floats(1, 1), floats(1, 1), yes=1.0)
    assert found["specificity"] == (None, None, None, 0, 0)
    low = found["sensitivity"].ci_low
    assert low is not None
    assert low < 0.5  # two of two prove little
    assert wilson_rate(0, 5).ci_low == 0.0


@pytest.mark.parametrize("weight", [None, 1.0])
@pytest.mark.parametrize(
    ("n", "others", "noise", "bias"), [(15, 80, 0.5, 0.2), (30, 300, 0.5, 0.2), (60, 900, 1.5, -0.3)]
)
def test_the_interval_holds_the_truth(n: int, others: int, noise: float, bias: float, weight: float | None) -> None:
    """1,500 simulated evaluations with a biased, noisy, rounding judge and a true mean of 0.1."""
    rng = np.random.default_rng(n)
    held = 0
    size = (1_500, n + others)
    truths = rng.choice([-1.0, -0.5, 0.0, 0.5, 1.0], p=[0.1, 0.15, 0.4, 0.15, 0.2], size=size)
    judges = np.clip(np.round((truths + bias + noise * rng.normal(size=size)) * 2) / 2, -1, 1)
    for truth, judge in zip(truths, judges, strict=True):
        found = corrected_mean(truth[:n], judge[:n], judge[n:], weight=weight)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.1 <= found.high
    # Monte Carlo error of a share near 0.95 over 1,500: 0.0056
    assert 0.933 <= held / 1_500 <= 0.975


def test_a_good_judge_narrows_the_interval() -> None:
    rng = np.random.default_rng(8)
    truth = rng.choice([-1.0, 0.0, 1.0], size=1_000)
    judge = truth + 0.3 + 0.2 * rng.normal(size=1_000)
    both = corrected_mean(truth[:50], judge[:50], judge[50:])
    people = corrected_mean(truth[:50], judge[:50], judge[50:], weight=0.0)
    assert both.low is not None
    assert both.high is not None
    assert people.low is not None
    assert people.high is not None
    assert both.high - both.low < 0.5 * (people.high - people.low)
