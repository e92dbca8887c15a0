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


def student_quantile(probability: float, df: int) -> float:
    """Quantile of Student's t, ``0.5 < probability < 1``, ``df >= 1``.

    Hill (1970), "Algorithm 396: Student's t-quantiles", CACM 13(10); relative error below 1e-5.
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


def distinct_counts(values: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """The distinct values, ascending, and how often each occurs; equal to twelve decimals counts as equal.

    Few-valued data are counted without sorting, so a million scores cost little more than a thousand.
    """
    rounded = np.round(values, 12) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    few = np.unique(rounded[:4096])
    if len(few) <= MASKED_VALUES < len(rounded):
        counts = np.array([np.count_nonzero(rounded == value) for value in few], dtype=np.int64)
        if counts.sum() == len(rounded):
            return few, counts
    found, counts = np.unique(rounded, return_counts=True)
    return found, counts


def paired_interval(
    tuned: Floats,
    base: Floats,
    *,
    rng: np.random.Generator,
    clusters: NDArray[np.int64] | None = None,
    limits: tuple[float, float] | None = None,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Interval:
    """Mean of ``tuned - base`` (both of shape (n,), nothing missing) with the interval that suits the data.

    Scores that are only the two ends of the scale, ``limits``: Newcombe's interval for paired proportions.
    All differences equal: the bound of :func:`constant_interval`. Below 30 pairs: Student's t; from 30 on:
    the bootstrap. The last two are widened where few rows differ (:func:`sparse_interval`); tests/proof
    holds the coverage this choice rests on. n = 0: all ``None``; n = 1: the mean only; n = 2: t with one
    degree of freedom, which is very wide.

    With ``clusters`` (n,), equal where records belong together, clusters take the place of records
    (:func:`cluster_values`); yes/no scores are then treated like any others.
    """
    differences = np.asarray(tuned, float) - np.asarray(base, float)
    if len(differences) < 2:
        mean = float(differences[0]) if len(differences) else None
        return Interval(mean, None, None, confidence, "none: fewer than two pairs")
    units = cluster_values(differences, clusters)
    clustered, n = len(units) < len(differences), len(units)
    if n < 2:
        return Interval(float(differences.mean()), None, None, confidence, "none: fewer than two clusters")
    values, counts = distinct_counts(units)
    ends_only = limits is not None and all(np.isin(distinct_counts(s)[0], limits).all() for s in (tuned, base))
    if ends_only and limits is not None and not clustered:
        return newcombe_interval(tuned, base, limits=limits, confidence=confidence)
    if len(values) == 1:
        return constant_interval(float(values[0]), n, limits=limits, confidence=confidence)
    if n < SMALL_SAMPLE or len(values) > RESAMPLED_VALUES:
        interval = student_interval(values, counts, confidence=confidence)
    else:
        interval = bootstrap_interval(values, counts, rng=rng, confidence=confidence, resamples=resamples)
    assert interval.low is not None
    assert interval.high is not None
    low, high = sparse_interval(values, counts, confidence=confidence)
    low, high = min(low, interval.low), max(high, interval.high)
    method = interval.method + (f" over {n:,} clusters" if clustered else "")
    if low < interval.low or high > interval.high:
        method += ", widened: few rows differ"
    return interval._replace(low=low, high=high, method=method)


def cluster_values(differences: Floats, clusters: NDArray[np.int64] | None) -> Floats:
    """One value per cluster, whose mean is the mean over all records and whose spread is that of clusters.

    ``m + (G / n) * (sum_g - m * n_g)`` for G clusters of n_g records: the linearised ratio estimate (Cochran,
    1977, Sampling Techniques, chapter 9A). Clusters of one size give their means. Without clusters, or with
    each record its own, the differences come back.
    """
    if clusters is None or len(differences) == 0:
        return differences
    _, at = np.unique(clusters, return_inverse=True)
    sizes, sums = np.bincount(at), np.bincount(at, weights=differences)
    mean = differences.mean()
    return np.asarray(mean + (sums - mean * sizes) * (len(sizes) / len(differences)))


def student_interval(values: Floats, counts: NDArray[np.int64], *, confidence: float = 0.95) -> Interval:
    """Student's t interval of a mean, from distinct values and counts; needs n >= 2."""
    n = int(counts.sum())
    mean, error = _mean_and_error(values, counts)
    half = student_quantile((1 + confidence) / 2, n - 1) * error
    return Interval(mean, mean - half, mean + half, confidence, "Student t")


def bootstrap_interval(
    values: Floats,
    counts: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    confidence: float = 0.95,
    resamples: int = 10_000,
) -> Interval:
    """Expanded percentile bootstrap of a mean over records: Hesterberg (2015), American Statistician 69(4).

    Resampling n records with replacement draws the counts of the distinct values from a multinomial, so
    that is what is drawn. The percentiles are moved outwards by what the plain percentile interval is too
    narrow for (z instead of t, n instead of n - 1). Mirrored data give exactly the mirrored interval.
    Needs n >= 2.
    """
    n = int(counts.sum())
    mean = float(values @ counts) / n
    here, mirrored = [*values, *counts], [*-values[::-1], *counts[::-1]]
    if mirrored < here:
        values, counts = -values[::-1], counts[::-1]
    if n <= 2 * len(values):  # hardly anything occurs twice: drawing records is quicker than drawing counts
        means = np.repeat(values, counts)[rng.integers(0, n, size=(resamples, n), dtype=np.int32)].mean(axis=1)
    else:
        means = rng.multinomial(n, counts / n, size=resamples) @ values / n
    t_value = student_quantile((1 + confidence) / 2, n - 1) * math.sqrt(n / (n - 1))
    tail = NormalDist().cdf(-t_value)
    low, high = (float(bound) for bound in np.quantile(means, [tail, 1 - tail]))
    if mirrored == here:
        low, high = (low - high) / 2, (high - low) / 2
    elif mirrored < here:
        low, high = -high, -low
    return Interval(mean, low, high, confidence, f"bootstrap, {resamples:,} resamples")


