"""Quantiles, counting, shares, corrections and planning: by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.runtime.statistics.adjustment import benjamini_hochberg, holm
from model_evaluation.runtime.statistics.counts import distinct_counts
from model_evaluation.runtime.statistics.planning import detectable_difference, rows_needed


class TestCounting:
    @given(st.lists(st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.30000000000000004, 0.3]), min_size=1))
    def test_counts_what_is_equal_to_twelve_decimals(self, values: list[float]) -> None:
        found, counts = distinct_counts(np.array(values))
        assert dict(zip(found.tolist(), counts.tolist(), strict=True)) == {
            v: sum(abs(v - w) < 1e-12 for w in values) for v in {round(w, 12) + 0.0 for w in values}
        }
        assert found.tolist() == sorted(found.tolist())

    def test_nothing_to_count(self) -> None:
        found, counts = distinct_counts(np.zeros(0))
        assert (len(found), len(counts)) == (0, 0)

    def test_late_rare_values_are_not_missed(self) -> None:
        values = np.r_[np.zeros(50_000), 0.5]
        found, counts = distinct_counts(values)
        assert counts is not None
        assert (found.tolist(), counts.tolist()) == ([0.0, 0.5], [50_000, 1])

    def test_of_many_values_none_is_counted(self) -> None:
        values = np.random.default_rng(1).random(5_000)
        found, counts = distinct_counts(values)
        assert counts is None
        assert found == pytest.approx(values, abs=1e-12)


class TestMultiplicity:
    def test_holm_by_hand(self) -> None:
        # sorted 0.01 0.02 0.04 0.5: times 4, 3, 2, 1 = 0.04 0.06 0.08 0.5
        assert holm([0.04, 0.01, None, 0.5, 0.02]) == pytest.approx([0.08, 0.04, None, 0.5, 0.06])

    def test_holm_is_monotone_and_capped(self) -> None:
        # sorted 0.03 0.031 0.9: 0.09, then max(0.09, 0.062), then 0.9
        assert holm([0.03, 0.031, 0.9]) == pytest.approx([0.09, 0.09, 0.9])
        assert holm([0.6, 0.7]) == pytest.approx([1.0, 1.0])
        assert holm([]) == []
        assert holm([None]) == [None]

    @given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
    def test_corrections_only_raise(self, p_values: list[float]) -> None:
        for raised in (holm(p_values), benjamini_hochberg(p_values)):
            assert all(new is not None and new >= old - 1e-12 for new, old in zip(raised, p_values, strict=True))


class TestPlanning:
    def test_detectable_difference_by_hand(self) -> None:
        # (1.959964 + 0.841621) * 0.3 / sqrt(100) = 0.0840476
        assert detectable_difference(0.3, 100) == pytest.approx(0.0840476, abs=1e-7)
        assert detectable_difference(0.3, 1) is None

    def test_rows_needed_is_its_inverse(self) -> None:
        # (2.801585 * 0.3 / 0.05)^2 = 282.6
        assert rows_needed(0.3, 0.05) == 283
        assert rows_needed(0.3, -0.05) == 283
        assert rows_needed(0.3, 0.0) is None
        assert rows_needed(0.0, 0.1) is None
        assert rows_needed(1.0, 1e-9) is None
        assert rows_needed(0.01, 1.0) == 2
