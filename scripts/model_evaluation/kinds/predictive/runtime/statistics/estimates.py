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
from scipy.special import stdtrit
from scipy.stats import t as student

from model_evaluation.kinds.predictive.runtime.joined import Codes
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.runtime.statistics.entries import Difference, MeasuredValue
from model_evaluation.runtime.statistics.planning import detectable_difference

CONFIDENCE = 0.95


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
    """The standard error of an estimate, and the degrees of freedom it rests on."""

    error: float
    degrees: float


def absent(reason: str, n: int = 0) -> Estimate:
    """No value, for this reason."""
    return Estimate(None, None, None, n, f"none: {reason}")


def spread(contributions: Contributions, clusters: Codes | None) -> Spread:
    """The standard error; over clusters where rows belong together, with their number less one as degrees."""
    values, counts, strata = contributions
    if clusters is not None:
        _, at = np.unique(clusters, return_inverse=True)
        sums = np.bincount(at, weights=values)
        groups = len(sums)
        if groups < 2:
            return Spread(math.nan, 0)
        return Spread(math.sqrt(groups / (groups - 1) * float(np.square(sums).sum())), groups - 1)
    n = len(values) if counts is None else float(counts.sum())
    total = np.dot(values, values) if counts is None else np.dot(np.square(values), counts)
    degrees = max(n - 1, 1)
    if strata is not None and total > 0:  # Welch's
        positive = float(np.dot(np.square(values), strata))
        parts = [(positive, int(strata.sum())), (float(total) - positive, int((~strata).sum()))]
        degrees = max(1.0, float(total) ** 2 / sum(part**2 / max(size - 1, 1) for part, size in parts))
    return Spread(math.sqrt(float(total)), degrees)


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
    scale, above 0, which suits means of losses, whose few large ones a sample may lack."""
    error, degrees = spread(contributions, clusters)
    over = f" over {int(degrees) + 1:,} groups" if clusters is not None else ""
    if n < 2 or degrees < 1 or not math.isfinite(error):
        return Estimate(value, None, None, n, "none: fewer than two rows", contributions)
    quantile = float(stdtrit(degrees, (1 + CONFIDENCE) / 2))
    if share and 0 < value < 1:
        logit, half = math.log(value / (1 - value)), quantile * error / (value * (1 - value))
        low, high = (1 / (1 + math.exp(-min(700.0, max(-700.0, logit + sign * half)))) for sign in (-1, 1))
        return Estimate(value, low, high, n, f"{method}, logit scale{over}", contributions)
    if positive and value > 0:
        factor = math.exp(min(700.0, quantile * error / value))
        return Estimate(value, value / factor, value * factor, n, f"{method}, log scale{over}", contributions)
    low, high = value - quantile * error, value + quantile * error
    if share:
        low, high = max(0.0, low), min(1.0, high)
    return Estimate(value, low, high, n, f"{method}, Student t{over}", contributions)


def difference_of(tuned: Estimate, base: Estimate, clusters: Codes | None) -> Difference | None:
    """Tuned minus base on the same rows, from both contributions; ``None`` where one of the two does not exist."""
    if tuned.value is None or base.value is None or tuned.contributions is None or base.contributions is None:
        return None
    error, degrees = spread(tuned.contributions.minus(base.contributions), clusters)
    mean = tuned.value - base.value
    if not math.isfinite(error) or tuned.n < 2:
        return difference(mean, None, None, None, None, tuned.n, "none: fewer than two rows", None)
    half = float(stdtrit(degrees, (1 + CONFIDENCE) / 2)) * error
    p_value = 2 * float(student.sf(abs(mean) / error, degrees)) if error > 0 else float(mean == 0)
    over = f" over {int(degrees) + 1:,} groups" if clusters is not None else ""
    return difference(mean, mean - half, mean + half, p_value, error, tuned.n, f"influence, paired{over}", f"t{over}")


def difference(
    mean: float,
    low: float | None,
    high: float | None,
    p_value: float | None,
    error: float | None,
    n: int,
    method: str,
    test: str | None,
    exact: float | None = None,
) -> Difference:
    """A difference as the summary has it. ``deviation`` is what one row would have: the error times the root of n."""
    deviation = None if error is None else error * math.sqrt(n)
    return {
        "mean": mean,
        "ci_low": low,
        "ci_high": high,
        "confidence": CONFIDENCE,
        "method": method,
        "p_value": p_value,
        "p_adjusted": p_value,
        "p_exact": exact,
        "test": test,
        "deviation": deviation,
        "detectable": detectable_difference(deviation, n) if deviation else None,
    }


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
