"""Whether probabilities mean what they say: of the rows with 0.2, are 20% positive?"""

from __future__ import annotations

import math
from typing import NamedTuple, TypedDict

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, stdtrit

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.statistics.strength import effective_size

from .losses import TINY

BINS = 10
FEWEST = 5  # events, and non-events, that a slope needs
SIMULATIONS = 200
SIMULATED_ROWS = 20_000  # the expected error of so many rows is scaled to that of more
GRID = 0.002  # on the logit scale, to which the scores of very many rows are rounded
GRID_ROWS = 100_000
Z = 1.959964
SEED = 20260101


class ReliabilityBin(TypedDict):
    """Rows whose scores lie together: their mean score and the share of positives among them."""

    n: int
    mean_score: float
    share: float
    ci_low: float
    ci_high: float


class Calibration(TypedDict):
    """``slope`` 1 and ``intercept`` 0 are perfect: below 1 the scores are too sure of themselves, and below 0 (with the
    slope taken as 1) they are too high. ``ece`` is the mean distance of bins from the diagonal, ``ece_expected`` what
    perfectly calibrated scores would show by chance alone. ``None`` where a number does not exist."""

    n: int
    slope: float | None
    slope_ci: list[float] | None
    intercept: float | None
    intercept_ci: list[float] | None
    ece: float
    ece_expected: float
    bins: list[ReliabilityBin]


def calibration(
    truth: Codes, score: Floats, weight: Floats | None = None, clusters: Codes | None = None
) -> Calibration:
    """Of probabilities of the positive class, n >= 1. Slope and intercept from a logistic regression of the truth on
    the logit of the score (Cox, 1958, Biometrika 45), with Wald intervals, which allow for weights and for rows that
    belong together; the bins' intervals for the latter only."""
    n = len(truth)
    bins = _bins(truth, score, weight, clusters)
    slope = intercept = None
    alone = clusters is not None and np.ptp(clusters) == 0
    own = np.ones(n) if weight is None else weight * (n / weight.sum())
    if min(int(truth.sum()), n - int(truth.sum())) >= FEWEST and np.ptp(score) > 0 and not alone:
        logits = np.asarray(logit(np.clip(score, TINY, 1 - TINY)))
        rows = _rounded(truth, logits, own)
        plain, ones = weight is None and clusters is None, np.ones(n)

        def coefficient(fit: Fit | None, design: Floats, known: Floats) -> Coefficient | None:
            """The last one of a fit to these rows, ``known`` being what is not fitted."""
            if fit is None:
                return None
            if plain:
                return float(fit.beta[-1]), math.sqrt(np.linalg.inv(fit.hessian)[-1, -1])
            scores = design * (own * (truth - expit(fit.beta @ design + known)))
            return float(fit.beta[-1]), _robust_error(scores, fit.hessian, clusters)

        slope = coefficient(_slope(*rows), np.stack([ones, logits]), np.zeros(n))
        intercept = coefficient(_offset(*rows), ones[None], logits)
    return {
        "n": n,
        "slope": slope and slope[0],
        "slope_ci": _wald(slope),
        "intercept": intercept and intercept[0],
        "intercept_ci": _wald(intercept),
        "ece": _distance(bins),
        "ece_expected": expected_error(score),
        "bins": bins,
    }


def _bin_of(score: Floats) -> Codes:
    """Ten bins of equally many rows; equal scores stay together, so there may be fewer."""
    edges = np.unique(np.quantile(score, np.linspace(0, 1, BINS + 1)[1:-1]))
    return np.asarray(np.searchsorted(edges, score, "right"), np.int64)


def _bins(truth: Codes, score: Floats, weight: Floats | None, clusters: Codes | None) -> list[ReliabilityBin]:
    at = _bin_of(score)
    own = np.ones(len(score)) if weight is None else weight
    bins: list[ReliabilityBin] = []
    counts, heaps, sums, hits = (np.bincount(at, weights=values) for values in (None, own, own * score, own * truth))
    for number in np.flatnonzero(heaps > 0):
        n, heap = int(counts[number]), heaps[number]
        mean, share = float(sums[number] / heap), float(hits[number] / heap)
        rows = at == number
        worth = n if clusters is None else effective_size((truth == 1) & rows, rows, clusters)
        low, high = wilson_interval(min(1.0, share), worth)
        bins.append({"n": n, "mean_score": mean, "share": share, "ci_low": low, "ci_high": high})
    return bins


