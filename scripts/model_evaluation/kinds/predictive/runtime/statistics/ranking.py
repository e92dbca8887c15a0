"""Areas under curves: ROC-AUC and average precision, exact, with what each row contributes to them.

Values are sorted within each class, never ranked together: numpy sorts numbers several times as fast as it finds
their order. Where there are very many rows, contributions come from a fine histogram of the scores; the values
themselves stay exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtri

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats

from .estimates import CONFIDENCE, Contributions, Estimate, absent, by_contributions

BINNED_ROWS = 1_000_000  # from here on contributions come from a histogram
BINS = 1 << 14
FEW_OF_A_CLASS = 500  # below this the usual interval of an AUC covers too rarely

Truth = NDArray[np.bool_]


class Areas(NamedTuple):
    """Both areas; ``None`` where a class is absent."""

    roc_auc: float | None
    average_precision: float | None


def areas(truth: Truth, score: Floats) -> Areas:
    """ROC-AUC, ties counted by half, and average precision as scikit-learn has it, of rows that count once each."""
    positive, negative = np.sort(score[truth]), np.sort(score[~truth])
    m, n = len(positive), len(negative)
    if m == 0:
        return Areas(None, None)
    below = np.searchsorted(negative, positive, "left")  # negatives with a lower score
    if n:
        twice = 2 * int(below.sum())
        tied = negative[np.minimum(below, n - 1)] == positive
        tied &= below < n
        if tied.any():
            values, counts = np.unique(positive[tied], return_counts=True)
            same = np.searchsorted(negative, values, "right") - np.searchsorted(negative, values, "left")
            twice += int(np.dot(same, counts))
        auc = twice / (2 * m * n)
    first = np.flatnonzero(np.concatenate(([True], positive[1:] != positive[:-1])))  # of each distinct score
    found = m - first  # positives with at least this score
    alerts = found + n - below[first]
    if len(first) == m:
        precision = float((found / alerts).mean())
    else:
        precision = float(np.dot(np.diff(np.append(first, m)) / m, found / alerts))
    return Areas(auc if n else None, precision)


def roc_auc(
    truth: Truth, score: Floats, weight: Floats | None, clusters: Codes | None, known: Areas | None = None
) -> Estimate:
    """The AUC with Newcombe's interval where a class is rare, else DeLong's on the logit scale. ``known`` saves finding
    the area again, where rows count once each.

    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; Newcombe (2006), Statistics in Medicine 25, method 5.
    """
    m, n = int(truth.sum()), int((~truth).sum())
    if m == 0 or n == 0:
        return absent(f"{'no positive' if m == 0 else 'no negative'} row", len(truth))
    totals = _class_totals(truth, weight)
    if min(totals) <= 0:
        return absent("the rows of a class have no weight", len(truth))
    shares = _shares_below(truth, score, weight)
    own = np.where(truth, shares, 1 - shares)  # what a row's pairs say, its own class against the other
    if weight is None:
        exact = (known or areas(truth, score)).roc_auc
    else:
        exact = float(np.dot(own[truth], weight[truth]) / totals[1])
    assert exact is not None
    value = exact
    contributions = own - value
    if weight is None:
        for mask, size in ((truth, m), (~truth, n)):
            contributions[mask] *= 1 / math.sqrt(size * (size - 1)) if size > 1 else 1 / size
    else:
        contributions *= weight / np.where(truth, totals[1], totals[0])
    parts = Contributions(contributions, strata=truth)
    if (min(m, n) >= FEW_OF_A_CLASS and 0 < value < 1) or clusters is not None or weight is not None:
        return by_contributions(value, parts, len(truth), clusters, share=True, method="DeLong")
    low, high = newcombe_auc_interval(value, m, n)
    return Estimate(value, low, high, len(truth), "Newcombe, score method", parts)


def _class_totals(truth: Truth, weight: Floats | None) -> tuple[float, float]:
    """Negative, positive."""
    if weight is None:
        return float((~truth).sum()), float(truth.sum())
    return float(weight[~truth].sum()), float(weight[truth].sum())


def _shares_below(truth: Truth, score: Floats, weight: Floats | None) -> Floats:
    """For each row the share of the other class that has a lower score, ties by half."""
    if weight is None and len(truth) > BINNED_ROWS:
        return _binned_shares(truth, score)
    shares = np.empty(len(truth))
    for own in (truth, ~truth):
        others = score[~own]
        if weight is None:
            others = np.sort(others)
            left, right = (np.searchsorted(others, score[own], side) for side in ("left", "right"))
            shares[own] = (left + right) / (2 * len(others))
        else:
            order = np.argsort(others, kind="stable")
            heaped = np.concatenate(([0.0], np.cumsum(weight[~own][order])))
            left, right = (np.searchsorted(others[order], score[own], side) for side in ("left", "right"))
            shares[own] = (heaped[left] + heaped[right]) / (2 * heaped[-1])
    return shares


def _binned_shares(truth: Truth, score: Floats) -> Floats:
    at, (negative, positive) = _histogram(truth, score)
    tables = [(np.cumsum(counts) - counts / 2) / counts.sum() for counts in (positive, negative)]
    return np.concatenate(tables)[at + truth * len(negative)]


def _histogram(truth: Truth, score: Floats) -> tuple[Codes, Floats]:
    """Each row's bin, and how many rows of each class the bins hold. Bins hold as many rows each where scores crowd."""
    low, high = float(score.min()), float(score.max())
    at = ((score - low) * ((BINS - 1) / (high - low or 1))).astype(np.int64)
    counts = np.bincount(at + truth * BINS, minlength=2 * BINS).reshape(2, BINS)
    if np.square(counts.sum(axis=0) / len(score)).sum() > 16 / BINS:  # crowded: take ranks of a sample as bins
        edges = np.unique(np.quantile(score[:: max(1, len(score) >> 20)], np.linspace(0, 1, BINS - 1)))
        at = np.searchsorted(edges, score)
        counts = np.bincount(at + truth * BINS, minlength=2 * BINS).reshape(2, BINS)
    return at, counts.astype(float)


