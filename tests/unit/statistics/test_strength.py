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
        # p = 1/2; every cluster is 2.5 off: 6/5 * 6 * 6.25 / 900 = 0.05; 0.25 / 0.05 = 5, but no fewer than 6 clusters
        assert worth == 6

    def test_worked_by_hand(self) -> None:
        # Clusters win 2 of 2, 1 of 2, 0 of 2, 2 of 2: p = 5/8; off by 0.75 -0.25 -1.25 0.75, squares 2.75;
        # variance 4/3 * 2.75 / 64 = 0.0572917; 0.234375 / 0.0572917 = 4.0909
        wins = np.array([1, 1, 1, 0, 0, 0, 1, 1], bool)
        assert effective_size(wins, np.ones(8, bool), np.arange(8) // 2) == pytest.approx(4.090909)

    def test_ties_do_not_count(self) -> None:
        wins, decided = np.array([True, False, False, False]), np.array([True, False, True, False])
        assert effective_size(wins, decided, np.arange(4)) == 2

    @pytest.mark.parametrize(("decided", "worth"), [([], 0), ([False, False], 0), ([True], 1), ([True, True], 1)])
    def test_nothing_decided_one_row_and_one_cluster(self, decided: list[bool], worth: float) -> None:
        rows = np.array(decided, bool)
        assert effective_size(rows, rows, np.zeros(len(rows), np.int64)) == worth
