"""Intervals for the mean difference of a paired comparison. Pure functions, handed their random generator.

A *difference* is tuned minus base for one record. Scores take few distinct values, so everything that
resamples works on how often each distinct difference occurs: the cost does not grow with the rows. Which
interval is used when was decided by simulation: tests/proof/coverage.md compares the candidates.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from .counts import RESAMPLED_VALUES, Counts, Floats, distinct_counts, number_of, only_values, total
from .permutation import chosen_counts
from .proportions import CONFIDENCE, wilson_interval
from .verdicts import FEWEST_PAIRS

SMALL_SAMPLE = 100  # below this many pairs signs are flipped instead of records redrawn
EQUAL_SHARE = 2 / 3  # of the degrees of as many equal clusters: with fewer, some clusters outweigh the others
UNSEEN_SHARE = 0.5  # of the scale: how large gains (or losses) are taken to be as long as none was seen
UNSEEN_ROWS = 30  # from so many rows on that share shrinks with their number


class ClusterSpread(NamedTuple):
    """The standard error of a mean over clusters of rows, and the degrees of freedom it rests on."""

    error: float
    degrees: float
    clusters: int

    @property
    def unequal(self) -> bool:
        """Whether few clusters hold so many of the rows that the number of clusters says nothing."""
        return self.degrees < EQUAL_SHARE * (self.clusters - 1)

    @property
    def quantile(self) -> float:
        """How many standard errors the interval reaches."""
        return float(stdtrit(self.degrees, (1 + CONFIDENCE) / 2))


class Interval(NamedTuple):
    """A mean difference with its 95% interval; a bound is ``None`` where it does not exist."""

    mean: float | None
    low: float | None
    high: float | None
    method: str


def paired_interval(
    tuned: Floats,
    base: Floats,
    *,
    rng: np.random.Generator,
    counts: Counts | None = None,
    clusters: NDArray[np.int64] | None = None,
    limits: tuple[float, float] | None = None,
    resamples: int = 10_000,
) -> Interval:
    """Mean of ``tuned - base`` (both of shape (n,), nothing missing) with the interval that suits the data.

    Scores that are only the two ends of the scale, ``limits``: Newcombe's interval for paired proportions.
    All differences equal: the bound of :func:`constant_interval`. From 100 pairs on the BCa bootstrap, from 6 to 99
    the differences that a sign-flip test does not reject; both are widened where few rows differ
    (:func:`sparse_interval`). Student's t with more than 256 distinct differences, where the others come to the same.
    No bound lies outside what the scale allows. n = 0: all ``None``; n = 1: the mean only; n = 2 to 5: Student's t,
    very wide.

    ``counts`` (n,), all positive, say how many records have each pair of scores; ``None``: one.
    With ``clusters`` (n,), equal where records belong together, clusters take the place of records
    (:func:`cluster_values`); yes/no scores are then treated like any others, and there are no ``counts``. Where few of
    them hold most rows, the interval is at least as wide as :func:`cluster_spread` says.
    """
    differences = np.asarray(tuned, float) - np.asarray(base, float)
    if number_of(differences, counts) < 2:
        return Interval(float(differences[0]) if len(differences) else None, None, None, "none: fewer than two pairs")
    units = cluster_values(differences, clusters)
    clustered = len(units) < len(differences)
    values, numbers = distinct_counts(units, counts)
    n = number_of(units, counts)
    if n < 2:
        return Interval(float(differences.mean()), None, None, "none: fewer than two clusters")
    if limits and not clustered and only_values(tuned, limits) and only_values(base, limits):
        return newcombe_interval(tuned, base, counts=counts, limits=limits)
    if len(values) == 1:
        return constant_interval(float(values[0]), n, limits=limits)
    if numbers is None or n < FEWEST_PAIRS or len(values) > RESAMPLED_VALUES:
        interval = student_interval(values, numbers)
    elif n < SMALL_SAMPLE:
        interval = sign_flip_interval(values, numbers, rng=rng, resamples=resamples)
    else:
        interval = bootstrap_interval(values, numbers, rng=rng, resamples=resamples)
    assert interval.low is not None
    assert interval.high is not None
    low, high = sparse_interval(values, numbers, limits=limits)
    low, high = min(low, interval.low), max(high, interval.high)
    method = interval.method + (f" over {n:,} clusters" if clustered else "")
    if low < interval.low or high > interval.high:
        method += ", widened: few rows differ"
    if clusters is not None and (own := cluster_spread(differences, clusters)).unequal:
        half, mean = own.quantile * own.error, float(differences.mean())
        low, high = min(low, mean - half), max(high, mean + half)
        method += ", widened: few clusters hold most rows"
    if limits is not None:
        low, high = max(low, limits[0] - limits[1]), min(high, limits[1] - limits[0])
    return Interval(interval.mean, low, high, method)


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


def cluster_spread(values: Floats, clusters: NDArray[np.int64]) -> ClusterSpread:
    """Of the mean of ``values`` (n,) over clusters that may differ in size; needs two of them.

    A cluster that holds much of the rows pulls the mean towards itself and hides its own error, so that its square is
    divided by one minus its share; and one cluster says little about how clusters vary, however many small ones there
    are. Degrees are those of clusters whose rows all say the same: the squared sum of the squared shares over the sum
    of their fourth powers (Bell and McCaffrey, 2002, Survey Methodology 28; Satterthwaite, 1946, Biometrics Bulletin
    2), at most the number of clusters less one.
    """
    _, at = np.unique(clusters, return_inverse=True)
    squares = (np.bincount(at) / len(at)) ** 2
    errors = np.bincount(at, weights=values - values.mean()) / len(at)
    error = math.sqrt(float((errors**2 / (1 - np.sqrt(squares))).sum()))
    degrees = float(squares.sum() ** 2 / (squares**2).sum())
    return ClusterSpread(error, min(degrees, len(squares) - 1), len(squares))


def student_interval(values: Floats, counts: Counts | None) -> Interval:
    """Student's t interval of a mean, from values and counts; needs n >= 2."""
    n, mean = number_of(values, counts), _mean(values, counts)
    half = _student_quantile(n) * math.sqrt(total((values - mean) ** 2, counts) / (n - 1) / n)
    return Interval(mean, mean - half, mean + half, "Student t")


