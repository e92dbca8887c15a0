"""Shares of rows with their intervals, and McNemar's test of two of them on the same rows."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

from scipy.special import bdtr

from model_evaluation.runtime.summary import Proportion

CONFIDENCE = 0.95
"""Of every interval."""


class MidP(NamedTuple):
    """A two-sided test: ``mid`` counts what was observed by half, ``exact`` in full."""

    mid: float
    exact: float


def wilson_interval(share: float, n: float, *, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's (1927) score interval of an observed share of n > 0 rows, within 0 and 1.

    n need not be whole (the effective number of rows that are not independent), which scipy's does not take.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    square = z * z / n
    centre = (share + square / 2) / (1 + square)
    half = z / (1 + square) * math.sqrt(share * (1 - share) / n + square / (4 * n))
    return max(0.0, centre - half), min(1.0, centre + half)


def proportion(hits: float, n: float) -> Proportion:
    """A share of ``n`` rows with Wilson's interval; ``None`` throughout for n = 0."""
    if not n:
        return {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    low, high = wilson_interval(hits / n, n)
    return {"value": hits / n, "ci_low": low, "ci_high": high, "n": int(n)}


def mcnemar_test(wins: int, losses: int) -> MidP:
    """Discordant pairs against a fair coin; 1 and 1 without any.

    McNemar (1947), Psychometrika 12, exact as the binomial test. The mid-p-value is that less the probability of what
    was observed, half of it when wins and losses are equal (Fagerland, Lydersen and Laake, 2013, BMC Medical Research
    Methodology 13:91).
    """
    fewer, n = min(wins, losses), wins + losses
    if n == 0:
        return MidP(1.0, 1.0)
    below = float(bdtr(fewer, n, 0.5))
    observed = below - (float(bdtr(fewer - 1, n, 0.5)) if fewer else 0.0)
    exact = 1.0 if wins == losses else min(1.0, 2 * below)  # twice a half may round to more than 1
    return MidP(exact - (observed / 2 if wins == losses else observed), exact)
