"""``evaluation.json``: the candidate's metrics in the shape that conditions of SageMaker Pipelines, the model registry
and Model Monitor read, with the comparison beside them.

A number that does not exist is the text ``NaN``, as these readers have it. ``standard_deviation`` there is the spread
over five subsamples, which is not an error of the value: it stays ``NaN``, and intervals stand in ``comparison``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.problem import Problem, ProblemType
from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.entries import Entries
from model_evaluation.kinds.predictive.runtime.statistics.thresholds import binary_curves
from model_evaluation.kinds.predictive.runtime.tables import JsonObject
from model_evaluation.runtime.statistics.confusion import Cells, accuracy, divided

NO_NUMBER = "NaN"
NAMES: dict[ProblemType, dict[str, str]] = {
    "binary": {
        "auc": "roc_auc",
        **{name: name for name in ("f1", "f0_5", "f2", "accuracy", "precision", "recall")},
        "true_negative_rate": "specificity",
        "true_positive_rate": "recall",
    },
    "multiclass": {name: name for name in ("accuracy", "weighted_recall", "weighted_precision", "weighted_f1")},
    "regression": {
        "mae": "mean_absolute_error",
        "mse": "mean_squared_error",
        "rmse": "root_mean_squared_error",
        "r2": "r2",
    },
}
"""What these readers call our metrics; of clusterings they have no names."""
BLOCKS: dict[ProblemType, str] = {"binary": "binary_classification", "multiclass": "multiclass_classification"}
"""What they call problems, beside those that they call as we do."""
CONSTRAINED = {
    "binary": ("auc", "accuracy", "precision", "recall", "f1"),
    "multiclass": ("accuracy", "weighted_precision", "weighted_recall", "weighted_f1"),
    "regression": ("mae", "mse", "rmse", "r2"),
}


def evaluation_json(
    entries: Entries, verdict: Mapping[str, object], primary: str, joined: Joined, problem: Problem
) -> JsonObject:
    """The file's content, of the candidate's rows."""
    names = NAMES.get(problem.type) or {name: name for name in entries}
    metrics: JsonObject = {name: _item(_value(entries, own)) for name, own in names.items()}
    if problem.type == "binary":
        metrics |= _binary(entries, joined)
    elif problem.type == "multiclass":
        metrics |= _several(joined)
    comparison = {
        "decision": verdict["decision"],
        "primary_metric": primary,
        "metrics": {
            name: {
                "candidate": _part(entry["tuned"], "value", "ci_low", "ci_high", "n"),
                "champion": _part(entry["base"], "value", "ci_low", "ci_high", "n"),
                "difference": _part(entry["difference"], "mean", "ci_low", "ci_high", "p_adjusted"),
                "verdict": entry["verdict"],
            }
            for name, entry in entries.items()
        },
    }
    return {f"{BLOCKS.get(problem.type, problem.type)}_metrics": metrics, "comparison": comparison}


def constraints(problem: ProblemType, entries: Entries) -> JsonObject:
    """``constraints.json`` in the shape of Model Monitor's model quality: the unfavourable ends of intervals."""
    bounds = {}
    for name in CONSTRAINED.get(problem, ()):
        entry = entries.get(NAMES[problem][name])
        measured = entry["tuned"] if entry else None
        if entry and measured and measured["ci_low"] is not None:
            lower = entry["direction"] == "lower"
            bounds[name] = {
                "threshold": measured["ci_high" if lower else "ci_low"],
                "comparison_operator": "GreaterThanThreshold" if lower else "LessThanThreshold",
            }
    return {"version": 0.0, f"{BLOCKS.get(problem, problem)}_constraints": bounds} if bounds else {}


def _part(own: Mapping[str, object] | None, *keys: str) -> JsonObject | None:
    return None if own is None else {key: own[key] for key in keys}


def _value(entries: Entries, name: str) -> float:
    own = entries[name]["tuned"] if name in entries else None
    return math.nan if own is None or own["value"] is None else own["value"]


def _item(value: float) -> JsonObject:
    return {"value": NO_NUMBER if math.isnan(value) else float(value), "standard_deviation": NO_NUMBER}


def _binary(entries: Entries, joined: Joined) -> JsonObject:
    said = joined.said["tuned"]
    content: JsonObject = {
        "false_positive_rate": _item(1 - _value(entries, "specificity")),
        "false_negative_rate": _item(1 - _value(entries, "recall")),
    }
    if (matrix := cells.confusion_of(joined, "tuned")) is not None:
        content["confusion_matrix"] = _matrix(matrix, ("0", "1"))
        constant = np.zeros((2, 2))
        constant[:, matrix.sum(axis=1).argmax()] = matrix.sum(axis=1)
        for name, function in (("accuracy", accuracy), ("precision", cells.precision), ("recall", cells.recall)):
            content[f"{name}_best_constant_classifier"] = _item(float(function(constant)))
    truths = np.asarray(joined.truth) == 1
    if said.score is not None and truths.any() and not truths.all():
        curves = binary_curves(truths, said.score, joined.weight)
        content["auc_best_constant_classifier"] = _item(0.5)
        content["receiver_operating_characteristic_curve"] = {
            "false_positive_rates": curves.false_positive_rates.tolist(),
            "true_positive_rates": curves.true_positive_rates.tolist(),
        }
        content["precision_recall_curve"] = {
            "precisions": curves.precisions.tolist(),
            "recalls": curves.true_positive_rates.tolist(),
        }
    return content


def _several(joined: Joined) -> JsonObject:
    own = cells.confusion_of(joined, "tuned")
    assert own is not None
    content: JsonObject = {"confusion_matrix": _matrix(own, joined.classes)}
    truth, predicted, right = own.sum(axis=1), own.sum(axis=0), np.diag(own)
    for name, square in (("weighted_f0_5", 0.25), ("weighted_f2", 4.0)):
        each = divided((1 + square) * right, square * truth + predicted)
        content[name] = _item(float(np.nansum(each * truth) / truth.sum()))
    return content


def _matrix(counted: Cells, names: tuple[str, ...]) -> dict[str, dict[str, int | float]]:
    """Actual class, then predicted class."""

    def number(value: float) -> int | float:
        return int(value) if value == int(value) else float(value)

    return {
        actual: {predicted: number(float(counted[row, column])) for column, predicted in enumerate(names)}
        for row, actual in enumerate(names)
    }
