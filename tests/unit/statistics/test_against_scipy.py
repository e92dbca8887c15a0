"""Our own statistics against scipy's where it has the same under other conditions."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from examples import rng
from model_evaluation.runtime.statistics import intervals, permutation
from model_evaluation.runtime.statistics.counts import distinct_counts
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.statistics.strength import davidson_strength


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 7), (3, 7), (81, 263), (999, 1000)])
def test_wilson_interval(k: int, n: int) -> None:
    expected = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    assert wilson_interval(k / n, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.lists(st.sampled_from([-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]), min_size=2, max_size=12))
def test_exact_sign_flip_test(differences: list[float]) -> None:
    found = permutation.sign_flip_test(np.array(differences), rng=rng()).exact
    test = scipy.stats.permutation_test(
        (differences, [0.0] * len(differences)),
        lambda x, y, axis: np.mean(x - y, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    )
    assert found == pytest.approx(min(1.0, test.pvalue), rel=1e-9)


def test_student_interval() -> None:
    levels = (0.0, 0.25, 0.5, 0.75, 1.0)
    differences = np.array([levels[i % 5] - levels[(i * 3 + 1) % 5] for i in range(24)])
    expected = scipy.stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    found = intervals.student_interval(*distinct_counts(differences))
    assert found[1:3] == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("n", [40, 120])
def test_ends_of_bca_on_the_same_resamples(n: int) -> None:
    differences = rng(3).choice([-0.5, -0.25, 0, 0.25, 0.5, 0.75], size=n, p=[0.05, 0.1, 0.4, 0.25, 0.15, 0.05])
    differences += rng(4).normal(0, 0.01, n)  # no ties
    values, counts = distinct_counts(differences)
    theirs = scipy.stats.bootstrap((differences,), np.mean, n_resamples=2_000, rng=rng(5), method="BCa")
    normal = scipy.stats.norm.ppf(0.975)
    tails = intervals.bca_probabilities(values, counts, theirs.bootstrap_distribution, normal)
    found = np.quantile(theirs.bootstrap_distribution, tails)
    assert tuple(found) == pytest.approx(tuple(theirs.confidence_interval), abs=1e-9)


@pytest.mark.parametrize("counts", [(30, 20, 10), (3, 0, 5), (40, 100, 41)])
def test_no_other_strengths_are_more_likely(counts: tuple[int, int, int]) -> None:
    found = davidson_strength(*counts)
    assert found is not None

    def negative_log_likelihood(at: np.ndarray) -> float:
        p, v = 1 / (1 + math.exp(-at[0])), at[1] ** 2
        shares = np.array([p, v * math.sqrt(p * (1 - p)), 1 - p])
        return -float(np.array(counts) @ np.log(np.maximum(shares / shares.sum(), 1e-300)))

    best = scipy.optimize.minimize(negative_log_likelihood, [0.1, 0.9], method="Nelder-Mead", options={"xatol": 1e-9})
    ours = negative_log_likelihood(np.array([found["log_ratio"], math.sqrt(found["tie_parameter"])]))
    assert ours <= best.fun + 1e-9
