"""How large a difference so many pairs can show, and how many pairs it takes. Normal approximation, two-sided."""

from __future__ import annotations

import math
from statistics import NormalDist

POWER = 0.8
USUAL_SPREADS = (0.25, 0.45)  # standard deviations of paired differences, as shares of the scale


def detectable_difference(deviation: float, n: int) -> float | None:
    """Smallest true mean difference that n pairs show with 80% power; ``None`` below two pairs. ``deviation`` is the
    standard deviation of the differences."""
    return _factor(0.05) * deviation / math.sqrt(n) if n >= 2 else None


def usual_differences(n: int, span: float) -> tuple[float, float] | None:
    """The differences that n pairs are said to show before any score is seen, on a scale of this length: for a small
    and for a large spread, as differences of scores usually have."""
    low, high = (detectable_difference(spread * span, n) for spread in USUAL_SPREADS)
    return None if low is None or high is None else (low, high)


def rows_needed(deviation: float, difference: float, *, alpha: float = 0.05) -> int | None:
    """Pairs needed to show a true mean difference of this size with 80% power; ``None`` for no difference, and for one
    so small that a thousand million would not do."""
    if difference == 0 or deviation == 0:
        return None
    needed = (_factor(alpha) * deviation / difference) ** 2
    return max(2, math.ceil(needed)) if needed < 1e9 else None


def _factor(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2) + NormalDist().inv_cdf(POWER)
