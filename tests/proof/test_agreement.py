"""The same quantities as statsmodels and scipy compute them, to 1e-9."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestPower, normal_sample_size_one_tail
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from model_evaluation.kinds.llm_as_judge.people.judge_error import corrected_mean, wilson_rate
from model_evaluation.runtime.statistics import intervals
from model_evaluation.runtime.statistics.adjustment import benjamini_hochberg, holm
from model_evaluation.runtime.statistics.planning import detectable_difference, rows_needed
from model_evaluation.runtime.statistics.proportions import mcnemar_test, wilson_interval
from proof.simulate_coverage import Design, Outcome

P_VALUES = [0.001, 0.008, 0.039, 0.041, 0.042, 0.06, 0.074, 0.205, 0.212, 0.216, 0.222, 0.251, 0.269, 0.275, 0.34]


@pytest.mark.parametrize(("successes", "n"), [(0, 10), (3, 10), (81, 263), (10, 10), (1, 1), (499_999, 1_000_000)])
def test_wilson(successes: int, n: int) -> None:
    expected = tuple(proportion_confint(successes, n, method="wilson"))
    assert wilson_interval(successes / n, n) == pytest.approx(expected, abs=1e-9)
    assert wilson_rate(successes, n)[1:3] == pytest.approx(expected, abs=1e-9)


def test_newcombe_of_unrelated_answers_is_that_of_independent_proportions() -> None:
    # 10 both, 20 only tuned, 5 only base, 10 neither: 10 * 10 = 20 * 5, so the answers are not correlated
    tuned, base = np.repeat([1.0, 1, 0, 0], [10, 20, 5, 10]), np.repeat([1.0, 0, 1, 0], [10, 20, 5, 10])
    expected = confint_proportions_2indep(30, 45, 15, 45, compare="diff", method="newcomb")
    assert intervals.newcombe_interval(tuned, base)[1:3] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("wins", "losses"), [(0, 6), (1, 9), (12, 2), (30, 30), (61, 40), (300, 250)])
def test_mcnemar(wins: int, losses: int) -> None:
    assert mcnemar_test(wins, losses).exact == pytest.approx(
        mcnemar([[5, wins], [losses, 7]], exact=True).pvalue, abs=1e-9
    )


def test_mcnemar_mid_p_of_a_published_example() -> None:
    # Bentur et al. in Fagerland, Lydersen and Laake (2013), table 1: 1 and 7 discordant; exact 0.0703, mid-p 0.0391.
    assert mcnemar_test(1, 7).exact == pytest.approx(18 / 256, abs=1e-12)
    assert mcnemar_test(1, 7).mid == pytest.approx(18 / 256 - 8 / 256, abs=1e-12)


def test_holm_and_benjamini_hochberg() -> None:
    assert holm(P_VALUES) == pytest.approx(multipletests(P_VALUES, method="holm")[1].tolist(), abs=1e-9)
    expected = multipletests(P_VALUES, method="fdr_bh")[1].tolist()
    assert benjamini_hochberg(P_VALUES) == pytest.approx(expected, abs=1e-9)


def test_rows_needed_and_what_can_be_detected() -> None:
    for difference, deviation in ((0.05, 0.3), (0.02, 0.41)):
        needed = normal_sample_size_one_tail(difference, 0.8, 0.025, std_null=deviation)
        assert rows_needed(deviation, difference) == math.ceil(needed)
        size = detectable_difference(deviation, 137)
        assert size is not None
        assert normal_sample_size_one_tail(size, 0.8, 0.025, std_null=deviation) == pytest.approx(137, abs=1e-9)


@pytest.mark.parametrize(("n", "truth", "deviation"), [(29, 0.05, 0.18), (60, -0.05, 0.18), (12, 0.06, 0.2)])
def test_the_theory_of_power_that_simulations_are_held_to(n: int, truth: float, deviation: float) -> None:
    design = Design("any", n, lambda rng, count: (rng.random(count), rng.random(count)), truth, deviation)
    outcome = Outcome(design, 1, 0, 0, 0, 0, 0, 0)
    expected = TTestPower().power(abs(truth) / deviation, n, 0.05, alternative="two-sided")
    assert outcome.power_by_theory == pytest.approx(expected, abs=1e-9)


def test_people_alone_are_students_interval() -> None:
    people = np.random.default_rng(4).normal(0.1, 0.3, 25)
    found = corrected_mean(people, people, np.zeros(0))
    expected = scipy.stats.ttest_1samp(people, 0).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-9)
