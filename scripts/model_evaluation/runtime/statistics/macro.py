"""The mean of parts' differences, each part weighing the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

from .entries import Comparison, Difference

CONFIDENCE = 0.95


def standard_error_of_mean(errors: Sequence[float]) -> float:
    """Of the unweighted mean of independent parts with these standard errors: sqrt(sum of squares) / k. The mean of the
    errors themselves, which some evaluation programs report, is sqrt(k) times as large when all are equal."""
    return math.hypot(*errors) / len(errors)


def macro_difference(parts: Sequence[Comparison]) -> Difference | None:
    """The mean over the parts of a paired comparison; ``None`` without any part that has pairs.

    The parts are independent. The interval squares and adds the distances of theirs (MOVER: Zou and Donner, 2008,
    Statistics in Medicine 27); it does not exist where one of them has none. The p-value is the normal one of the mean
    over its standard error.
    """
    known = [(own, part["n_paired"]) for part in parts if (own := part["difference"]) and own["mean"] is not None]
    if not known:
        return None
    means = np.array([own["mean"] for own, _ in known], float)
    mean = float(means.mean())
    low = high = p_value = None
    if all(own["ci_low"] is not None and own["ci_high"] is not None for own, _ in known):
        below = means - np.array([own["ci_low"] for own, _ in known], float)
        above = np.array([own["ci_high"] for own, _ in known], float) - means
        low, high = mean - standard_error_of_mean(below.tolist()), mean + standard_error_of_mean(above.tolist())
        error = standard_error_of_mean([(own["deviation"] or 0.0) / math.sqrt(n) for own, n in known])
        p_value = 2 * NormalDist().cdf(-abs(mean) / error) if error else float(mean == 0)
    return {
        "mean": mean,
        "ci_low": low,
        "ci_high": high,
        "confidence": CONFIDENCE,
        "method": "mean of the parts, MOVER" if low is not None else "none: a part has too few pairs",
        "p_value": p_value,
        "p_adjusted": p_value,
        "p_exact": None,
        "test": "normal" if p_value is not None else None,
        "deviation": None,
        "detectable": None,
    }
