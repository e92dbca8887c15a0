"""Statistics of a paired comparison. Numpy only; every function is pure and is handed its random generator.

A *difference* is tuned minus base for one record. Judge scores take few distinct values, so everything that
resamples works on how often each distinct difference occurs: the cost does not grow with the rows.
Where a number does not exist (no rows, one row) it is ``None``, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SMALL_SAMPLE = 30  # below this many pairs the bootstrap's tails are not to be trusted
EXACT_PAIRS = 15  # up to 2**15 sign patterns are enumerated


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


def student_quantile(probability: float, df: int) -> float:
    """Quantile of Student's t, ``0.5 < probability < 1``, ``df >= 1``.

    Hill (1970), "Algorithm 396: Student's t-quantiles", CACM 13(10); relative error below 1e-4.
    """
    tail = 2 * (1 - probability)
    if df == 1:
        return 1 / math.tan(tail * math.pi / 2)
    if df == 2:
        return math.sqrt(2 / (tail * (2 - tail)) - 2)
    a = 1 / (df - 0.5)
    b = 48 / a**2
    c = ((20700 * a / b - 98) * a - 16) * a + 96.36
    d = ((94.5 / (b + c) - 3) / b + 1) * math.sqrt(a * math.pi / 2) * df
    y = (d * tail) ** (2 / df)
    if y > 0.05 + a:
        x = -normal_quantile(1 - tail / 2)
        y = x * x
        if df < 5:
            c += 0.3 * (df - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5) * x - 7) * x - 2) * x + b
        y = (((((0.4 * y + 6.3) * y + 36) * y + 94.5) / c - y - 3) / b + 1) * x
        y = math.expm1(a * y * y)
    else:
        tail_term = ((df + 6) / (df * y) - 0.089 * d - 0.822) * (df + 2) * 3
        y = ((1 / tail_term + 0.5 / (df + 4)) * y - 1) * (df + 1) / (df + 2) + 1 / y
    return math.sqrt(df * y)


def paired_interval(
    tuned: Floats,
    base: Floats,
    *,
    rng: np.random.Generator,
    limits: tuple[float, float] | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Interval:
    """Mean of ``tuned - base`` (both shape (n,), no missing) with the interval that suits the data.

    ``limits`` are the lowest and highest score the scale allows. n = 0: all ``None``; n = 1: the mean only.
    """
    differences = np.asarray(tuned, float) - np.asarray(base, float)
    if len(differences) < 2:
        mean = float(differences[0]) if len(differences) else None
        return Interval(mean, None, None, confidence, "none: fewer than two pairs")
    if limits is not None and np.isin(np.concatenate([tuned, base]), limits).all():
        return newcombe_interval(tuned, base, limits=limits, confidence=confidence)
    if np.ptp(differences) == 0:
        return constant_interval(
            float(differences[0]), len(differences), limits=limits, confidence=confidence
        )
    if len(differences) < SMALL_SAMPLE:
        return student_interval(differences, confidence=confidence)
    return bootstrap_interval(differences, rng=rng, confidence=confidence, resamples=resamples)


def student_interval(differences: Floats, *, confidence: float = 0.95) -> Interval:
    """Student's t interval of the mean difference; needs n >= 2 and some variance."""
    n = len(differences)
    mean, error = float(np.mean(differences)), float(np.std(differences, ddof=1)) / math.sqrt(n)
    half = student_quantile((1 + confidence) / 2, n - 1) * error
    return Interval(mean, mean - half, mean + half, confidence, "Student t")


def bootstrap_interval(
    differences: Floats, *, rng: np.random.Generator, confidence: float = 0.95, resamples: int = 10_000
) -> Interval:
    """Percentile bootstrap over records, drawn as counts of the distinct differences."""
    values, counts = np.unique(differences, return_counts=True)
    n = len(differences)
    means = rng.multinomial(n, counts / n, size=resamples) @ values / n
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(differences.mean()), float(low), float(high), confidence, "percentile bootstrap")


def constant_interval(
    difference: float, n: int, *, limits: tuple[float, float] | None, confidence: float = 0.95
) -> Interval:
    """Interval when all n differences are equal: no variance was seen, which does not mean there is none.

    With ``confidence`` at most ``q = 1 - ((1 - confidence) / 2) ** (1 / n)`` of all records differ from the
    observed value (Clopper and Pearson, 1934), and those by no more than the scale allows. Without
    ``limits`` there is no bound.
    """
    method = "bound for equal differences"
    if limits is None:
        return Interval(difference, None, None, confidence, method)
    span = limits[1] - limits[0]
    unseen = 1 - ((1 - confidence) / 2) ** (1 / n)
    low, high = difference - unseen * (difference + span), difference + unseen * (span - difference)
    return Interval(difference, low, high, confidence, method)


