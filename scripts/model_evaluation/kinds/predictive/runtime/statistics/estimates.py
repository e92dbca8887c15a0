"""One number with its interval, and the difference of two on the same rows, from what each row contributes to them.

A row's *contribution* is its part of the estimate's error: contributions add up to 0, and their squares to the
estimate's variance (the influence function; Efron, 1982, "The jackknife, the bootstrap and other resampling plans",
chapter 6). So two models on the same rows differ by the difference of contributions, and rows that belong together are
added up first.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, stdtr, stdtrit

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.statistics.differences import difference_entry
from model_evaluation.runtime.statistics.intervals import Interval
from model_evaluation.runtime.statistics.permutation import PValue
from model_evaluation.runtime.statistics.proportions import CONFIDENCE
from model_evaluation.runtime.summary import Difference, MeasuredValue

MANY_OF_A_CLASS = 100_000  # more of either leave degrees of freedom enough
MANY_ROWS = 1_000_000  # from here on neither tails nor skewness change an interval


class Contributions(NamedTuple):
    """``values`` (k,) occur ``counts`` (k,) times each; ``counts`` is ``None`` where there is one per row. ``strata``
    (k,) are the classes where these vary for themselves: a rare one then leaves few degrees of freedom."""

    values: Floats
    counts: Floats | None = None
    strata: NDArray[np.bool_] | None = None

    def minus(self, other: Contributions) -> Contributions:
        return self._replace(values=self.values - other.values)


class Estimate(NamedTuple):
    """A metric's value; ``None`` where it does not exist, and ``method`` then says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    method: str
    contributions: Contributions | None = None

    def measured(self) -> MeasuredValue:
        return {"value": self.value, "ci_low": self.low, "ci_high": self.high, "n": self.n, "method": self.method}


class Spread(NamedTuple):
    """The standard error of an estimate, the degrees of freedom it rests on by the number of rows (or groups), and
    those that heavy tails leave; ``skewness`` is that of the estimate itself."""

    error: float
    degrees: float
    tail_degrees: float
    skewness: float


def absent(reason: str, n: int = 0) -> Estimate:
    """No value, for this reason."""
    return Estimate(None, None, None, n, f"none: {reason}")


def spread(contributions: Contributions, clusters: Codes | None) -> Spread:
    """The standard error; over clusters where rows belong together, with their number less one as degrees.

    A variance that a few rows carry is known as well as one of few rows: its degrees follow from the kurtosis
    (Satterthwaite, 1946, Biometrics Bulletin 2; for means that of Box, 1953, Biometrika 40).
    """
    values, counts, strata = contributions
    if clusters is not None:
        _, at = np.unique(clusters, return_inverse=True)
        sums: Floats = np.bincount(at, weights=values).astype(np.float64)
        if len(sums) < 2:
            return Spread(math.nan, 0, 0, 0)
        values, counts, strata = sums * math.sqrt(len(sums) / (len(sums) - 1)), None, None
    n = len(values) if counts is None else float(counts.sum())
    total = float(np.dot(values, values) if counts is None else np.dot(np.square(values), counts))
    degrees: float = max(n - 1, 1)
    if total <= 0:
        return Spread(0.0, degrees, degrees, 0.0)
    rows = 0 if strata is None else int(np.count_nonzero(strata))
    if strata is not None and min(rows, len(values) - rows) <= MANY_OF_A_CLASS:  # Welch's
        own = values[strata]
        positive = float(np.dot(own, own))
        parts = [(positive, rows), (total - positive, len(values) - rows)]
        degrees = max(1.0, total**2 / sum(part**2 / max(size - 1, 1) for part, size in parts))
    if n > MANY_ROWS:
        return Spread(math.sqrt(total), degrees, degrees, 0.0)
    squares = np.square(values)
    times = squares if counts is None else squares * counts
    skewness, fourth = float(np.dot(times, values)) / total**1.5, float(np.dot(times, squares))
    tails = _tail_degrees(n, n * fourth / total**2)
    return Spread(math.sqrt(total), degrees, min(degrees, tails), skewness)


