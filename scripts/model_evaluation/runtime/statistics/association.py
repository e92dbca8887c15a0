"""Whether scores go together with the length of answers: an association, which is not a cause."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .common import MASKED_VALUES, Floats, distinct_counts, normal_quantile

FEWEST_ASSOCIATED = 5  # below this the interval spans nearly everything


def length_effect(
    differences: Floats,
    lengths: Floats,
    *,
    ranks: Floats | None = None,
    clusters: int | None = None,
    confidence: float = 0.95,
) -> dict[str, Any] | None:
    """Spearman's rank correlation of score differences with answer-length differences, tuned minus base.

    Both of shape (n,); rows where one is NaN do not count. Above 0: where the tuned answer is longer than the base
    model's, its score tends to be higher. The interval is Fisher's z with the variance ``(1 + r**2 / 2) / (n - 3)``
    (Bonett and Wright, 2000, Psychometrika 65); ``clusters`` takes the place of n in it where rows are clustered.
    ``ranks`` are the :func:`mid_ranks` of all lengths, where they are known. ``None`` at n = 0; the correlation is
    ``None`` where either never varies (n = 1 among them), the interval below five rows or clusters.
    """
    both = np.isfinite(differences) & np.isfinite(lengths)
    scores, longer = differences[both], lengths[both]
    n = len(scores)
    if n == 0:
        return None
    correlation = _correlation(mid_ranks(scores), mid_ranks(longer) if ranks is None or n < len(ranks) else ranks)
    low = high = None
    independent = min(n, clusters or n)
    if correlation is not None and independent >= FEWEST_ASSOCIATED:
        half = normal_quantile((1 + confidence) / 2) * math.sqrt((1 + correlation**2 / 2) / (independent - 3))
        centre = math.atanh(min(max(correlation, -1 + 1e-12), 1 - 1e-12))
        low, high = math.tanh(centre - half), math.tanh(centre + half)
    return {
        "n": n,
        "spearman": correlation,
        "ci_low": low,
        "ci_high": high,
        "confidence": confidence,
        "mean_length_difference": float(longer.mean()),
    }


def _correlation(a: Floats, b: Floats) -> float | None:
    a, b = a - a.mean(), b - b.mean()
    spread = math.sqrt(float(a @ a) * float(b @ b))
    return min(1.0, max(-1.0, float(a @ b) / spread)) if spread > 0 else None


def mid_ranks(values: Floats) -> Floats:
    """Ranks from 1, ties sharing their mean rank; equal to twelve decimals counts as equal.

    Whole numbers that lie close together, as lengths do, are counted instead of sorted.
    """
    whole = values.astype(np.int64)
    lowest = int(whole.min(initial=0))
    if int(whole.max(initial=0)) - lowest <= len(values) + 1_000 and np.array_equal(whole, values):
        counts = np.bincount(whole - lowest)
        return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[whole - lowest])
    found, counts = distinct_counts(values)
    middle, rounded = np.cumsum(counts) - (counts - 1) / 2, np.round(values, 12)
    if len(found) > MASKED_VALUES:
        return np.asarray(middle[np.searchsorted(found, rounded)], float)
    at = np.zeros(len(rounded), np.uint8)
    for value in found[1:]:
        at += rounded >= value
    return np.asarray(middle[at], float)
