"""Davidson's strengths of two models, and what clustered rows are worth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.statistics.strength import davidson_strength, effective_size


def test_worked_by_hand() -> None:
    # 30 wins, 20 ties, 10 losses: p = 30/40, ln(30/10) = 1.098612, v = 20 / sqrt(300) = 1.154701
    found = davidson_strength(30, 20, 10)
    assert found is not None
    assert (found["tuned"], found["log_ratio"], found["tie_parameter"]) == pytest.approx((0.75, 1.098612, 1.154701))
    assert (found["ci_low"], found["ci_high"]) == wilson_interval(30 / 40, 40)
    # with these, Davidson's model gives back the shares seen: p : v sqrt(pq) : q = 0.75 : 0.5 : 0.25
    assert 1.154701 * math.sqrt(0.75 * 0.25) == pytest.approx(0.5)


def test_one_side_that_never_wins_has_no_log_ratio_but_an_interval() -> None:
    found = davidson_strength(4, 1, 0)
    assert found is not None
    assert (found["tuned"], found["log_ratio"], found["tie_parameter"]) == (1.0, None, None)
    # Wilson 4 of 4: 4 / (4 + 3.841459) to 1
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((0.510109, 1.0), abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "tuned"), [((0, 0, 0), None), ((0, 7, 0), None), ((1, 0, 0), 1.0), ((1, 0, 1), 0.5)]
)
def test_no_row_ties_only_one_row_and_two(counts: tuple[int, int, int], tuned: float | None) -> None:
    found = davidson_strength(*counts)
    assert (None if found is None else found["tuned"]) == tuned


class TestEffectiveSize:
    def test_copies_count_once(self) -> None:
        wins = np.repeat([True, False, True, True, False, False], 5)
        worth = effective_size(wins, np.ones(30, bool), np.arange(30) // 5)
        # p = 1/2; every cluster is 2.5 off: 6/5 * 6 * 6.25 / 900 = 0.05; 0.25 / 0.05 = 5, but copies are worth 6 rows
        assert worth == 6

    def test_worked_by_hand(self) -> None:
        # 24 clusters of two, of which 2, 1 and 0 rows win in 6, 12 and 6: p = 1/2; off by 1, 0, -1: squares 12;
        # variance 24/23 * 12 / 48**2 = 0.00543478; t(23) = 2.068658; 0.25 / (0.00543478 * (t / 1.959964)**2) = 41.2930
        wins = np.array([1, 1] * 6 + [1, 0] * 12 + [0, 0] * 6, bool)
        assert effective_size(wins, np.ones(48, bool), np.arange(48) // 2) == pytest.approx(41.2930, rel=1e-5)

    def test_one_large_cluster_is_worth_little(self) -> None:
        # Shares of the rows: 0.6 and 40 of 0.01; copies are worth 1 / (0.36 + 0.004) rows, not 41.
        wins = np.array([1] * 60 + [1, 0] * 20, bool)
        assert effective_size(wins, np.ones(100, bool), np.repeat(np.arange(41), [60] + [1] * 40)) == pytest.approx(
            1 / 0.364
        )

    def test_ties_do_not_count(self) -> None:
        wins, decided = np.array([True, False, False, False]), np.array([True, False, True, False])
        assert effective_size(wins, decided, np.arange(4)) == 2

    @pytest.mark.parametrize(("decided", "worth"), [([], 0), ([False, False], 0), ([True], 1), ([True, True], 1)])
    def test_nothing_decided_one_row_and_one_cluster(self, decided: list[bool], worth: float) -> None:
        rows = np.array(decided, bool)
        assert effective_size(rows, rows, np.zeros(len(rows), np.int64)) == worth