def sparse_interval(values: Floats, counts: NDArray[np.int64], *, confidence: float = 0.95) -> tuple[float, float]:
    """Interval of a mean that knows how few rows differ from zero; too narrow where most do.

    The mean is wins' share times their size minus losses' share times theirs. The shares' Wilson intervals
    are put together by squaring and adding (MOVER: Zou and Donner, 2008, Statistics in Medicine 27), sizes
    as root mean squares. With few non-zero differences, where t and bootstrap see almost no variance, this
    is what still covers. Needs a non-zero value; with -1, 0 and 1 only it is exact in spirit to Newcombe's.
    """
    n = int(counts.sum())
    weights = counts / counts[values != 0].sum()
    size = math.sqrt(float(np.sum(weights * values**2)))
    ends = []
    for signs in (values > 0, values < 0):
        k = int(counts[signs].sum())
        typical = math.sqrt(float(np.sum(counts[signs] * values[signs] ** 2)) / k) if k else size
        low, high = wilson_interval(k, n, confidence=confidence) or (0.0, 1.0)
        ends.append(((k / n - low) * typical, (high - k / n) * typical))
    (wins_below, wins_above), (losses_below, losses_above) = ends
    mean = float(values @ counts) / n
    return mean - math.hypot(wins_below, losses_above), mean + math.hypot(wins_above, losses_below)


def constant_interval(
    difference: float, n: int, *, limits: tuple[float, float] | None, confidence: float = 0.95
) -> Interval:
    """Interval when all n differences are equal: no variance was seen, which does not mean there is none.

    With this confidence at most ``q = 1 - ((1 - confidence) / 2) ** (1 / n)`` of all records differ from the
    observed value (Clopper and Pearson, 1934), and those by no more than the scale allows. So three equal
    gains prove nothing, and sixty ties leave a difference of 6% of the scale possible. Without ``limits``
    there is no bound.
    """
    method = "bound for equal differences"
    if limits is None:
        return Interval(difference, None, None, confidence, method)
    span = limits[1] - limits[0]
    unseen = 1 - ((1 - confidence) / 2) ** (1 / n)
    low, high = difference - unseen * (difference + span), difference + unseen * (span - difference)
    return Interval(difference, low, high, confidence, method)


def _mean_and_error(values: Floats, counts: NDArray[np.int64]) -> tuple[float, float]:
    """Mean and its standard error, from distinct values and counts; needs n >= 2."""
    n = int(counts.sum())
    mean = float(values @ counts) / n
    return mean, math.sqrt(float(np.sum(counts * (values - mean) ** 2)) / (n - 1) / n)


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


def sign_flip_p_value(differences: Floats, *, rng: np.random.Generator, resamples: int = 10_000) -> float | None:
    """Two-sided p-value of "no difference": how often random signs give a mean at least as far from zero.

    Exact up to 15 non-zero differences, and when all have one size (McNemar's exact test). Otherwise Monte
    Carlo on counts with the +1 correction (Phipson and Smyth, 2010, SAGMB 9), or the normal limit when
    there are more than 256 distinct sizes. Fisher (1935), The Design of Experiments, section 21.
    n = 0: ``None``; n = 1: 1; n = 2: at least 0.5; all zero: 1.
    """
    if len(differences) == 0:
        return None
    values, value_counts = distinct_counts(differences)
    total = abs(float(values @ value_counts))
    sizes, at = np.unique(np.abs(values[values != 0]), return_inverse=True)
    counts = np.bincount(at, weights=value_counts[values != 0]).astype(np.int64)
    if len(sizes) == 0:
        return 1.0
    if len(sizes) == 1:
        wins = int(value_counts[values > 0].sum())
        return mcnemar_p_value(wins, int(counts[0]) - wins)
    observed = total - 1e-9 * float(sizes @ counts)  # sums in another order differ in their last digits
    if counts.sum() <= EXACT_PAIRS:
        sums = np.zeros(1)
        for size in np.repeat(sizes, counts):
            sums = np.concatenate([sums + size, sums - size])
        return float(np.mean(np.abs(sums) >= observed))
    if len(sizes) > RESAMPLED_VALUES:
        return math.erfc(total / math.sqrt(2 * float(counts @ sizes**2)))
    if counts.sum() <= 2 * len(sizes):
        every = np.repeat(sizes, counts)
        sums = (2.0 * rng.integers(0, 2, size=(resamples, len(every)), dtype=np.int8) - 1) @ every
    else:
        sums = (2 * rng.binomial(counts, 0.5, size=(resamples, len(sizes))) - counts) @ sizes
    return float((1 + np.count_nonzero(np.abs(sums) >= observed)) / (1 + resamples))


def mcnemar_p_value(wins: int, losses: int) -> float:
    """McNemar's exact two-sided test: discordant pairs against a fair coin; 1 with no discordant pair.

    McNemar (1947), Psychometrika 12; exact as the binomial test.
    """
    n, k = wins + losses, min(wins, losses)
    if wins == losses:
        return 1.0
    log_first = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2)
    term = math.comb(n, k) / 2**n if n <= 1000 else math.exp(log_first)
    tail = 0.0
    while k >= 0 and term > tail * 1e-17:  # each term is a fraction of the one before
        tail += term
        term *= k / (n - k + 1)
        k -= 1
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
