"""Every statistic against a number worked out by hand, a published example, or scipy."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.kernel import stats
from proof.simulate_coverage import DESIGNS, simulate

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)
few_valued = st.lists(st.tuples(st.sampled_from(LEVELS), st.sampled_from(LEVELS)), min_size=2, max_size=80)


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def paired(both: int, only_tuned: int, only_base: int, neither: int) -> tuple[stats.Floats, stats.Floats]:
    """Yes/no scores with these four counts."""
    tuned = [1.0] * (both + only_tuned) + [0.0] * (only_base + neither)
    base = [1.0] * both + [0.0] * only_tuned + [1.0] * only_base + [0.0] * neither
    return np.array(tuned), np.array(base)


def interval(pairs: list[tuple[float, float]], limits: tuple[float, float] | None = (0.0, 1.0)) -> stats.Interval:
    scores = np.array(pairs, float).reshape(-1, 2)
    return stats.paired_interval(scores[:, 0], scores[:, 1], rng=rng(), limits=limits)


class TestQuantiles:
    @pytest.mark.parametrize("df", [1, 2, 3, 4, 5, 9, 29, 100, 10**6])
    @pytest.mark.parametrize("p", [0.6, 0.9, 0.95, 0.975, 0.995, 0.9995])
    def test_student_agrees_with_scipy(self, df: int, p: float) -> None:
        assert stats.student_quantile(p, df) == pytest.approx(scipy.stats.t.ppf(p, df), rel=1e-5)

    def test_normal(self) -> None:
        assert stats.normal_quantile(0.975) == pytest.approx(scipy.stats.norm.ppf(0.975), abs=1e-12)


class TestWilson:
    def test_worked_by_hand(self) -> None:
        # 8 of 10 with z = 1.959964, z^2 = 3.841459: centre (0.8 + 0.192073) / 1.384146 = 0.716740,
        # half 1.959964 / 1.384146 * sqrt(0.016 + 0.009604) = 0.226576
        assert stats.wilson_interval(8, 10) == pytest.approx((0.490164, 0.943316), abs=2e-6)

    @pytest.mark.parametrize(("k", "n"), [(0, 1), (1, 1), (0, 7), (3, 7), (81, 263), (999, 1000)])
    def test_agrees_with_scipy(self, k: int, n: int) -> None:
        expected = scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        assert stats.wilson_interval(k, n) == pytest.approx((expected.low, expected.high), abs=1e-9)

    def test_nothing_tried(self) -> None:
        assert stats.wilson_interval(0, 0) is None


class TestNewcombe:
    @pytest.mark.parametrize(
        ("cells", "low", "high"),
        [
            ((20, 12, 2, 16), 0.0562, 0.3292),  # Newcombe (1998), Statistics in Medicine 17:2635, method 10
            ((1, 1, 7, 12), -0.507, -0.026),  # Bentur et al. in Fagerland, Lydersen and Laake (2014)
        ],
    )
    def test_published_examples(self, cells: tuple[int, int, int, int], low: float, high: float) -> None:
        found = stats.newcombe_interval(*paired(*cells))
        assert found.mean == pytest.approx((cells[1] - cells[2]) / sum(cells))
        assert (found.low, found.high) == pytest.approx((low, high), abs=5e-4)

    def test_all_alike_still_has_width(self) -> None:
        # No discordant pair, p = 1 for both, phi = 0: both ends are 1 - Wilson's lower bound of n of n,
        # z^2 / (n + z^2) = 3.841459 / 63.841459 = 0.060172
        found = stats.newcombe_interval(*paired(60, 0, 0, 0))
        assert (found.mean, found.low, found.high) == pytest.approx((0, -0.060172, 0.060172), abs=1e-6)

    def test_scaled_to_its_limits(self) -> None:
        tuned, base = paired(5, 4, 1, 10)
        plain = stats.newcombe_interval(tuned, base)
        scaled = stats.newcombe_interval(1 + 3 * tuned, 1 + 3 * base, limits=(1, 4))
        assert [3 * v for v in plain[:3]] == pytest.approx(scaled[:3])  # type: ignore[operator]


class TestMcNemar:
    @pytest.mark.parametrize(
        ("wins", "losses"), [(0, 0), (1, 0), (5, 5), (12, 2), (0, 6), (300, 250), (2000, 1), (501_000, 500_000)]
    )
    def test_is_the_binomial_test_of_the_discordant_pairs(self, wins: int, losses: int) -> None:
        expected = scipy.stats.binomtest(wins, wins + losses).pvalue if wins + losses else 1.0
        assert stats.mcnemar_p_value(wins, losses) == pytest.approx(expected, rel=1e-8, abs=1e-300)

    def test_by_hand(self) -> None:
        # 5 wins, 1 loss: 2 * (C(6,0) + C(6,1)) / 2^6 = 14/64
        assert stats.mcnemar_p_value(5, 1) == pytest.approx(14 / 64)


class TestSignFlip:
    @pytest.mark.parametrize(
        ("differences", "p_value"),
        [
            ([], None),
            ([0.0], 1.0),
            ([0.5], 1.0),  # one row: both signs give a mean as far from zero
            ([0.5, 0.25], 0.5),  # ++ and -- of four patterns
            ([0.25, 0.25, 0.25], 0.25),  # 2 of 8
            ([0.0, 0.0, 0.0], 1.0),
            ([0.5, 0.25, -0.25], 0.75),  # |sum| >= 0.5: +++ ++- +-+ and their mirrors, 6 of 8
            ([0.1, 0.2, 0.3, 0.4], 2 / 16),
        ],
    )
    def test_exact_by_hand(self, differences: list[float], p_value: float | None) -> None:
        assert stats.sign_flip_p_value(np.array(differences), rng=rng()) == p_value

    @given(st.lists(st.sampled_from([-1, -0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1]), min_size=2, max_size=12))
    def test_exact_agrees_with_scipy(self, differences: list[float]) -> None:
        found = stats.sign_flip_p_value(np.array(differences), rng=rng())
        test = scipy.stats.permutation_test(
            (differences, [0.0] * len(differences)),
            lambda x, y, axis: np.mean(x - y, axis=axis),
            permutation_type="samples",
            vectorized=True,
            n_resamples=np.inf,
        )
        assert found == pytest.approx(min(1.0, test.pvalue), rel=1e-9)

    def test_monte_carlo_is_near_the_exact_value(self) -> None:
        values = np.array([0.25] * 9 + [0.5] * 5 + [-0.25] * 5 + [-0.5] * 1)
        # All 2^20 patterns, by the number of + signs among the fourteen quarters and the six halves.
        quarters, halves = 14, 6
        total = abs(values.sum())
        exact = sum(
            math.comb(quarters, a) * math.comb(halves, b)
            for a in range(quarters + 1)
            for b in range(halves + 1)
            if abs(0.25 * (2 * a - quarters) + 0.5 * (2 * b - halves)) >= total - 1e-9
        ) / 2 ** (quarters + halves)
        found = stats.sign_flip_p_value(values, rng=rng(), resamples=200_000)
        assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 200_000))

    def test_monte_carlo_never_says_zero(self) -> None:
        values = np.tile([0.25, 0.5], 500)
        assert stats.sign_flip_p_value(values, rng=rng(), resamples=999) == 1 / 1000

    def test_many_sizes_use_the_normal_limit(self) -> None:
        values = rng(5).normal(0.05, 1, 2_000)
        z = abs(values.sum()) / math.sqrt((values**2).sum())
        assert stats.sign_flip_p_value(values, rng=rng()) == pytest.approx(2 * scipy.stats.norm.sf(z), rel=1e-6)

    def test_rounding_in_the_last_digit_is_no_difference(self) -> None:
        # 0.3 - 0.2 and 0.2 - 0.1 differ in their last bits; they are one size, so McNemar's test applies.
        values = np.array([0.3 - 0.2, 0.2 - 0.1, 0.1 - 0.0, 0.1 - 0.2])
        assert stats.sign_flip_p_value(values, rng=rng()) == stats.mcnemar_p_value(3, 1)


class TestCounting:
    @given(st.lists(st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.30000000000000004, 0.3]), min_size=1))
    def test_counts_what_is_equal_to_twelve_decimals(self, values: list[float]) -> None:
        found, counts = stats.distinct_counts(np.array(values))
        assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == {
            v: sum(abs(v - w) < 1e-12 for w in values) for v in {round(w, 12) + 0.0 for w in values}
        }
        assert found.tolist() == sorted(found.tolist())

    def test_late_rare_values_are_not_missed(self) -> None:
        values = np.r_[np.zeros(50_000), 0.5]
        found, counts = stats.distinct_counts(values)
        assert (found.tolist(), counts.tolist()) == ([0.0, 0.5], [50_000, 1])


class TestPairedInterval:
    def test_nothing_to_say_of_no_row_and_one_row(self) -> None:
        assert interval([])[:3] == (None, None, None)
        assert interval([(1.0, 0.5)])[:3] == (0.5, None, None)

    def test_two_rows_are_student_with_one_degree_of_freedom(self) -> None:
        # differences 0.5 and 0.25: mean 0.375, standard error 0.125, t(0.975, 1) = 12.7062
        found = interval([(1.0, 0.5), (0.5, 0.25)])
        assert found[:3] == pytest.approx((0.375, 0.375 - 12.7062 * 0.125, 0.375 + 12.7062 * 0.125), abs=1e-4)

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
        levels = [(LEVELS[i % 5], LEVELS[(i * 3 + 1) % 5]) for i in range(60)]
        assert interval(levels[:20]).method == "Student t"
        assert interval(levels).method == "bootstrap, 10,000 resamples"
        assert interval([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]).method == "Newcombe paired"
        assert interval([(1.0, 0.0)] * 3, limits=(0, 3)).method == "bound for equal differences"
        assert interval([(0.5, 0.5)] * 58 + [(1.0, 0.5)] * 2).method.endswith("widened: few rows differ")

    def test_student_agrees_with_scipy(self) -> None:
        pairs = [(LEVELS[i % 5], LEVELS[(i * 3 + 1) % 5]) for i in range(24)]
        differences = np.array([a - b for a, b in pairs])
        expected = scipy.stats.ttest_1samp(differences, 0).confidence_interval(0.95)
        assert interval(pairs)[1:3] == pytest.approx((expected.low, expected.high), abs=1e-6)

    def test_bootstrap_agrees_with_scipys_row_bootstrap(self) -> None:
        # Same distribution of the resampled mean, up to Monte Carlo noise; percentiles expanded by hand.
        differences = rng(3).choice([-0.5, -0.25, 0, 0.25, 0.5, 0.75], size=120, p=[0.05, 0.1, 0.4, 0.25, 0.15, 0.05])
        values, counts = stats.distinct_counts(differences)
        found = stats.bootstrap_interval(values, counts, rng=rng(), resamples=100_000)
        rows = scipy.stats.bootstrap((differences,), np.mean, n_resamples=50_000, batch=1_000, rng=rng(4))
        tail = scipy.stats.norm.cdf(-scipy.stats.t.ppf(0.975, 119) * math.sqrt(120 / 119))
        expected = np.quantile(rows.bootstrap_distribution, [tail, 1 - tail])
        assert found[1:3] == pytest.approx(tuple(expected), abs=0.004)

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
        found = stats.paired_interval(scores[:, 0], scores[:, 1], rng=rng(), limits=(0, 1))
        assert found.method == "Student t"

    @pytest.mark.parametrize(
        "design", [d for d in DESIGNS if not d.hard and d.n <= 100], ids=lambda d: f"{d.name}-{d.n}"
    )
    def test_coverage_quickly(self, design: object) -> None:
        # 250 evaluations: three standard errors of 93% are 4.8 points; tests/proof does it with 2,000.
        outcome = simulate(design, 250, resamples=1_000)  # type: ignore[arg-type]
        assert outcome.coverage > 0.93 - 0.048


class TestMultiplicity:
    def test_holm_by_hand(self) -> None:
        # sorted 0.01 0.02 0.04 0.5: times 4, 3, 2, 1 = 0.04 0.06 0.08 0.5
        assert stats.holm([0.04, 0.01, None, 0.5, 0.02]) == pytest.approx([0.08, 0.04, None, 0.5, 0.06])

    def test_holm_is_monotone_and_capped(self) -> None:
        # sorted 0.03 0.031 0.9: 0.09, then max(0.09, 0.062), then 0.9
        assert stats.holm([0.03, 0.031, 0.9]) == pytest.approx([0.09, 0.09, 0.9])
        assert stats.holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
        assert stats.holm([]) == []
        assert stats.holm([None]) == [None]

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
    def test_benjamini_hochberg_agrees_with_scipy(self, p_values: list[float]) -> None:
        assert stats.benjamini_hochberg(p_values) == pytest.approx(
            scipy.stats.false_discovery_control(p_values).tolist(), rel=1e-9
        )

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
    def test_corrections_only_raise(self, p_values: list[float]) -> None:
        for raised in (stats.holm(p_values), stats.benjamini_hochberg(p_values)):
            assert all(new is not None and new >= old - 1e-12 for new, old in zip(raised, p_values, strict=True))


class TestPlanning:
    def test_detectable_difference_by_hand(self) -> None:
        # (1.959964 + 0.841621) * 0.3 / sqrt(100) = 0.0840476
        assert stats.detectable_difference(0.3, 100) == pytest.approx(0.0840476, abs=1e-7)
        assert stats.detectable_difference(0.3, 1) is None

    def test_rows_needed_is_its_inverse(self) -> None:
        # (2.801585 * 0.3 / 0.05)^2 = 282.6
        assert stats.rows_needed(0.3, 0.05) == 283
        assert stats.rows_needed(0.3, -0.05) == 283
        assert stats.rows_needed(0.3, 0.0) is None
        assert stats.rows_needed(0.0, 0.1) is None
        assert stats.rows_needed(1.0, 1e-9) is None
        assert stats.rows_needed(0.01, 1.0) == 2

    def test_detectable_difference_is_detected_four_times_in_five(self) -> None:
        size = stats.detectable_difference(0.3, 100)
        assert size is not None
        draws = rng(8).normal(size, 0.3, (4_000, 100))
        shown = (scipy.stats.ttest_1samp(draws, 0, axis=1).pvalue < 0.05).mean()
        assert shown == pytest.approx(0.8, abs=0.03)


def test_a_million_records_cost_at_most_three_times_a_thousand() -> None:
    def seconds(n: int) -> float:
        scores = rng(n).choice(LEVELS, (2, n))
        best = math.inf
        for _ in range(5):
            started = time.perf_counter()
            stats.bootstrap_interval(*stats.distinct_counts(scores[0] - scores[1]), rng=rng())
            best = min(best, time.perf_counter() - started)
        return best

    assert seconds(1_000_000) <= 3 * seconds(1_000)


class TestClusters:
    def test_values_by_hand(self) -> None:
        # clusters (1, 0) and (0.5): sums 1 and 0.5, sizes 2 and 1, mean 0.5, G / n = 2/3:
        # 0.5 + 2/3 * (1 - 1) and 0.5 + 2/3 * (0.5 - 0.5)
        values = stats.cluster_values(np.array([1.0, 0.0, 0.5]), np.array([7, 7, 3]))
        assert values.tolist() == pytest.approx([0.5, 0.5])
        # sizes alike: the clusters' means
        assert stats.cluster_values(np.array([1.0, 0.0, 0.5, 0.25]), np.array([1, 1, 2, 2])).tolist() == pytest.approx(
            [0.5, 0.375]
        )

    @given(st.lists(st.tuples(st.sampled_from(LEVELS), st.integers(0, 9)), min_size=1, max_size=60))
    def test_mean_is_kept(self, rows: list[tuple[float, int]]) -> None:
        differences, clusters = (np.array(column) for column in zip(*rows, strict=True))
        assert stats.cluster_values(differences, clusters).mean() == pytest.approx(differences.mean())

    def test_each_record_its_own_cluster_changes_nothing(self) -> None:
        scores = rng(3).choice(LEVELS, (2, 80))
        plain = stats.paired_interval(scores[0], scores[1], rng=rng(), limits=(0, 1))
        alone = stats.paired_interval(scores[0], scores[1], rng=rng(), limits=(0, 1), clusters=np.arange(80))
        assert plain == alone

    def test_copies_of_a_record_add_nothing(self) -> None:
        """Ten records, each four times, in clusters: the interval is that of ten records."""
        scores = rng(4).choice(LEVELS, (2, 10))
        ten = stats.paired_interval(scores[0], scores[1], rng=rng())
        copies = np.repeat(scores, 4, axis=1)
        forty = stats.paired_interval(copies[0], copies[1], rng=rng(), clusters=np.arange(40) // 4)
        assert forty[:3] == pytest.approx(ten[:3])
        assert forty.method == "Student t over 10 clusters"

    def test_one_cluster_has_no_interval(self) -> None:
        found = stats.paired_interval(np.array([1.0, 0.5]), np.array([0.5, 0.5]), rng=rng(), clusters=np.zeros(2, int))
        assert found[:3] == (0.25, None, None)


def test_continuous_and_few_valued_ways_of_resampling_agree() -> None:
    """Records and counts are two ways to draw the same thing."""
    values = np.linspace(-0.4, 0.6, 100)
    ones = np.ones(100, dtype=np.int64)
    by_records = stats.bootstrap_interval(values, ones, rng=rng(1), resamples=60_000)
    by_counts = stats.bootstrap_interval(values, ones * 3, rng=rng(2), resamples=60_000)
    # three times the records: the half widths shrink by sqrt(3), t quantiles and n / (n - 1) aside
    width, narrow = (i.high - i.low for i in (by_records, by_counts))  # type: ignore[operator]
    expected = math.sqrt(3) * stats.student_quantile(0.975, 99) / stats.student_quantile(0.975, 299)
    assert width / narrow == pytest.approx(expected * math.sqrt(300 / 299 * 99 / 100) ** -1, rel=0.02)
