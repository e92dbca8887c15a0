"""Which model wins more often: Bradley-Terry strength of two models, ties allowed."""

from __future__ import annotations

import math
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .proportions import CONFIDENCE, wilson_interval


class Strength(TypedDict):
    """``tuned`` is the chance to win a row that is decided, 0 to 1, with its interval."""

    tuned: float
    ci_low: float
    ci_high: float
    confidence: float
    log_ratio: float | None
    tie_parameter: float | None
    method: str


def davidson_strength(wins: int, ties: int, losses: int, *, effective: float | None = None) -> Strength | None:
    """Maximum-likelihood strengths of two models in Davidson's model; ``None`` when every row is a tie, or n = 0.

    Davidson (1970), "On extending the Bradley-Terry model to accommodate ties in paired comparison experiments",
    JASA 65: with strengths p and q, adding up to 1, wins : ties : losses are as p : v * sqrt(p * q) : q. For two models
    the likelihood equations have the solution ``p = wins / (wins + losses)``, ``v = ties / sqrt(wins * losses)``;
    without ties it is Bradley and Terry's (1952) model. ``tuned`` is p (0.5: equal) with Wilson's interval;
    ``log_ratio`` is ln(p / q), ``tie_parameter`` is v >= 0, both ``None`` where one side never wins. ``effective``
    stands in for the number of decided rows where these are not independent (:func:`effective_size`). n = 1 or 2 give
    intervals of nearly the whole range.
    """
    decided = wins + losses
    if decided == 0:
        return None
    share = wins / decided
    low, high = wilson_interval(share, effective or decided)
    both = wins > 0 and losses > 0
    return {
        "tuned": share,
        "ci_low": low,
        "ci_high": high,
        "confidence": CONFIDENCE,
        "log_ratio": math.log(wins / losses) if both else None,
        "tie_parameter": ties / math.sqrt(wins * losses) if both else None,
        "method": "Davidson, Wilson interval",
    }


def effective_size(wins: NDArray[np.bool_], decided: NDArray[np.bool_], clusters: NDArray[np.int64]) -> float:
    """How many independent decided rows clustered ones are worth, for the share ``sum(wins) / sum(decided)``.

    ``wins`` and ``decided`` (n,) say of each record what it is, ``clusters`` (n,) are equal where records belong
    together. The result is decided rows over the design effect, kept between the number of clusters that decided
    anything and that of decided rows (Kish, 1965, Survey Sampling; for intervals: Korn and Graubard, 1998, Survey
    Methodology 24). The variance is the linearised one of a ratio. 0 with no decided row; the number of such clusters
    when one side never wins.
    """
    _, at = np.unique(clusters, return_inverse=True)
    size, won = np.bincount(at, weights=decided), np.bincount(at, weights=wins)
    size, won = size[size > 0], won[size > 0]
    rows, groups = float(size.sum()), len(size)
    if rows == 0:
        return 0.0
    share = float(won.sum()) / rows
    spread = float(((won - share * size) ** 2).sum())
    if share in (0.0, 1.0) or groups < 2 or spread == 0:
        return float(groups)
    variance = groups / (groups - 1) * spread / rows**2
    return min(rows, max(float(groups), share * (1 - share) / variance))
