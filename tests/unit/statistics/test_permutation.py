"""Sign-flip and McNemar tests: by hand, and where patterns are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest

from examples import rng
from model_evaluation.runtime.statistics import permutation
from model_evaluation.runtime.statistics.proportions import mcnemar_test


class TestMcNemar:
    def test_by_hand(self) -> None:
        # 5 wins, 1 loss: 2 * (C(6,0) + C(6,1)) / 2^6 = 14/64, of which C(6,1) / 2^6 = 6/64 are halves of what was seen
        assert mcnemar_test(5, 1).exact == pytest.approx(14 / 64)
        assert mcnemar_test(5, 1).mid == pytest.approx(8 / 64)
        # 2 wins, 2 losses: 1 - C(4,2) / 2^4 / 2
        assert mcnemar_test(2, 2).mid == pytest.approx(1 - 6 / 32)
        assert mcnemar_test(0, 0) == (1.0, 1.0)
        assert all(mcnemar_test(k + 1, k).exact <= 1 for k in range(5000)), (
            "a probability, also where twice a half is rounded"
        )


class TestSignFlip:
    @pytest.mark.parametrize(
        ("differences", "exact", "mid"),
        [
            ([], None, None),
            ([0.0], 1.0, 1.0),
            ([0.5], 1.0, 0.5),  # one row: both signs give a mean as far from zero
            ([0.5, 0.25], 0.5, 0.25),  # ++ and -- of four patterns, none farther
            ([0.25, 0.25, 0.25], 0.25, 0.125),  # 2 of 8
            ([0.0, 0.0, 0.0], 1.0, 1.0),
            ([0.5, 0.25, -0.25], 0.75, 0.5),  # |sum| = 1: +++ ---, 2 of 8; 0.5: ++- +-+ and their mirrors, 4 of 8
            ([0.25, -0.25], 1.0, 0.75),  # |sum| = 0.5: 2 of 4; 0: 2 of 4
            ([0.1, 0.2, 0.3, 0.4], 2 / 16, 1 / 16),
        ],
    )
    def test_exact_and_mid_by_hand(self, differences: list[float], exact: float | None, mid: float | None) -> None:
        found = permutation.sign_flip_test(np.array(differences), rng=rng())
        assert (found.exact, found.mid) == (pytest.approx(exact), pytest.approx(mid))

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
        found = permutation.sign_flip_test(values, rng=rng(), resamples=200_000).exact
        assert found == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 200_000))

    def test_monte_carlo_never_says_zero(self) -> None:
        values = np.tile([0.25, 0.5], 500)
        assert permutation.sign_flip_test(values, rng=rng(), resamples=999).exact == 1 / 1000

    def test_many_sizes_use_the_normal_limit(self) -> None:
        values = rng(5).normal(0.05, 1, 2_000)
        z = abs(values.sum()) / math.sqrt((values**2).sum())
        assert permutation.sign_flip_test(values, rng=rng()).exact == pytest.approx(
            math.erfc(z / math.sqrt(2)), rel=1e-6
        )

    def test_rounding_in_the_last_digit_is_no_difference(self) -> None:
        # 0.3 - 0.2 and 0.2 - 0.1 differ in their last bits; they are one size, so McNemar's test applies.
        values = np.array([0.3 - 0.2, 0.2 - 0.1, 0.1 - 0.0, 0.1 - 0.2])
        assert permutation.sign_flip_test(values, rng=rng()).exact == mcnemar_test(3, 1).exact
