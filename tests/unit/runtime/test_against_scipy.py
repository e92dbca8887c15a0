"""Our statistics against scipy's, which the notebook does without. One file, so that one process imports it."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy
from hypothesis import given
from hypothesis import strategies as st

from examples import rng
from model_evaluation.runtime.statistics import common as stats
from model_evaluation.runtime.statistics import intervals, permutation
from model_evaluation.runtime.statistics.association import length_effect
from model_evaluation.runtime.statistics.strength import davidson_strength


@pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 29, 500, 501, 10**6])
def test_student_quantiles(df: int) -> None:
    for p in (0.6, 0.9, 0.95, 0.975, 0.995, 0.9995):
        assert stats.student_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-10)


def test_normal_quantile() -> None:
    assert stats.normal_quantile(0.975) == pytest.approx(scipy.stats.norm.ppf(0.975), abs=1e-12)


@pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 7), (3, 7), (81, 263), (999, 1000)])
def test_wilson_interval(k: int, n: int) -> None:
    expected = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
    assert stats.wilson_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_benjamini_hochberg(p_values: list[float]) -> None:
    assert stats.benjamini_hochberg(p_values) == pytest.approx(
        scipy.stats.false_discovery_control(p_values).tolist(), rel=1e-9
    )


@given(
    st.lists(st.tuples(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5]), st.integers(-40, 40)), min_size=2, max_size=60)
)
def test_spearman(rows: list[tuple[float, int]]) -> None:
    x, y = (np.array(column, float) for column in zip(*rows, strict=True))
    found = length_effect(x, y)
    assert found is not None
    if len(set(x)) == 1 or len(set(y)) == 1:
        assert found["spearman"] is None
    else:
        assert found["spearman"] == pytest.approx(scipy.stats.spearmanr(x, y).statistic, abs=1e-9)


@pytest.mark.parametrize(
    ("wins", "losses"), [(0, 0), (1, 0), (5, 5), (12, 2), (0, 6), (300, 250), (2000, 1), (501_000, 500_000)]
)
def test_mcnemar_is_the_binomial_test_of_the_discordant_pairs(wins: int, losses: int) -> None:
    expected = scipy.stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
    assert permutation.mcnemar_p_value(wins, losses) == pytest.approx(expected, rel=1e-8, abs=1e-300)


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
    found = intervals.student_interval(*stats.distinct_counts(differences))
    assert found[1:3] == pytest.approx((expected.low, expected.high), abs=1e-9)


@pytest.mark.parametrize("n", [40, 120])
def test_ends_of_bca_on_the_same_resamples(n: int) -> None:
    differences = rng(3).choice([-0.5, -0.25, 0, 0.25, 0.5, 0.75], size=n, p=[0.05, 0.1, 0.4, 0.25, 0.15, 0.05])
    differences += rng(4).normal(0, 0.01, n)  # no ties
    values, counts = stats.distinct_counts(differences)
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