def sign_flip_interval(
    values: Floats, counts: Counts, *, rng: np.random.Generator, resamples: int = 10_000
) -> Interval:
    """The mean differences that a two-sided sign-flip test does not reject; needs n >= 6.

    Flipping the signs of ``d - theta`` for some records gives a sum at least as large as the observed one exactly when
    those records' mean is at most theta. So the ends are quantiles of the means of all non-empty subsets of the
    records (Hartigan, 1969, "Using subsample values as typical values", JASA 64), the empty subset standing for
    the observed signs. Equal means count by half, as in a mid-p-value, and between two of them the distribution
    is taken as linear. Subsets are counted like sign patterns: all of them up to 15 records, and mostly beyond.
    """
    ascending, mirrored = _canonical(values, counts)
    subsets = chosen_counts(ascending[1], rng=rng, resamples=resamples)
    sizes = subsets.chosen.sum(axis=1)
    some = sizes > 0
    means = np.round(subsets.chosen[some] @ ascending[0] / sizes[some], 12)
    means, at = np.unique(means, return_inverse=True)
    weights = np.bincount(at, weights=subsets.weights[some])
    tail, empty = (1 - CONFIDENCE) / 2, 0.5 ** int(counts.sum())
    low, high = (
        float(np.interp(tail, np.cumsum(own) - own / 2 + empty / 2, ends))
        for own, ends in ((weights, means), (weights[::-1], means[::-1]))
    )
    how = "exact" if subsets.exact else f"{resamples:,} patterns"
    return Interval(_mean(values, counts), *_as_given(low, high, mirrored), f"sign-flip inversion, {how}")


def bootstrap_interval(
    values: Floats, counts: Counts, *, rng: np.random.Generator, resamples: int = 10_000
) -> Interval:
    """Bias-corrected and accelerated bootstrap of a mean over records: Efron (1987), JASA 82.

    Resampling n records with replacement draws the counts of the distinct values from a multinomial, so
    that is what is drawn. The normal quantile is replaced by ``t * sqrt(n / (n - 1))``, which makes up for what
    resampling is too narrow by (Hesterberg, 2015, American Statistician 69(4)). Mirrored data give exactly the
    mirrored interval. Needs n >= 2 and two distinct values.
    """
    n = int(counts.sum())
    (ordered, numbers), mirrored = _canonical(values, counts)
    if n <= 2 * len(values):  # hardly anything occurs twice: drawing records is quicker than drawing counts
        means = np.repeat(ordered, numbers)[rng.integers(0, n, size=(resamples, n), dtype=np.int32)].mean(axis=1)
    else:
        means = rng.multinomial(n, numbers / n, size=resamples) @ ordered / n
    tails = bca_probabilities(ordered, numbers, means, _student_quantile(n) * math.sqrt(n / (n - 1)))
    low, high = np.quantile(means, tails).tolist()
    method = f"BCa bootstrap, {resamples:,} resamples"
    return Interval(_mean(values, counts), *_as_given(low, high, mirrored), method)


def bca_probabilities(values: Floats, counts: Counts, means: Floats, quantile: float) -> tuple[float, float]:
    """At which probabilities of the bootstrap distribution ``means`` the BCa interval of a mean ends.

    ``quantile`` is 1.96 in the original. The jackknife's acceleration of a mean is the third moment over six times
    the second to the power 1.5, both as sums over the n records.
    """
    normal, mean = NormalDist(), _mean(values, counts)
    slack = 1e-12 * max(1.0, float(np.abs(values).max()))
    below = np.count_nonzero(means < mean - slack) + np.count_nonzero(means <= mean + slack)
    bias = normal.inv_cdf(min(max(below / (2 * len(means)), 1 / len(means)), 1 - 1 / len(means)))
    squares = float(counts @ (values - mean) ** 2)
    acceleration = float(counts @ (values - mean) ** 3) / (6 * squares**1.5)

    def probability(z: float) -> float:
        return normal.cdf(bias + (bias + z) / (1 - acceleration * (bias + z)))

    return probability(-quantile), probability(quantile)


