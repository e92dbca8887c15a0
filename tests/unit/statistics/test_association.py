"""Rank correlation of scores with answer lengths: by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import strategies as st

from model_evaluation.runtime.statistics.association import length_effect

levels = st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5])


def test_worked_by_hand() -> None:
    # ranks of the scores 1 2 3 4 5 6, of the lengths 2 1 4 3 6 5: all off by 1, rho = 1 - 6 * 6 / 210 = 0.828571
    # Fisher: atanh = 1.183590, error sqrt((1 + 0.686531 / 2) / 3) = 0.669160, times 1.959964 = 1.311529:
    # tanh(-0.127939) = -0.127246, tanh(2.495119) = 0.986482
    found = length_effect(np.array([-0.5, -0.25, 0.0, 0.25, 0.5, 0.75]), np.array([20.0, 10, 40, 30, 60, 50]))
    assert found is not None
    assert found["spearman"] == pytest.approx(0.828571, abs=1e-6)
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((-0.127246, 0.986482), abs=2e-6)
    assert (found["n"], found["mean_length_difference"]) == (6, 35.0)


def test_rows_without_a_score_or_an_answer_do_not_count() -> None:
    scores, lengths = np.array([0.5, math.nan, 0.0, 0.25]), np.array([10.0, 20, math.nan, 5])
    found = length_effect(scores, lengths)
    assert found is not None
    assert (found["n"], found["spearman"], found["mean_length_difference"]) == pytest.approx((2, 1.0, 7.5))


def test_nothing_of_no_row_and_little_of_few() -> None:
    assert length_effect(np.zeros(0), np.zeros(0)) is None
    one = length_effect(np.array([0.5]), np.array([3.0]))
    assert one is not None
    assert (one["n"], one["spearman"], one["ci_low"]) == (1, None, None)
    four = length_effect(np.array([0.5, 0.25, 0.0, 1.0]), np.array([3.0, 1.0, 2.0, 9.0]))
    assert four is not None
    assert four["spearman"] == pytest.approx(0.8)
    assert four["ci_low"] is None


def test_clusters_take_the_place_of_rows_in_the_interval() -> None:
    rng = np.random.default_rng(1)
    scores, lengths = rng.normal(size=(2, 40))
    rows, clusters = length_effect(scores, lengths), length_effect(scores, lengths, clusters=10)
    assert rows is not None
    assert clusters is not None
    # the errors are as sqrt(1 / 37) to sqrt(1 / 7) on Fisher's scale
    widths = [math.atanh(found["ci_high"]) - math.atanh(found["ci_low"]) for found in (rows, clusters)]
    assert widths[1] / widths[0] == pytest.approx(math.sqrt(37 / 7))


def test_the_interval_holds_the_truth() -> None:
    # Bivariate normal with correlation 0.5, so Spearman's is 6 / pi * asin(0.25); scores cut into five levels hardly
    # move it for coverage's sake, so they are left as they are. 600 samples: three standard errors are 2.7 points.
    rng = np.random.default_rng(2)
    truth, held = 6 / math.pi * math.asin(0.25), 0
    for _ in range(600):
        x, noise = rng.normal(size=(2, 60))
        found = length_effect(x, 0.5 * x + math.sqrt(0.75) * noise)
        assert found is not None
        held += found["ci_low"] <= truth <= found["ci_high"]
    assert held / 600 == pytest.approx(0.95, abs=0.027)