def wilson_interval(successes: int, n: int, *, confidence: float = 0.95) -> tuple[float, float] | None:
    """Wilson's (1927) score interval of a proportion; ``None`` at n = 0."""
    if n == 0:
        return None
    z = normal_quantile((1 + confidence) / 2)
    p, square = successes / n, z * z / n
    centre = (p + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(p * (1 - p) / n + square / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def newcombe_interval(
    tuned: Floats, base: Floats, *, limits: tuple[float, float] = (0, 1), confidence: float = 0.95
) -> Interval:
    """Difference of two paired proportions: Newcombe (1998), Statistics in Medicine 17, method 10.

    Scores are the two ``limits``; the interval is scaled to their distance. n >= 1 required.
    """
    low, high = limits
    n = len(tuned)
    yes_tuned, yes_base = np.asarray(tuned) == high, np.asarray(base) == high
    both = int((yes_tuned & yes_base).sum())
    only_tuned, only_base = int(yes_tuned.sum()) - both, int(yes_base.sum()) - both
    neither = n - both - only_tuned - only_base
    p1, p2 = (both + only_tuned) / n, (both + only_base) / n
    l1, u1 = wilson_interval(both + only_tuned, n, confidence=confidence) or (0.0, 1.0)
    l2, u2 = wilson_interval(both + only_base, n, confidence=confidence) or (0.0, 1.0)
    product = (both + only_tuned) * (only_base + neither) * (both + only_base) * (only_tuned + neither)
    cross = float(both * neither - only_tuned * only_base)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)  # the continuity correction of method 10
    phi = cross / math.sqrt(product) if product else 0.0
    below = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    above = math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    span, mean = high - low, (only_tuned - only_base) / n
    return Interval(mean * span, (mean - below) * span, (mean + above) * span, confidence, "Newcombe paired")


def sign_flip_p_value(
    differences: Floats, *, rng: np.random.Generator, resamples: int = 10_000
) -> float | None:
    """Two-sided p-value of "no difference": how often random signs give a mean at least as far from zero.

    Exact up to 15 non-zero differences, else Monte Carlo on counts with the +1 correction (Phipson and
    Smyth, 2010). For yes/no scores this is McNemar's exact test. n = 0: ``None``; all zero: 1.
    """
    if len(differences) == 0:
        return None
    sizes, counts = np.unique(np.abs(differences[differences != 0]), return_counts=True)
    if len(sizes) == 0:
        return 1.0
    observed = abs(float(np.sum(differences))) * (1 - 1e-12)
    if counts.sum() <= EXACT_PAIRS:
        sums = np.zeros(1)
        for size in np.repeat(sizes, counts):
            sums = np.concatenate([sums + size, sums - size])
        return float(np.mean(np.abs(sums) >= observed))
    if len(sizes) == 1:
        return mcnemar_p_value(int((differences > 0).sum()), int((differences < 0).sum()))
    sums = (2 * rng.binomial(counts, 0.5, size=(resamples, len(sizes))) - counts) @ sizes
    return float((1 + (np.abs(sums) >= observed).sum()) / (1 + resamples))


def mcnemar_p_value(wins: int, losses: int) -> float:
    """McNemar's exact two-sided test: discordant pairs against a fair coin; 1 with no discordant pair."""
    n, least = wins + losses, min(wins, losses)
    if n == 0 or wins == losses:
        return 1.0
    log_half = n * math.log(2)
    tail = sum(
        math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - log_half)
        for k in range(least + 1)
    )
    return min(1.0, 2 * tail)


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
        for (_, index), value in zip(
            ordered, rule(np.array([p for p, _ in ordered]), len(ordered)), strict=True
        ):
            adjusted[index] = min(1.0, float(value))
    return adjusted


def detectable_difference(
    deviation: float, n: int, *, power: float = 0.8, alpha: float = 0.05
) -> float | None:
    """Smallest true mean difference that n pairs show with ``power``, two-sided; ``None`` below two pairs.

    ``deviation`` is the standard deviation of the differences. Normal approximation.
    """
    if n < 2:
        return None
    return (normal_quantile(1 - alpha / 2) + normal_quantile(power)) * deviation / math.sqrt(n)


def rows_needed(
    deviation: float, difference: float, *, power: float = 0.8, alpha: float = 0.05
) -> int | None:
    """Pairs needed to show a true mean difference of this size with ``power``; ``None`` for no difference."""
    if difference == 0 or deviation == 0:
        return None
    z = normal_quantile(1 - alpha / 2) + normal_quantile(power)
    needed = (z * deviation / difference) ** 2
    return max(2, math.ceil(needed)) if needed < 1e9 else None
