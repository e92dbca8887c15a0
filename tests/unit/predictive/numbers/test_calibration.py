"""Calibration: slope and intercept are those of a logistic regression, and the expected error is what chance gives."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from model_evaluation.kinds.predictive.runtime.statistics.calibration import calibration, expected_error


def drawn(n: int, slope: float = 1.0, shift: float = 0.0, seed: int = 0):  # type: ignore[no-untyped-def]
    """Scores whose truth has a logit of slope times theirs, plus shift."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-1, 1.5, n)
    truth = (rng.random(n) < 1 / (1 + np.exp(-(slope * logit + shift)))).astype(np.int64)
    return truth, 1 / (1 + np.exp(-logit))


def fitted(truth: Any, *columns: Any, offset: Any = None) -> Any:
    """A logistic regression by statsmodels."""
    from statsmodels.genmod.families import Binomial  # takes a second: not while tests are collected
    from statsmodels.genmod.generalized_linear_model import GLM

    return GLM(truth, np.column_stack(columns), family=Binomial(), offset=offset).fit()


@pytest.mark.parametrize("seed", range(5))
def test_slope_and_intercept_are_those_of_statsmodels(seed: int) -> None:
    truth, score = drawn(300, 0.7, 0.4, seed)
    own = calibration(truth, score)
    logit = np.log(score / (1 - score))
    fit = fitted(truth, np.ones(len(truth)), logit)
    assert own["slope"] == pytest.approx(fit.params[1], abs=1e-6)
    assert own["slope_ci"] == pytest.approx(fit.conf_int()[1].tolist(), abs=1e-4)
    alone = fitted(truth, np.ones(300), offset=logit)
    assert own["intercept"] == pytest.approx(alone.params[0], abs=1e-6)
    assert own["intercept_ci"] == pytest.approx(alone.conf_int()[0].tolist(), abs=1e-4)


def test_very_many_rows_lose_nothing_to_the_grid() -> None:
    truth, score = drawn(200_000, 0.7, 0.4)
    own = calibration(truth, score)
    logit = np.log(score / (1 - score))
    fit = fitted(truth, np.ones(len(truth)), logit)
    assert own["slope"] == pytest.approx(fit.params[1], abs=1e-4)


def test_what_the_interval_says_of_calibrated_scores_is_right() -> None:
    hits = [0, 0]
    for seed in range(300):
        own = calibration(*drawn(200, seed=seed))
        assert own["slope_ci"] is not None
        assert own["intercept_ci"] is not None
        hits[0] += own["slope_ci"][0] <= 1 <= own["slope_ci"][1]
        hits[1] += own["intercept_ci"][0] <= 0 <= own["intercept_ci"][1]
    assert all(0.92 * 300 <= count <= 0.985 * 300 for count in hits)


def test_the_expected_error_is_that_of_calibrated_scores() -> None:
    errors = [calibration(*drawn(500, seed=seed))["ece"] for seed in range(60)]
    assert expected_error(drawn(500)[1]) == pytest.approx(float(np.mean(errors)), rel=0.1)
    _, score = drawn(80_000)
    small, large = expected_error(score[:20_000]), expected_error(score)
    assert large == pytest.approx(small / 2, rel=0.05)


@pytest.mark.parametrize("score", [np.zeros(20), np.ones(20), np.full(20, 0.3), np.linspace(0, 1, 20)])
def test_hopeless_scores_break_nothing(score: np.ndarray) -> None:  # type: ignore[type-arg]
    truth = (np.arange(20) >= 10).astype(np.int64)  # separated by the last of them
    own = calibration(truth, score)
    assert sum(part["n"] for part in own["bins"]) == 20
    assert own["slope"] is None or np.isfinite(own["slope"])


def test_bins_hold_their_rows_with_wilsons_interval() -> None:
    truth = np.array([0] * 8 + [1] * 2 + [1] * 10, np.int64)
    own = calibration(truth, np.repeat([0.2, 0.9], 10))
    assert [part["n"] for part in own["bins"]] == [10, 10]
    assert [part["share"] for part in own["bins"]] == [0.2, 1.0]
    assert own["bins"][0]["ci_low"] == pytest.approx(0.0566822)
    assert own["ece"] == pytest.approx(0.05)


def test_copies_and_weights_make_slope_and_intercept_no_surer() -> None:
    truth, score = drawn(1_000, seed=3)
    plain, rows = calibration(truth, score), calibration(truth, score, np.ones(1_000))
    copies = calibration(np.repeat(truth, 10), np.repeat(score, 10), clusters=np.repeat(np.arange(1_000), 10))
    heavy = calibration(truth, score, np.r_[np.full(500, 20.0), np.ones(500)])
    for name in ("slope_ci", "intercept_ci"):
        assert copies[name] == pytest.approx(rows[name])  # type: ignore[literal-required]
        widths = [np.ptp(own[name]) for own in (plain, rows, heavy)]  # type: ignore[literal-required]
        assert widths[1] == pytest.approx(widths[0], rel=0.15)
        assert widths[2] > 1.2 * widths[0]
    assert calibration(truth, score, clusters=np.zeros(1_000, int))["slope"] is None