def sparse_interval(
    values: Floats, counts: Counts | None, *, limits: tuple[float, float] | None = None
) -> tuple[float, float]:
    """Interval of a mean that knows how few rows differ from zero; too narrow where most do.

    The mean is wins' share times their size minus losses' share times theirs. The shares' Wilson intervals
    are put together by squaring and adding (MOVER: Zou and Donner, 2008, Statistics in Medicine 27), sizes
    as root mean squares. With few non-zero differences, where flips and bootstrap see almost no variance, this
    is what still covers. Where no win (or no loss) was seen at all, its size is unknown: it is taken to be half
    the scale, from 30 rows on 15 / n of it, or that of the other side if that is larger or there are no
    ``limits``. Needs a non-zero value.
    """
    n, mean, squares = number_of(values, counts), _mean(values, counts), values**2
    unseen = math.sqrt(total(squares, counts) / total(values != 0, counts))
    if limits is not None:
        unseen = max(unseen, UNSEEN_SHARE * min(1.0, UNSEEN_ROWS / n) * (limits[1] - limits[0]))
    ends = []
    for signs in (values > 0, values < 0):
        k = int(total(signs, counts))
        typical = math.sqrt(total(squares * signs, counts) / k) if k else unseen
        low, high = wilson_interval(k / n, n)
        ends.append(((k / n - low) * typical, (high - k / n) * typical))
    (wins_below, wins_above), (losses_below, losses_above) = ends
    return mean - math.hypot(wins_below, losses_above), mean + math.hypot(wins_above, losses_below)


def constant_interval(difference: float, n: int, *, limits: tuple[float, float] | None) -> Interval:
    """Interval when all n differences are equal: no variance was seen, which does not mean there is none.

    With this confidence at most ``q = 1 - 0.025 ** (1 / n)`` of all records differ from the observed value (Clopper
    and Pearson, 1934), and those by no more than the scale allows. So three equal gains prove nothing, and sixty ties
    leave a difference of 6% of the scale possible. Without ``limits`` there is no bound.
    """
    method = "bound for equal differences"
    if limits is None:
        return Interval(difference, None, None, method)
    span = limits[1] - limits[0]
    unseen = 1 - ((1 - CONFIDENCE) / 2) ** (1 / n)
    return Interval(
        difference, difference - unseen * (difference + span), difference + unseen * (span - difference), method
    )


def newcombe_interval(
    tuned: Floats, base: Floats, *, counts: Counts | None = None, limits: tuple[float, float] = (0, 1)
) -> Interval:
    """Difference of two paired proportions: Newcombe (1998), Statistics in Medicine 17, method 10.

    Scores are the two ``limits``; the interval is scaled to their distance. ``counts`` as in :func:`paired_interval`.
    n >= 1 required.
    """
    low, high = limits
    cells = 2 * (np.asarray(tuned) == high) + (np.asarray(base) == high)
    neither, only_base, only_tuned, both = np.bincount(cells, weights=counts, minlength=4).astype(int).tolist()
    n = neither + only_base + only_tuned + both
    p1, p2 = (both + only_tuned) / n, (both + only_base) / n
    (l1, u1), (l2, u2) = wilson_interval(p1, n), wilson_interval(p2, n)
    product = (both + only_tuned) * (only_base + neither) * (both + only_base) * (only_tuned + neither)
    cross = float(both * neither - only_tuned * only_base)
    if cross > 0:
        cross = max(cross - n / 2, 0.0)  # the continuity correction of method 10
    phi = cross / math.sqrt(product) if product else 0.0
    below = math.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    above = math.sqrt((u1 - p1) ** 2 - 2 * phi * (u1 - p1) * (p2 - l2) + (p2 - l2) ** 2)
    span, mean = high - low, (only_tuned - only_base) / n
    return Interval(mean * span, (mean - below) * span, (mean + above) * span, "Newcombe paired")


def _mean(values: Floats, counts: Counts | None) -> float:
    return total(values, counts) / number_of(values, counts)


def _student_quantile(n: int) -> float:
    return float(stdtrit(n - 1, (1 + CONFIDENCE) / 2))


def _canonical(values: Floats, counts: Counts) -> tuple[tuple[Floats, Counts], bool | None]:
    """The data or their mirror image, whichever comes first, and which: the same draws then serve both.

    ``None`` where they are their own mirror image.
    """
    here, other = [*values, *counts], [*-values[::-1], *counts[::-1]]
    if other < here:
        return (-values[::-1], counts[::-1]), True
    return (values, counts), None if here == other else False


def _as_given(low: float, high: float, mirrored: bool | None) -> tuple[float, float]:
    """An interval of :func:`_canonical` data as that of the data given."""
    if mirrored is None:
        return (low - high) / 2, (high - low) / 2
    return (-high, -low) if mirrored else (low, high)
