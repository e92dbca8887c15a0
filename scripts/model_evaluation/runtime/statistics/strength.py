"""Which model wins more often: Bradley-Terry strength of two models, ties allowed."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from .intervals import cluster_spread
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
    together. The result is the number of rows of which Wilson's interval is as wide as the share's spread over clusters
    asks for (Korn and Graubard, 1998, Survey Methodology 24): at most all decided ones, and no fewer than if the rows
    of a cluster were copies (Kish, 1965, Survey Sampling), which is the number of clusters where they are equally
    large. 0 with no decided row.
    """
    won, groups = wins[decided].astype(float), clusters[decided]
    rows, share = float(len(won)), float(won.mean()) if len(won) else 0.0
    sizes = np.unique(groups, return_counts=True)[1]
    fewest = rows**2 / float((sizes**2).sum()) if rows else 0.0
    own = cluster_spread(won, groups) if 1 < len(sizes) < rows else None
    if own is None or own.error == 0:
        return fewest
    reach = own.quantile * own.error / NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
    return min(rows, max(fewest, share * (1 - share) / reach**2))