def newcombe_auc_interval(value: float, positives: int, negatives: int) -> tuple[float, float]:
    """Newcombe's (2006) method 5: the AUCs that lie within the normal quantile of the value, with Hanley and McNeil's
    (1982) variance at the AUC in question and the mean class size in place of both."""
    z = float(ndtri((1 + CONFIDENCE) / 2))
    half = (positives + negatives) / 2 - 1

    def excess(theta: float) -> float:
        inner = 1 + half * (1 - theta) / (2 - theta) + half * theta / (1 + theta)
        return (theta - value) ** 2 - z * z * theta * (1 - theta) * inner / (positives * negatives)

    least, most = 1e-9, 1 - 1e-9  # at the very ends the variance is 0
    low = float(brentq(excess, least, min(value, most))) if value > 0 and excess(least) > 0 else 0.0
    high = float(brentq(excess, max(value, least), most)) if value < 1 and excess(most) > 0 else 1.0
    return low, high


def average_precision(
    truth: Truth, score: Floats, weight: Floats | None, clusters: Codes | None, known: Areas | None = None
) -> Estimate:
    """Average precision (the area below the precision-recall steps) with an interval on the logit scale.

    A positive row contributes its own precision and what it does to those below it, a negative one only the latter.
    """
    m = int(truth.sum())
    if m == 0:
        return absent("no positive row", len(truth))
    if weight is not None and weight[truth].sum() <= 0:
        return absent("the positive rows have no weight", len(truth))
    n = len(truth)
    value = (known or areas(truth, score)).average_precision if weight is None else None
    binned = weight is None and n > BINNED_ROWS
    if binned:
        at, counts = _histogram(truth, score)
        at, counts = len(counts[0]) - 1 - at, counts[:, ::-1]
    else:
        distinct, at = np.unique(-score, return_inverse=True)
        counts = np.stack(
            [
                np.bincount(at[mask], weights=None if weight is None else weight[mask], minlength=len(distinct))
                for mask in (~truth, truth)
            ]
        ).astype(float)
    found, alerts = np.cumsum(counts[1]), np.cumsum(counts.sum(axis=0))
    total = found[-1]
    with np.errstate(invalid="ignore", divide="ignore"):
        precision = np.where(alerts > 0, found / alerts, 0.0)
        up = np.where(alerts > 0, counts[1] * (alerts - found) / alerts**2, 0.0)
        down = np.where(alerts > 0, counts[1] * found / alerts**2, 0.0)
    exact = float(np.dot(counts[1], precision) / total)
    value = exact if value is None else value
    of_positive = (precision - exact + np.cumsum(up[::-1])[::-1]) / total
    of_negative = -np.cumsum(down[::-1])[::-1] / total
    contributions = np.concatenate((of_negative, of_positive))[at + truth * len(precision)]
    if weight is not None:
        contributions = contributions * weight
    elif n > 1:
        contributions *= math.sqrt(n / (n - 1))
    return by_contributions(value, Contributions(contributions, strata=truth), n, clusters, share=True)
