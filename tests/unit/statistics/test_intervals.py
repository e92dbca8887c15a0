"""Intervals of a paired difference: by hand, against published examples, and their symmetries."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from examples import rng
from model_evaluation.runtime.statistics import intervals, permutation
from model_evaluation.runtime.statistics.counts import Floats, distinct_counts
from model_evaluation.runtime.statistics.intervals import Interval

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
few_valued = st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=2, max_size=80)


def paired(both: int, only_tuned: int, only_base: int, neither: int) -> tuple[Floats, Floats]:
    """Yes/no scores with these four counts."""
    tuned = [1.0] * (both + only_tuned) + [0.0] * (only_base + neither)
    base = [1.0] * both + [0.0] * only_tuned + [1.0] * only_base + [0.0] * neither
    return np.array(tuned), np.array(base)


def interval(pairs: list[tuple[float, float]], limits: tuple[float, float] | None = (0.0, 1.0)) -> Interval:
    scores = np.array(pairs, float).reshape(-1, 2)
    return intervals.paired_interval(scores[:, 0], scores[:, 1], rng=rng(), limits=limits)


class TestNewcombe:
    @pytest.mark.parametrize(
        ("cells", "low", "high"),
        [
            ((20, 12, 2, 16), 0.0562, 0.3292),  # Newcombe (1998), Statistics in Medicine 17:2635, method 10
            ((1, 1, 7, 12), -0.507, -0.026),  # Bentur et al. in Fagerland, Lydersen and Laake (2014)
        ],
    )
    def test_published_examples(self, cells: tuple[int, int, int, int], low: float, high: float) -> None:
        found = intervals.newcombe_interval(*paired(*cells))
        assert found.mean == pytest.approx((cells[1] - cells[2]) / sum(cells))
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)

    def test_all_alike_still_has_width(self) -> None:
        # No discordant pair, p = 1 for both, phi = 0: both ends are 1 - Wilson's lower bound of n of n,
        # z^2 / (n + z^2) = 3.841459 / 63.841459 = 0.060172
        found = intervals.newcombe_interval(*paired(60, 0, 0, 0))
        assert (found.mean, found.low, found.high) == pytest.approx((0, -0.060172, 0.060172), abs=1e-6)

    def test_scaled_to_its_limits(self) -> None:
        tuned, base = paired(5, 4, 1, 10)
        plain = intervals.newcombe_interval(tuned, base)
        scaled = intervals.newcombe_interval(1 + 3 * tuned, 1 + 3 * base, limits=(1, 4))
        assert [3 * v for v in plain[:3]] == pytest.approx(scaled[:3])  # type: ignore[operator]


class TestPairedInterval:
    def test_nothing_to_say_of_no_row_and_one_row(self) -> None:
        assert interval([])[:3] == (None, None, None)
        assert interval([(1.0, 0.5)])[:3] == (0.5, None, None)

    def test_two_rows_are_student_with_one_degree_of_freedom(self) -> None:
        # differences 0.5 and 0.25: mean 0.375, standard error 0.125, t(0.975, 1) = 12.7062
        found = interval([(1.0, 0.5), (0.5, 0.25)], limits=None)
        assert found[:3] == pytest.approx((0.375, 0.375 - 12.7062 * 0.125, 0.375 + 12.7062 * 0.125), abs=1e-4)

    def test_no_bound_is_beyond_the_scale(self) -> None:
        found = interval([(1.0, 0.5), (0.5, 0.25)], limits=(0.0, 1.0))
        assert found[:3] == (0.375, -1.0, 1.0)

    @pytest.mark.parametrize("n", [2, 3, 29, 30, 200])
    def test_equal_differences_claim_nothing_from_few_rows(self, n: int) -> None:
        found = interval([(0.75, 0.5)] * n)
        # q = 1 - 0.025^(1/n); ends 0.25 - q * 1.25 and 0.25 + q * 0.75
        q = 1 - 0.025 ** (1 / n)
        assert found[:3] == pytest.approx((0.25, 0.25 - 1.25 * q, 0.25 + 0.75 * q))
        assert found.low is not None
        assert (found.low > 0) == (n >= 29)
        assert interval([(0.75, 0.5)] * n, limits=None)[1:3] == (None, None)

    def test_method_follows_the_data(self) -> None:
        levels = [(LEVELS[i % 5], LEVELS[(i * 3 + 1) % 5]) for i in range(100)]
        assert interval(levels[:5]).method == "Student t"
        assert interval(levels[:12]).method == "sign-flip inversion, exact"
        assert interval(levels[:99]).method == "sign-flip inversion, 10,000 patterns"
        assert interval(levels).method == "BCa bootstrap, 10,000 resamples"
        assert interval([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]).method == "Newcombe paired"
        assert interval([(1.0, 0.0)] * 3, limits=(0, 3)).method == "bound for equal differences"
        assert interval([(0.5, 0.5)] * 58 + [(1.0, 0.5)] * 2).method.endswith("widened: few rows differ")

    @given(few_valued, st.sampled_from([None, (0.0, 1.0)]))
    def test_swapping_the_models_mirrors_the_interval(
        self, pairs: list[tuple[float, float]], limits: tuple[float, float] | None
    ) -> None:
        found, swapped = interval(pairs, limits), interval([(b, a) for a, b in pairs], limits)
        assert found.mean == pytest.approx(-swapped.mean if swapped.mean is not None else None)
        if found.low is None:
            assert swapped.high is None
        else:
            assert swapped.low is not None
            assert swapped.high is not None
            assert (found.low, found.high) == pytest.approx((-swapped.high, -swapped.low), abs=1e-9)

    @given(few_valued, st.randoms())
    def test_order_of_rows_does_not_matter(self, pairs: list[tuple[float, float]], random: object) -> None:
        shuffled = pairs.copy()
        random.shuffle(shuffled)  # type: ignore[attr-defined]
        assert interval(pairs)[1:3] == pytest.approx(interval(shuffled)[1:3], abs=1e-12)

    @given(few_valued)
    def test_interval_holds_the_mean(self, pairs: list[tuple[float, float]]) -> None:
        found = interval(pairs)
        assert found.mean is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low <= found.mean + 1e-12
        assert found.high >= found.mean - 1e-12

    def test_continuous_scores_in_any_number(self) -> None:
        scores = rng(2).random((5_000, 2))
        found = intervals.paired_interval(scores[:, 0], scores[:, 1], rng=rng(), limits=(0, 1))
        assert found.method == "Student t"


class TestSignFlipInterval:
    @staticmethod
    def accepted(differences: np.ndarray, theta: float) -> float:
        """One-sided mid-p-value of "the mean is theta", by all 2^n patterns of signs."""
        shifted = differences - theta
        signs = np.indices([2] * len(shifted)).reshape(len(shifted), -1).T * 2 - 1
        sums, observed = signs @ shifted, shifted.sum()
        return float(np.mean(sums > observed + 1e-9) + np.mean(np.abs(sums - observed) <= 1e-9) / 2)

    def test_ends_are_the_differences_a_test_just_rejects(self) -> None:
        differences = rng(6).normal(0.1, 0.3, 10)  # continuous: no two subsets have the same mean
        found = intervals.sign_flip_interval(*distinct_counts(differences), rng=rng())
        assert found.low is not None
        assert found.high is not None
        step = 1 / 2**10  # the p-value moves in such steps, so that is how exactly an end can be hit
        assert self.accepted(differences, found.low) == pytest.approx(0.025, abs=step)
        assert self.accepted(differences, found.high) == pytest.approx(0.975, abs=step)

    def test_worked_by_hand(self) -> None:
        # Two of 0 and four of 1. Subsets with mean 0: 3 of 64; with mean 1: 15; the empty one: 1. The smallest mean,
        # 0, has mid-distribution (1/2 + 3/2)/64 = 1/32 > 0.025: the interval begins at 0. From above: (1/2 + 15/2)/64.
        found = intervals.sign_flip_interval(np.array([0.0, 1.0]), np.array([2, 4]), rng=rng())
        assert found[:3] == pytest.approx((4 / 6, 0.0, 1.0))
        # Six of 0 and six of 1: at mean 0 it is (1/2 + 63/2)/4096 = 1/128, the next mean is 1/7 (one 1, six 0: 6 of
        # 4096), where it is (1/2 + 63 + 3)/4096 = 0.016235, then 1/6 (one 1, five 0: 36): (1/2 + 69 + 18)/4096 =
        # 0.021362, then 1/5 (90): (1/2 + 105 + 45)/4096 = 0.036743. Linear between 1/6 and 1/5 at 0.025: 0.174551
        found = intervals.sign_flip_interval(np.array([0.0, 1.0]), np.array([6, 6]), rng=rng())
        assert found[:3] == pytest.approx((0.5, 0.174551, 1 - 0.174551), abs=1e-5)

    @given(st.lists(st.sampled_from([-0.5, -0.25, 0.0, 0.25, 0.5, 0.75]), min_size=6, max_size=14))
    def test_agrees_with_the_test_of_no_difference(self, differences: list[float]) -> None:
        values, counts = distinct_counts(np.array([*differences, 0.0, 0.25]))  # two distinct values at least
        found = intervals.sign_flip_interval(values, counts, rng=rng())
        test = permutation.sign_flip_test(np.repeat(values, counts), rng=rng())
        assert found.low is not None
        assert found.high is not None
        assert test.mid is not None
        if abs(test.mid - 0.05) > 1e-9:
            assert (found.low > 0 or found.high < 0) == (test.mid < 0.05)

    def test_drawn_patterns_are_near_all_of_them(self) -> None:
        values, counts = distinct_counts(rng(2).choice([-0.5, -0.25, 0, 0.25, 0.5], 26, p=[0.1, 0.2, 0.3, 0.2, 0.2]))
        exact = intervals.sign_flip_interval(values, counts, rng=rng())
        assert exact.method.endswith("exact")
        spread = values + np.arange(len(values)) * 1e-9
        many = np.repeat(spread, counts) + np.arange(26) * 1e-7  # as good as equal, but 26 distinct values
        drawn = intervals.sign_flip_interval(*distinct_counts(many), rng=rng(), resamples=40_000)
        assert drawn.method.endswith("40,000 patterns")
        assert drawn[1:3] == pytest.approx(exact[1:3], abs=0.006)


class TestBootstrap:
    VALUES, CHANCES = [-0.5, -0.25, 0, 0.25, 0.5, 0.75], [0.05, 0.1, 0.4, 0.25, 0.15, 0.05]

    @pytest.mark.parametrize("n", [60, 120])
    def test_counts_and_records_are_resampled_alike(self, n: int) -> None:
        # Rows drawn again: the same distribution, up to Monte Carlo noise, so the same ends with our wider quantile
        differences = rng(3).choice(self.VALUES, size=n, p=self.CHANCES)
        values, counts = distinct_counts(differences)
        found = intervals.bootstrap_interval(values, counts, rng=rng(), resamples=40_000)
        rows = rng(4).choice(differences, (40_000, n)).mean(axis=1)
        wide = scipy.stats.t.ppf(0.975, n - 1) * math.sqrt(n / (n - 1))
        expected = np.quantile(rows, intervals.bca_probabilities(values, counts, rows, wide))
        assert found[1:3] == pytest.approx(tuple(expected), abs=0.004)

    def test_acceleration_by_hand(self) -> None:
        # Values 0, 0, 0, 1: mean 1/4, second moment 3/4, third 3/8: a = 3/8 / (6 * 0.649519) = 0.096225. Half the
        # means below: no bias, z / (1 - a z) = 1.96 / (1 - 0.188601) = 2.41558 and -1.96 / 1.188601 = -1.64900.
        tails = intervals.bca_probabilities(np.array([0.0, 1.0]), np.array([3, 1]), np.array([0.0, 0.5]), 1.96)
        assert tails == pytest.approx(tuple(map(NormalDist().cdf, (-1.64900, 2.41558))), abs=1e-6)


class TestSparse:
    def test_worked_by_hand(self) -> None:
        # 100 rows, 4 gains of 0.5, 9 losses of 0.25; Wilson 4/100: 0.015664 to 0.098371, 9/100: 0.048075 to 0.162260.
        # mean -0.0025; below: hypot((0.04 - 0.015664) * 0.5, (0.162260 - 0.09) * 0.25) = hypot(0.012168, 0.018065)
        # above: hypot((0.098371 - 0.04) * 0.5, (0.09 - 0.048075) * 0.25) = hypot(0.029186, 0.010481)
        found = intervals.sparse_interval(np.array([-0.25, 0.0, 0.5]), np.array([9, 87, 4]))
        assert found == pytest.approx((-0.0025 - 0.021781, -0.0025 + 0.031011), abs=2e-6)

    def test_a_loss_never_seen_may_be_half_the_scale(self) -> None:
        # 12 rows, 6 gains of 0.25. Wilson 6/12: 0.253781; 0/12: 3.841459 / 15.841459 = 0.242494, times 0.5 = 0.121247
        # below: hypot((0.5 - 0.253781) * 0.25, 0.121247) = 0.135976
        low, _ = intervals.sparse_interval(np.array([0.0, 0.25]), np.array([6, 6]), limits=(0.0, 1.0))
        assert low == pytest.approx(0.125 - 0.135976, abs=2e-6)
        # 45 rows: 30 / 45 of that. Wilson 6/45: 0.062572; 0/45: 0.078652, a third 0.026217: hypot(0.017690, 0.026217)
        low, _ = intervals.sparse_interval(np.array([0.0, 0.25]), np.array([39, 6]), limits=(0.0, 1.0))
        assert low == pytest.approx(6 / 45 * 0.25 - 0.031627, abs=2e-6)
        # without a scale it is as large as the gains: hypot(0.061555, 0.060624) = 0.086395
        low, _ = intervals.sparse_interval(np.array([0.0, 0.25]), np.array([6, 6]))
        assert low == pytest.approx(0.125 - 0.086395, abs=2e-6)


class TestClusters:
    def test_values_by_hand(self) -> None:
        # clusters (1, 0) and (0.5): sums 1 and 0.5, sizes 2 and 1, mean 0.5, G / n = 2/3:
        # 0.5 + 2/3 * (1 - 1) and 0.5 + 2/3 * (0.5 - 0.5)
        values = intervals.cluster_values(np.array([1.0, 0.0, 0.5]), np.array([7, 7, 3]))
        assert values.tolist() == pytest.approx([0.5, 0.5])
        # sizes alike: the clusters' means
        assert intervals.cluster_values(
            np.array([1.0, 0.0, 0.5, 0.25]), np.array([1, 1, 2, 2])
        ).tolist() == pytest.approx([0.5, 0.375])

    @given(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(0, 9)), min_size=1, max_size=60))
    def test_mean_is_kept(self, rows: list[tuple[float, int]]) -> None:
        differences, clusters = (np.array(column) for column in zip(*rows, strict=True))
        assert intervals.cluster_values(differences, clusters).mean() == pytest.approx(differences.mean())

    def test_each_record_its_own_cluster_changes_nothing(self) -> None:
        scores = rng(3).choice(LEVELS, (2, 80))
        plain = intervals.paired_interval(scores[0], scores[1], rng=rng(), limits=(0, 1))
        alone = intervals.paired_interval(scores[0], scores[1], rng=rng(), limits=(0, 1), clusters=np.arange(80))
        assert plain == alone

    def test_copies_of_a_record_add_nothing(self) -> None:
        """Ten records, each four times, in clusters: the interval is that of ten records."""
        scores = rng(4).choice(LEVELS, (2, 10))
        ten = intervals.paired_interval(scores[0], scores[1], rng=rng())
        copies = np.repeat(scores, 4, axis=1)
        forty = intervals.paired_interval(copies[0], copies[1], rng=rng(), clusters=np.arange(40) // 4)
        assert forty[:3] == pytest.approx(ten[:3])
        assert forty.method == "sign-flip inversion, exact over 10 clusters"

    def test_spread_of_unequal_clusters_by_hand(self) -> None:
        # Shares 3/4 and 1/4, mean 3/4; off by 3/16 and -3/16; variance 9/256 * (1 / (1/4) + 1 / (3/4)) = 3/16;
        # degrees (9/16 + 1/16)^2 / (81/256 + 1/256) = 1.22, at most 1
        spread = intervals.cluster_spread(np.array([1.0, 1.0, 1.0, 0.0]), np.array([5, 5, 5, 2]))
        assert spread == pytest.approx((0.75 / math.sqrt(3), 1, 2))
        # Clusters of one size: the standard error of their means, 1, 0.5 and 0
        equal = intervals.cluster_spread(np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0]), np.arange(6) // 2)
        assert equal == pytest.approx((0.5 / math.sqrt(3), 2, 3))

    def test_one_cluster_has_no_interval(self) -> None:
        found = intervals.paired_interval(
            np.array([1.0, 0.5]), np.array([0.5, 0.5]), rng=rng(), clusters=np.zeros(2, int)
        )
        assert found[:3] == (0.25, None, None)