def _tail_degrees(n: float, kurtosis: float) -> float:
    """How many degrees of freedom a variance of n values has whose kurtosis (3 of normal ones) is that."""
    if n < 4:
        return max(n - 1, 1)
    excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (kurtosis - 3) + 6)
    return max(1.0, 2 * n / (max(excess, 0.0) + 2 * n / (n - 1)))


def by_contributions(
    value: float,
    contributions: Contributions,
    n: int,
    clusters: Codes | None,
    *,
    share: bool = False,
    positive: bool = False,
    method: str = "influence",
) -> Estimate:
    """The estimate with Student's t interval; ``share``: on the logit scale, within 0 and 1; ``positive``: on the log
    scale, above 0, which suits means of losses, whose few large ones a sample may lack. For the same reason its upper
    end is also that of Hall's transformation (1992, Journal of the Royal Statistical Society B 54), if that is higher,
    which takes account of how skew the losses are."""
    error, degrees, tails, skewness = spread(contributions, clusters)
    over = f" over {int(degrees) + 1:,} groups" if clusters is not None else ""
    if n < 2 or degrees < 1 or not math.isfinite(error):
        return Estimate(value, None, None, n, "none: fewer than two rows", contributions)
    quantile = float(stdtrit(tails, (1 + CONFIDENCE) / 2))
    scale, low, high = "Student t", value - quantile * error, value + quantile * error
    if share and 0 < value < 1:
        half = quantile * error / (value * (1 - value))
        scale, (low, high) = "logit scale", expit(np.array([-half, half]) + logit(value)).tolist()
    elif positive and value > 0:
        factor = math.exp(min(700.0, quantile * error / value))
        scale, low = "log scale", value / factor
        high = max(value * factor, value + hall_quantile(quantile, skewness) * error)
    elif share:
        low, high = max(0.0, low), min(1.0, high)
    return Estimate(value, low, high, n, f"{method}, {scale}{over}", contributions)


def hall_quantile(quantile: float, skewness: float) -> float:
    """How many standard errors above its estimate a mean may lie, by the t-quantile and the estimate's skewness."""
    if skewness < 1e-6:
        return quantile
    return 3 / skewness * (1 - float(np.cbrt(1 - skewness * (quantile + skewness / 6))))


def difference_of(tuned: Estimate, base: Estimate, clusters: Codes | None) -> Difference | None:
    """Tuned minus base on the same rows, from both contributions; ``None`` where one of the two does not exist.

    The test has the degrees of freedom that heavy tails leave, the interval those of rows: large errors of both signs
    make it wide enough, and groups do not.
    """
    if tuned.value is None or base.value is None or tuned.contributions is None or base.contributions is None:
        return None
    error, degrees, tails, _ = spread(tuned.contributions.minus(base.contributions), clusters)
    mean, n = tuned.value - base.value, tuned.n
    if not math.isfinite(error) or n < 2:
        return difference_entry(Interval(mean, None, None, "none: fewer than two rows"))
    half = float(stdtrit(degrees if clusters is None else tails, (1 + CONFIDENCE) / 2)) * error
    p_value = 2 * float(stdtr(tails, -abs(mean) / error)) if error > 0 else float(mean == 0)
    over = f" over {int(degrees) + 1:,} groups" if clusters is not None else ""
    interval = Interval(mean, mean - half, mean + half, f"influence, paired{over}")
    return difference_entry(interval, PValue(p_value, None, f"t{over}"), error * math.sqrt(n), n)


def mean_estimate(losses: Floats, weight: Floats | None, clusters: Codes | None, *, positive: bool = False) -> Estimate:
    """The (weighted) mean of a number per row; ``positive``: of losses, none of which is below 0."""
    n = len(losses)
    if n == 0:
        return absent("no row")
    if weight is None:
        value = float(losses.mean())
        deviations = losses - value
        deviations *= 1 / n if n < 2 else 1 / math.sqrt(n * (n - 1))
    else:
        total = float(weight.sum())
        value = float(np.dot(losses, weight)) / total
        deviations = (losses - value) * (weight / total)
    return by_contributions(value, Contributions(deviations), n, clusters, positive=positive, method="mean")
