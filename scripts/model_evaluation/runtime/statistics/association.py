"""Whether scores go together with the length of answers: an association, which is not a cause."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypedDict

import numpy as np
from scipy import stats

from .counts import Floats
from .proportions import CONFIDENCE

FEWEST_ASSOCIATED = 5  # below this the interval spans nearly everything


class LengthEffect(TypedDict):
    """``mean_length_difference`` is in characters, tuned minus base; ``None`` where a number does not exist."""

    n: int
    spearman: float | None
    ci_low: float | None
    ci_high: float | None
    confidence: float
    mean_length_difference: float


def length_effect(differences: Floats, lengths: Floats, *, clusters: int | None = None) -> LengthEffect | None:
    """Spearman's rank correlation of score differences with answer-length differences, tuned minus base.

    Both of shape (n,); rows where one is NaN do not count. Above 0: where the tuned answer is longer than the base
    model's, its score tends to be higher. The interval is Fisher's z with the variance ``(1 + r**2 / 2) / (n - 3)``
    (Bonett and Wright, 2000, Psychometrika 65); ``clusters`` takes the place of n in it where rows are clustered.
    ``None`` at n = 0; the correlation is ``None`` where either never varies (n = 1 among them), the interval below
    five rows or clusters.
    """
    both = np.isfinite(differences) & np.isfinite(lengths)
    scores, longer = np.round(differences[both], 12), lengths[both]
    n = len(scores)
    if n == 0:
        return None
    varies = np.ptp(scores) > 0 and np.ptp(longer) > 0
    correlation = float(stats.spearmanr(scores, longer).statistic) if varies else None
    low = high = None
    independent = min(n, clusters or n)
    if correlation is not None and independent >= FEWEST_ASSOCIATED:
        quantile = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
        half = quantile * math.sqrt((1 + correlation**2 / 2) / (independent - 3))
        centre = math.atanh(min(max(correlation, -1 + 1e-12), 1 - 1e-12))
        low, high = math.tanh(centre - half), math.tanh(centre + half)
    return {
        "n": n,
        "spearman": correlation,
        "ci_low": low,
        "ci_high": high,
        "confidence": CONFIDENCE,
        "mean_length_difference": float(longer.mean()),
    }
