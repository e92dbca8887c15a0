"""What the summary of a predictive model has beside metrics: prevalence, the best constant answer, confusion, classes,
calibration, errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict, cast

import numpy as np

from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import Cells
from model_evaluation.runtime.statistics.proportions import proportion
from model_evaluation.runtime.summary import MeasuredValue

from .joined import Joined
from .problem import Problem
from .statistics import cells
from .statistics.calibration import Calibration, calibration
from .statistics.estimates import mean_estimate
from .statistics.measures import class_aucs
from .statistics.segments import Gap, gaps
from .tables import Floats

MOST_AUCS = 50  # classes whose ranking is looked at one by one


class Confusion(TypedDict):
    """``counts`` by actual, then predicted class."""

    classes: list[str]
    counts: list[list[int]]


class ClassDetail(TypedDict, total=False):
    """One class of several: ``n`` rows, and by model recall, precision, f1 and roc_auc."""

    n: int
    tuned: dict[str, MeasuredValue | None]
    base: dict[str, MeasuredValue | None]


class IntervalCoverage(TypedDict):
    """How often the number lies within the interval that the model gives, and how wide that is on average."""

    coverage: MeasuredValue
    mean_width: float | None


class Errors(TypedDict):
    """Bias and spread of a regression's errors, predicted minus true."""

    bias: MeasuredValue
    quantiles: dict[str, float]
    weighted_absolute_percentage_error: float | None
    intervals: IntervalCoverage | None


class Details(TypedDict, total=False):
    """Of binary problems ``prevalence`` is a share with its interval, of multiclass ones the share of each class.
    ``constant`` is what the best constant answer would reach on the same rows."""

    constant: dict[str, float | None]
    prevalence: dict[str, float]
    confusion: dict[Side, Confusion]
    calibration: dict[Side, Calibration]
    gaps: dict[str, list[Gap]]
    classes: dict[str, ClassDetail]
    errors: dict[Side, Errors]
    cluster_sizes: dict[Side, list[int]]


def details_of(joined: Joined, problem: Problem, slices: Sequence[str]) -> Details:
    """Those that this type of problem has."""
    if problem.type == "regression":
        return {"constant": _constant_number(joined), "errors": _errors(joined)}
    codes = {side: said.codes for side, said in joined.said.items() if said.codes is not None}
    if problem.type == "clustering":
        return {"cluster_sizes": {side: sorted(np.bincount(own).tolist(), reverse=True) for side, own in codes.items()}}
    truth = np.asarray(joined.truth, np.int64)
    tables = {side: cells.table(truth, {side: own}, len(joined.classes)).cells(side) for side, own in codes.items()}
    details: Details = {"constant": _constant_class(joined, problem)}
    details["confusion"] = {
        side: {"classes": list(joined.classes), "counts": own.astype(int).tolist()} for side, own in tables.items()
    }
    counts = np.bincount(truth, minlength=len(joined.classes)).tolist()
    if problem.type == "multiclass":
        details["prevalence"] = {name: n / len(truth) for name, n in zip(joined.classes, counts, strict=True)}
        details["classes"] = _per_class(joined, tables, counts)
        return details
    details["prevalence"] = cast("dict[str, float]", proportion(counts[1], len(truth)))
    details["calibration"] = {
        side: calibration(truth, said.score, joined.weight, joined.clusters)
        for side, said in joined.said.items()
        if said.score is not None and said.probabilities
    }
    details["gaps"] = gaps(joined, slices)
    return details


def _constant_number(joined: Joined) -> dict[str, float | None]:
    truth, weight = np.asarray(joined.truth, float), joined.weight
    mean = float(np.average(truth, weights=weight))
    square = float(np.average(np.square(truth - mean), weights=weight))
    return {
        "prediction": mean,
        "mean_absolute_error": float(np.average(np.abs(truth - mean), weights=weight)),
        "mean_squared_error": square,
        "root_mean_squared_error": square**0.5,
        "r2": 0.0 if square > 0 else None,
    }


def _constant_class(joined: Joined, problem: Problem) -> dict[str, float | None]:
    counts = np.bincount(np.asarray(joined.truth, np.int64), weights=joined.weight, minlength=len(joined.classes))
    shares = counts / counts.sum()
    known = shares[shares > 0]
    constant: dict[str, float | None] = {
        "accuracy": float(shares.max()),
        "balanced_accuracy": 1 / len(known),
        "log_loss": float(-(known * np.log(known)).sum()),
    }
    if problem.type == "binary":
        constant |= {
            "roc_auc": 0.5 if len(known) == 2 else None,
            "average_precision": float(shares[1]) if shares[1] > 0 else None,
            "brier_score": float(shares[1] * (1 - shares[1])),
        }
    return constant


def _errors(joined: Joined) -> dict[Side, Errors]:
    truth = np.asarray(joined.truth, float)
    total = float(np.abs(truth).sum())
    errors: dict[Side, Errors] = {}
    for side, said in joined.said.items():
        error = np.asarray(said.score) - truth
        errors[side] = {
            "bias": mean_estimate(error, joined.weight, joined.clusters).measured(),
            "quantiles": {f"{share:g}": float(np.quantile(error, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95)},
            "weighted_absolute_percentage_error": float(np.abs(error).sum()) / total if total > 0 else None,
            "intervals": None if said.bounds is None else _coverage(truth, said.bounds),
        }
    return errors


def _coverage(truth: Floats, bounds: Floats) -> IntervalCoverage:
    known = np.isfinite(bounds).all(axis=1)
    inside = (bounds[known, 0] <= truth[known]) & (truth[known] <= bounds[known, 1])
    width = float((bounds[known, 1] - bounds[known, 0]).mean()) if known.any() else None
    return {"coverage": _share(int(inside.sum()), int(known.sum())), "mean_width": width}


def _per_class(joined: Joined, tables: dict[Side, Cells], counts: Sequence[int]) -> dict[str, ClassDetail]:
    classes: dict[str, ClassDetail] = {name: {"n": n} for name, n in zip(joined.classes, counts, strict=True)}
    for side, table in tables.items():
        right, actual, predicted = np.diag(table), table.sum(axis=1), table.sum(axis=0)
        aucs = class_aucs(joined, side) if len(joined.classes) <= MOST_AUCS else None
        for code, name in enumerate(joined.classes):
            hits = right[code]
            classes[name][side] = {
                "recall": _share(hits, actual[code]),
                "precision": _share(hits, predicted[code]),
                "f1": _f1(_share(hits, actual[code] + predicted[code] - hits)),
                "roc_auc": None if aucs is None else aucs[code].measured(),
            }
    return classes


def _share(hits: float, n: float) -> MeasuredValue:
    return {**proportion(hits, n), "method": "Wilson" if n else "none: no such row"}


def _f1(share: MeasuredValue) -> MeasuredValue:
    """F1 of the share tp / (tp + fp + fn)."""
    ends = (share["value"], share["ci_low"], share["ci_high"])
    value, low, high = (None if own is None else 2 * own / (1 + own) for own in ends)
    method = "Wilson of tp / (tp + fp + fn)"
    return {"value": value, "ci_low": low, "ci_high": high, "n": share["n"], "method": method}
