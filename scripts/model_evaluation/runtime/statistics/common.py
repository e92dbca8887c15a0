"""What the statistics of a paired comparison share: quantiles, counting, shares, several tests at once, planning.

Numpy only, pure functions. Where a number does not exist (no rows, one row) it is ``None``, never 0.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MASKED_VALUES = 32  # this many distinct values are counted one by one, which beats sorting
RESAMPLED_VALUES = 256  # with more distinct values there are so many rows that the normal limit is as good


class Interval(NamedTuple):
    """A mean difference with its confidence interval; a bound is ``None`` where it does not exist."""

    mean: float | None
    low: float | None
    high: float | None
    confidence: float
    method: str


def normal_quantile(probability: float) -> float:
    """Quantile of the standard normal distribution, ``0 < probability < 1``."""
    return NormalDist().inv_cdf(probability)


@functools.lru_cache(maxsize=1024)
def student_quantile(probability: float, df: int) -> float:
    """Quantile of Student's t, ``0.5 < probability < 1``, ``df >= 1``; relative error below 1e-10.

    Up to 500 degrees of freedom by Newton's method, which rises to it from the normal quantile without overshooting,
    on the exact finite sums for the distribution function (Abramowitz and Stegun, 1964, 26.7.3 and 26.7.4); above by
    the expansion in 1 / df (26.7.5), whose first neglected term is below 1e-11 there.
    """
    x = normal_quantile(probability)
    if df > 500:
        terms = (
            (x**3 + x) / 4,
            (5 * x**5 + 16 * x**3 + 3 * x) / 96,
            (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
            (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
        )
        return x + math.fsum(term / df**power for power, term in enumerate(terms, start=1))
    log_peak = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - math.log(df * math.pi) / 2
    for _ in range(200):
        density = math.exp(log_peak - (df + 1) / 2 * math.log1p(x * x / df))
        step = (probability - _student_cdf(x, df)) / density
        x += step
        if abs(step) <= 1e-14 * x:
            break
    return x


def _student_cdf(t: float, df: int) -> float:
    """Distribution function of Student's t at ``t >= 0``, as a finite sum of df / 2 positive terms."""
    angle = math.atan2(t, math.sqrt(df))
    sine, square = math.sin(angle), df / (df + t * t)
    first = df % 2  # 1: odd degrees of freedom
    term, total = (math.sqrt(square), 0.0) if first else (1.0, 0.0)
    for k in range(1, df // 2 + 1):
        total += term
        term *= square * (2 * k - 1 + first) / (2 * k + first)
    middle = 2 / math.pi * (angle + sine * total) if first else sine * total
    return (1 + middle) / 2


def distinct_counts(values: Floats, counts: NDArray[np.int64] | None = None) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct values, ascending, and how often each occurs; equal to twelve decimals counts as equal.

    ``counts`` (n,) say how often each of the ``values`` stands for; ``None``: once. Few-valued data are counted
    without sorting, so a million scores cost little more than a thousand.
    """
    rounded = np.round(values, 12) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    if counts is not None:
        found, at = np.unique(rounded, return_inverse=True)
        return found, np.bincount(at, weights=counts, minlength=len(found)).astype(np.int64)
    few = np.unique(rounded[:4096])
    if len(few) <= MASKED_VALUES < len(rounded):
        counts = np.array([np.count_nonzero(rounded == value) for value in few], dtype=np.int64)
        if counts.sum() == len(rounded):
            return few, counts
    found, counts = np.unique(rounded, return_counts=True)
    return found, counts


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's (1927) score interval of a proportion; ``None`` at n = 0."""
    return wilson_share(successes / n, n, confidence=confidence) if n else None


def wilson_share(share: float, n: float, *, confidence: float = 0.95) -> tuple[float, float]:
    """The same for an observed share of n > 0 rows; n need not be whole (an effective number)."""
    z = normal_quantile((1 + confidence) / 2)
    square = z * z / n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's (1979) adjusted p-values, in the given order; ``None`` stays ``None`` and is not counted."""
    return _adjust(p_values, lambda sorted_p, m: np.maximum.accumulate(sorted_p * np.arange(m, 0, -1)))


def benjamini_hochberg(p_values: Sequence[float | None]) -> list[float | None]:
    """Benjamini and Hochberg's (1995) adjusted p-values; ``None`` stays ``None`` and is not counted."""

    def step_up(sorted_p: Floats, m: int) -> Floats:
        return np.minimum.accumulate((sorted_p * m / np.arange(1, m + 1))[::-1])[::-1]

    return _adjust(p_values, step_up)


def _adjust(p_values: Sequence[float | None], rule: Any) -> list[float | None]:
    present = [(p, i) for i, p in enumerate(p_values) if p is not None]
    adjusted: list[float | None] = [None] * len(p_values)
    if present:
        ordered = sorted(present)
        for (_, index), value in zip(ordered, rule(np.array([p for p, _ in ordered]), len(ordered)), strict=True):
            adjusted[index] = min(1.0, float(value))
    return adjusted


def detectable_difference(deviation: float, n: int, *, power: float = 0.8, alpha: float = 0.05) -> float | None:
    """Smallest true mean difference that n pairs show with ``power``, two-sided; ``None`` below two pairs.

    ``deviation`` is the standard deviation of the differences. Normal approximation.
    """
    if n < 2:
        return None
    return (normal_quantile(1 - alpha / 2) + normal_quantile(power)) * deviation / math.sqrt(n)


def rows_needed(deviation: float, difference: float, *, power: float = 0.8, alpha: float = 0.05) -> int | None:
    """Pairs needed to show a true mean difference of this size with ``power``; ``None`` for no difference."""
    if difference == 0 or deviation == 0:
        return None
    z = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    needed = (z * deviation / difference) ** 2
    return max(2, math.ceil(needed)) if needed < 1e9 else None
