"""Areas under curves: ROC-AUC and average precision, exact, with what each row contributes to them.

Values are sorted within each class, never ranked together: numpy sorts numbers several times as fast as it finds
their order. Where there are very many rows, contributions come from a fine histogram of the scores; the values
themselves stay exact.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from model_evaluation.kinds.predictive.runtime.tables import Booleans, Codes, Floats
from model_evaluation.runtime.statistics.confusion import divided
from model_evaluation.runtime.statistics.proportions import CONFIDENCE

from .estimates import Contributions, Estimate, absent, by_contributions

BINNED_ROWS = 1_000_000  # from here on contributions come from a histogram
BINS = 1 << 14
FEW_OF_A_CLASS = 500  # below this the usual interval of an AUC covers too rarely


class Areas(NamedTuple):
    """Both areas; ``None`` where a class is absent."""

    roc_auc: float | None
    average_precision: float | None


def areas(truth: Booleans, score: Floats) -> Areas:
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
    truth: Booleans, score: Floats, weight: Floats | None, clusters: Codes | None, known: Areas | None = None
) -> Estimate:
    """The AUC with Newcombe's interval where a class is rare, else DeLong's on the logit scale. ``known`` saves finding
    the area again, where rows count once each.

    DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44; Newcombe (2006), Statistics in Medicine 25, method 5.
    """
    m, n = int(truth.sum()), int((~truth).sum())
    if m == 0 or n == 0:
        return absent(f"{'no positive' if m == 0 else 'no negative'} row", len(truth))
    if weight is not None and min(weight[truth].sum(), weight[~truth].sum()) <= 0:
        return absent("the rows of a class have no weight", len(truth))
    shares = _shares_below(truth, score, weight)
    own = np.where(truth, shares, 1 - shares)  # what a row's pairs say, its own class against the other
    if weight is None:
        value = (known or areas(truth, score)).roc_auc
        assert value is not None
        of_positive, of_negative = (1 / math.sqrt(size * max(1, size - 1)) for size in (m, n))
        contributions = (own - value) * np.where(truth, of_positive, of_negative)
    else:
        value = float(np.average(own[truth], weights=weight[truth]))
        contributions = (own - value) * weight / np.where(truth, weight[truth].sum(), weight[~truth].sum())
    parts = Contributions(contributions, strata=truth)
    if (min(m, n) >= FEW_OF_A_CLASS and 0 < value < 1) or clusters is not None or weight is not None:
        return by_contributions(value, parts, len(truth), clusters, share=True, method="DeLong")
    low, high = newcombe_auc_interval(value, m, n)
    return Estimate(value, low, high, len(truth), "Newcombe, score method", parts)


def _shares_below(truth: Booleans, score: Floats, weight: Floats | None) -> Floats:
    """For each row the share of the other class that has a lower score, ties by half."""
    if weight is None and len(truth) > BINNED_ROWS:
        return _binned_shares(truth, score)
    shares = np.empty(len(truth))
    weights = np.ones(len(truth)) if weight is None else weight
    for own in (truth, ~truth):
        order = np.argsort(score[~own], kind="stable")
        others, heaped = score[~own][order], np.concatenate(([0.0], np.cumsum(weights[~own][order])))
        left, right = (np.searchsorted(others, score[own], side) for side in ("left", "right"))
        shares[own] = (heaped[left] + heaped[right]) / (2 * heaped[-1])
    return shares


def _binned_shares(truth: Booleans, score: Floats) -> Floats:
    at, (negative, positive) = _histogram(truth, score)
    tables = [(np.cumsum(counts) - counts / 2) / counts.sum() for counts in (positive, negative)]
    return np.concatenate(tables)[at + truth * len(negative)]


def _histogram(truth: Booleans, score: Floats) -> tuple[Codes, Floats]:
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
    truth: Booleans, score: Floats, weight: Floats | None, clusters: Codes | None, known: Areas | None = None
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
    if weight is None and n > BINNED_ROWS:
        at, counts = _histogram(truth, score)
        at, counts = len(counts[0]) - 1 - at, counts[:, ::-1]
    else:
        distinct, at = np.unique(-score, return_inverse=True)
        weights = np.ones(n) if weight is None else weight
        counts = np.stack([np.bincount(at, weights * own, len(distinct)) for own in (~truth, truth)])
    found, alerts = np.cumsum(counts[1]), np.cumsum(counts.sum(axis=0))
    total = found[-1]
    precision = np.nan_to_num(divided(found, alerts))
    up = np.nan_to_num(divided(counts[1] * (alerts - found), alerts**2))
    down = np.nan_to_num(divided(counts[1] * found, alerts**2))
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