def _distance(bins: list[ReliabilityBin]) -> float:
    n = sum(own["n"] for own in bins)
    return sum(own["n"] * abs(own["share"] - own["mean_score"]) for own in bins) / n if n else math.nan


def expected_error(score: Floats) -> float:
    """The calibration error (ECE) that these scores would show if they were perfectly calibrated: the mean of 200
    simulated truths. It falls with the root of the rows, by which a sample of very many is scaled."""
    rng = np.random.default_rng(SEED)
    n = len(score)
    own = score if n <= SIMULATED_ROWS else rng.choice(score, SIMULATED_ROWS, replace=False)
    at = _bin_of(own)
    gaps = [np.bincount(at, weights=(rng.random(len(own)) < own) - own) for _ in range(SIMULATIONS)]
    return float(np.abs(gaps).sum()) / len(own) / SIMULATIONS * math.sqrt(len(own) / n)


Coefficient = tuple[float, float]
"""Value and standard error."""


class Fit(NamedTuple):
    """Coefficients (k,) and the second derivatives (k, k) of minus the log likelihood."""

    beta: Floats
    hessian: Floats


def _robust_error(scores: Floats, hessian: Floats, clusters: Codes | None) -> float:
    """The standard error of the last coefficient by how much rows, or groups, differ in their ``scores`` (k, n), the
    derivatives of the log likelihood (Liang and Zeger, 1986, Biometrika 73); longer by what Student's t is."""
    if clusters is not None:
        scores = np.stack([np.bincount(clusters, weights=own) for own in scores])
        scores = scores[:, np.unique(clusters)]
    groups = scores.shape[1]
    inverse = np.linalg.inv(hessian)
    variance = (inverse @ (scores @ scores.T) @ inverse)[-1, -1] * groups / (groups - 1)
    return math.sqrt(variance) * float(stdtrit(groups - 1, 0.975)) / Z


def _rounded(truth: Codes, logits: Floats, weight: Floats) -> tuple[Floats, Floats, Floats]:
    """Logits with the weights of all rows and of the positive ones; very many rows are put on a fine grid."""
    if len(logits) <= GRID_ROWS:
        return logits, weight, weight * truth
    values, at = np.unique(np.round(logits / GRID), return_inverse=True)
    totals, hits = (np.bincount(at, weights=own).astype(np.float64) for own in (weight, weight * truth))
    return values * GRID, totals, hits


def _slope(x: Floats, total: Floats, hits: Floats) -> Fit | None:
    """Of the logit, with an intercept, by Newton's method; ``None`` where the classes are separated and there is no
    maximum."""
    design = np.stack([np.ones(len(x)), x])
    beta = np.array([0.0, 1.0])
    for _ in range(60):
        p = expit(beta @ design)
        hessian = (total * p * (1 - p) * design) @ design.T
        if np.linalg.cond(hessian) > 1e14:
            return None
        step = np.linalg.solve(hessian, design @ (hits - total * p))
        step *= min(1.0, 5 / max(1e-300, float(np.abs(step).max())))
        beta = beta + step
        if np.abs(step).max() < 1e-9:
            return Fit(beta, hessian)
        if np.abs(beta).max() > 1e4:
            return None
    return None


def _offset(x: Floats, total: Floats, hits: Floats) -> Fit | None:
    """The intercept alone, with the slope taken as 1; ``None`` where there is no maximum."""

    def excess(beta: float) -> float:
        """How many positive rows there are more than expected; it falls as beta rises."""
        return float((hits - total * expit(beta + x)).sum())

    most = 2 * float(np.abs(x).max()) + 50
    if excess(-most) <= 0 or excess(most) >= 0:
        return None
    beta = float(brentq(excess, -most, most, xtol=1e-10))
    p = expit(beta + x)
    return Fit(np.array([beta]), np.array([[(total * p * (1 - p)).sum()]]))


def _wald(coefficient: Coefficient | None) -> list[float] | None:
    return None if coefficient is None else [coefficient[0] + sign * Z * coefficient[1] for sign in (-1, 1)]
