"""How far the judge is from people, and what that does to the difference between the models.

Pure functions. A random subset of the rows carries human scores of both answers; the judge scored all rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.special import stdtrit

from model_evaluation.json_types import JsonObject
from model_evaluation.reporting.words import interval, signed
from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.proportions import CONFIDENCE, wilson_interval
from model_evaluation.runtime.summary import Difference, Entry, Summary

from .sheet import Example, Labelled

FEWEST_LABELS = 2


class Corrected(NamedTuple):
    """A mean as people would score it. ``low`` and ``high`` are ``None`` below two labelled rows; ``weight`` is
    how much of the judge was used, 0 (people only) to 1 (as much as people)."""

    mean: float | None
    low: float | None
    high: float | None
    weight: float


def corrected_mean(human: Floats, judge: Floats, judge_elsewhere: Floats, *, weight: float | None = None) -> Corrected:
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
        return Corrected(None, None, None, 0.0)
    estimated = weight is None
    if weight is None:
        weight = tuned_weight(human, judge, others)
    if others == 0:
        weight = 0.0
    errors = human - weight * judge
    mean = float(errors.mean()) + (weight * float(judge_elsewhere.mean()) if others else 0.0)
    if n < FEWEST_LABELS:
        return Corrected(mean, None, None, weight)
    variance = float(errors.var(ddof=1)) / n
    if others > 1:
        variance += weight**2 * float(judge_elsewhere.var(ddof=1)) / others
    freedom = max(1, n - 2 if estimated and weight > 0 else n - 1)
    half = float(stdtrit(freedom, (1 + CONFIDENCE) / 2)) * math.sqrt(variance)
    return Corrected(mean, mean - half, mean + half, weight)


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


FEW_LABELS = 50


def judge_error_report(
    summary: Summary, metric: str, examples: Sequence[Example], labelled: Sequence[Labelled], sheet_rows: int
) -> JsonObject:
    """The judge's error on ``metric`` and the corrected difference (tuned minus base), as JSON.

    ``examples`` are all records the judge scored for both models, ``labelled`` those of them with human scores,
    ``sheet_rows`` how many rows the sheet held.
    """
    keys = {label.example.key for label in labelled}
    human = np.array([label.scores["tuned"] - label.scores["base"] for label in labelled], float)
    judge = np.array([_difference(label.example) for label in labelled], float)
    elsewhere = np.array([_difference(example) for example in examples if example.key not in keys], float)
    corrected = corrected_mean(human, judge, elsewhere)
    raw = summary["metrics"][metric]["difference"]
    assert raw is not None, "there are rows that the judge scored for both models"
    return {
        "metric": metric,
        **({"labels": summary["labels"]} if summary.get("labels") else {}),
        "labelled": len(labelled),
        "scored_by_judge": len(examples),
        "corrected_difference": _plain(corrected, "prediction-powered (PPI++)") | {"judge_weight": corrected.weight},
        "people_only": _plain(corrected_mean(human, judge, elsewhere, weight=0.0)),
        "judge_only": {key: raw[key] for key in ("mean", "ci_low", "ci_high", "confidence", "method")},
        "judge_minus_people": {side: _plain(judge_bias(*_sides(labelled, side))) for side in ("tuned", "base")},
        "yes_no": _yes_no(summary["metrics"][metric], examples, labelled),
        "sentence": _sentence(metric, corrected, raw, len(labelled), len(examples)),
        "warnings": _warnings(summary["metrics"][metric], labelled, sheet_rows),
    }


def _difference(example: Example) -> float:
    return example.scores["tuned"] - example.scores["base"]


def _sides(labelled: Sequence[Labelled], side: str) -> tuple[Floats, Floats]:
    human = np.array([label.scores[side] for label in labelled], float)
    return human, np.array([label.example.scores[side] for label in labelled], float)


def _plain(result: Corrected, method: str = "Student t") -> JsonObject:
    return {
        "mean": result.mean, "ci_low": result.low, "ci_high": result.high, "confidence": CONFIDENCE,
        "method": method,
    }  # fmt: skip


def _yes_no(entry: Entry, examples: Sequence[Example], labelled: Sequence[Labelled]) -> JsonObject | None:
    """Per model (its answers are independent rows; both together would not be); ``None`` on other scales."""
    low, high = entry.get("limits") or (0.0, 1.0)
    scores = {score for example in examples for score in example.scores.values()}
    scores |= {score for label in labelled for score in label.scores.values()}
    if not scores <= {low, high} or not labelled:
        return None
    return {
        side: {name: rate._asdict() for name, rate in yes_no_error(*_sides(labelled, side), yes=high).items()}
        for side in ("tuned", "base")
    }


def _sentence(metric: str, corrected: Corrected, raw: Difference, n: int, total: int) -> str:
    alone = f"the judge alone says {signed(raw['mean'])} ({interval(raw)})"
    if corrected.low is None or corrected.high is None:
        return f"{n} labelled rows are too few to correct the difference on {metric}; {alone}."
    ends = f"{signed(corrected.low, '')} to {signed(corrected.high, '')}"
    text = (
        f"Corrected by people's scores of {n} of {total} rows, the difference on {metric} is "
        f"{signed(corrected.mean)} ({CONFIDENCE:.0%} CI {ends}); {alone}."
    )
    if raw["ci_low"] is None or raw["ci_high"] is None or raw["ci_low"] <= 0 <= raw["ci_high"]:
        return text
    if corrected.low <= 0 <= corrected.high:
        return f"{text} What the judge shows, these labels do not."
    disagree = (corrected.low > 0) != (raw["ci_low"] > 0)
    return f"{text} People and judge disagree on which model is better." if disagree else text


def _warnings(entry: Entry, labelled: Sequence[Labelled], sheet_rows: int) -> list[str]:
    warnings = []
    if len(labelled) < sheet_rows:
        warnings.append(
            f"{sheet_rows - len(labelled)} of the sheet's {sheet_rows} rows carry no pair of scores. If they were left "
            "out because they are hard, the correction is off."
        )
    if len(labelled) < FEW_LABELS:
        warnings.append(
            f"Only {len(labelled)} labelled rows: the interval rests on few, and on rare errors of the judge."
        )
    if entry.get("n_clusters"):
        warnings.append("Rows that belong together are taken as independent here, so this interval may be too narrow.")
    return warnings
