"""How far the judge is from people, and what that does to the difference between the models.

Pure functions. A random subset of the rows carries human scores of both answers; the judge scored all rows.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.proportions import wilson_interval

FEWEST_LABELS = 2


class Corrected(NamedTuple):
    """A mean as people would score it. ``low`` and ``high`` are ``None`` below two labelled rows; ``weight`` is
    how much of the judge was used, 0 (people only) to 1 (as much as people)."""

    mean: float | None
    low: float | None
    high: float | None
    confidence: float
    weight: float


def corrected_mean(
    human: Floats,
    judge: Floats,
    judge_elsewhere: Floats,
    *,
    weight: float | None = None,
    confidence: float = 0.95,
) -> Corrected:
    """Prediction-powered mean: the judge's mean on the unlabelled rows, corrected by its error on the labelled.

    ``human`` and ``judge``, shape (n,), are the labelled rows' values, ``judge_elsewhere``, shape (N,), the judge's
    on the other rows; all finite. ``weight`` 1 is Angelopoulos et al. (2023), "Prediction-powered inference",
    Science 382; ``None`` chooses the weight with the narrowest interval (Angelopoulos, Duchi and Zrnic, 2023,
    "PPI++"), kept within 0 and 1. The estimate is ``w * mean(judge_elsewhere) + mean(human - w * judge)``, its
    variance ``w**2 var(judge_elsewhere) / N + var(human - w * judge) / n``, and the quantile Student's with n - 1
    degrees of freedom (n - 2 when the weight was estimated), which is wider than the paper's normal one and
    matters below fifty labels.

    The labelled rows must be a random subset of all. N = 0: people only. n = 0: all ``None``; n = 1: the mean only.
    Where human and judge agree to a constant on every labelled row and nothing else varies, the interval has
    no width: it then rests on n rows without a single disagreement, so look at n.
    """
    n, others = len(human), len(judge_elsewhere)
    if n == 0:
        return Corrected(None, None, None, confidence, 0.0)
    estimated = weight is None
    if weight is None:
        weight = tuned_weight(human, judge, others)
    if others == 0:
        weight = 0.0
    errors = human - weight * judge
    mean = float(errors.mean()) + (weight * float(judge_elsewhere.mean()) if others else 0.0)
    if n < FEWEST_LABELS:
        return Corrected(mean, None, None, confidence, weight)
    variance = float(errors.var(ddof=1)) / n
    if others > 1:
        variance += weight**2 * float(judge_elsewhere.var(ddof=1)) / others
    freedom = max(1, n - 2 if estimated and weight > 0 else n - 1)
    half = float(stdtrit(freedom, (1 + confidence) / 2)) * math.sqrt(variance)
    return Corrected(mean, mean - half, mean + half, confidence, weight)


def tuned_weight(human: Floats, judge: Floats, n_unlabelled: int) -> float:
    """``cov(human, judge) / ((1 + n / N) var(judge))`` within 0 and 1: how far the judge is to be believed.

    0 where the judge does not vary, or there are fewer than three labelled rows or no others.
    """
    n = len(human)
    if n < 3 or n_unlabelled == 0:
        return 0.0
    variance = float(judge.var(ddof=1))
    if variance == 0.0:
        return 0.0
    covariance = float(((human - human.mean()) * (judge - judge.mean())).sum()) / (n - 1)
    return min(1.0, max(0.0, covariance / ((1 + n / n_unlabelled) * variance)))


class Rate(NamedTuple):
    """``k`` of ``n`` with Wilson's interval; ``None`` where n is 0."""

    rate: float | None
    ci_low: float | None
    ci_high: float | None
    k: int
    n: int


def wilson_rate(k: int, n: int) -> Rate:
    return Rate(k / n, *wilson_interval(k / n, n), k, n) if n else Rate(None, None, None, 0, 0)


def yes_no_error(human: Floats, judge: Floats, *, yes: float) -> dict[str, Rate]:
    """The judge's error on a yes/no metric; ``human`` and ``judge`` of shape (n,), equal to ``yes`` or not.

    ``sensitivity`` (true-positive rate): yes of the judge among people's yes. ``specificity`` (true-negative rate): no
    of the judge among people's no. ``agreement``: the same of both, among all.
    """
    said, meant = judge == yes, human == yes
    return {
        "sensitivity": wilson_rate(int((said & meant).sum()), int(meant.sum())),
        "specificity": wilson_rate(int((~said & ~meant).sum()), int((~meant).sum())),
        "agreement": wilson_rate(int((said == meant).sum()), len(human)),
    }


def judge_bias(human: Floats, judge: Floats) -> Corrected:
    """Mean of judge minus human with Student's interval: above 0 the judge is more generous than people."""
    return corrected_mean(judge - human, judge, np.zeros(0), weight=0.0)
