"""``evaluation.json``: the candidate's metrics in the shape that conditions of SageMaker Pipelines, the model registry
and Model Monitor read, with the comparison beside them.

A number that does not exist is the text ``NaN``, as these readers have it. ``standard_deviation`` there is the spread
over five subsamples, which is no error of the value: it stays ``NaN``, and intervals stand in ``comparison``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.thresholds import binary_curves
from model_evaluation.kinds.predictive.runtime.tables import JsonObject
from model_evaluation.runtime.statistics.confusion import Cells, accuracy, divided

NO_NUMBER = "NaN"
BINARY = {
    "auc": "roc_auc",
    "f1": "f1",
    "f0_5": "f0_5",
    "f2": "f2",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
}
SEVERAL = {
    "accuracy": "accuracy",
    "weighted_recall": "weighted_recall",
    "weighted_precision": "weighted_precision",
    "weighted_f1": "weighted_f1",
}
REGRESSION = {
    "mae": "mean_absolute_error",
    "mse": "mean_squared_error",
    "rmse": "root_mean_squared_error",
    "r2": "r2",
}


def evaluation_json(summary: Mapping[str, Any], joined: Joined, problem: Problem) -> JsonObject:
    """The file's content, of the candidate's rows."""
    metrics = summary["metrics"]
    content: JsonObject = {}
    if problem.type == "binary":
        content["binary_classification_metrics"] = _binary(metrics, joined)
    elif problem.type == "multiclass":
        content["multiclass_classification_metrics"] = _several(metrics, joined)
    elif problem.type == "regression":
        content["regression_metrics"] = {name: _item(metrics, own) for name, own in REGRESSION.items()}
    else:
        content["clustering_metrics"] = {name: _item(metrics, name) for name in metrics}
    content["comparison"] = {
        "decision": summary["verdict"]["decision"],
        "primary_metric": summary["primary_metric"],
        "metrics": {
            name: {
                "candidate": _interval(entry["tuned"]),
                "champion": _interval(entry["base"]),
                "difference": None
                if entry["difference"] is None
                else {key: entry["difference"][key] for key in ("mean", "ci_low", "ci_high", "p_adjusted")},
                "verdict": entry["verdict"],
            }
            for name, entry in metrics.items()
        },
    }
    return content


def _interval(own: Mapping[str, Any] | None) -> JsonObject | None:
    return None if own is None else {key: own[key] for key in ("value", "ci_low", "ci_high", "n")}


def _item(metrics: Mapping[str, Any], name: str) -> JsonObject:
    own = metrics[name]["tuned"] if name in metrics else None
    value = NO_NUMBER if own is None or own["value"] is None else own["value"]
    return {"value": value, "standard_deviation": NO_NUMBER}


def _plain(value: float) -> JsonObject:
    return {"value": NO_NUMBER if np.isnan(value) else float(value), "standard_deviation": NO_NUMBER}


def _binary(metrics: Mapping[str, Any], joined: Joined) -> JsonObject:
    said = joined.said["tuned"]
    content: JsonObject = {name: _item(metrics, own) for name, own in BINARY.items()}
    specificity, recall = (_item(metrics, name)["value"] for name in ("specificity", "recall"))
    content["true_negative_rate"] = _item(metrics, "specificity")
    content["true_positive_rate"] = _item(metrics, "recall")
    for name, opposite in (("false_positive_rate", specificity), ("false_negative_rate", recall)):
        content[name] = _plain(1 - opposite if isinstance(opposite, float) else np.nan)
    if said.codes is not None:
        truth = np.asarray(joined.truth, np.int64)
        counted = cells.table(truth, {"tuned": said.codes}, 2, joined.weight).cells("tuned")
        content["confusion_matrix"] = _matrix(counted, ("0", "1"))
        majority = int(np.bincount(truth, minlength=2).argmax())
        constant = cells.table(truth, {"tuned": np.full_like(truth, majority)}, 2, joined.weight).cells("tuned")
        for name, function in (("accuracy", accuracy), ("precision", cells.precision), ("recall", cells.recall)):
            content[f"{name}_best_constant_classifier"] = _plain(float(function(constant)))
    truths = np.asarray(joined.truth) == 1
    if said.score is not None and truths.any() and not truths.all():
        curves = binary_curves(truths, said.score, joined.weight)
        content["auc_best_constant_classifier"] = _plain(0.5)
        content["receiver_operating_characteristic_curve"] = {
            "false_positive_rates": curves.false_positive_rates.tolist(),
            "true_positive_rates": curves.true_positive_rates.tolist(),
        }
        content["precision_recall_curve"] = {
            "precisions": curves.precisions.tolist(),
            "recalls": curves.true_positive_rates.tolist(),
        }
    return content


def _several(metrics: Mapping[str, Any], joined: Joined) -> JsonObject:
    content: JsonObject = {name: _item(metrics, own) for name, own in SEVERAL.items()}
    codes = joined.said["tuned"].codes
    assert codes is not None
    counted = cells.table(np.asarray(joined.truth, np.int64), {"tuned": codes}, len(joined.classes), joined.weight)
    own = counted.cells("tuned")
    content["confusion_matrix"] = _matrix(own, joined.classes)
    truth, predicted, right = own.sum(axis=1), own.sum(axis=0), np.diag(own)
    for name, square in (("weighted_f0_5", 0.25), ("weighted_f2", 4.0)):
        each = divided((1 + square) * right, square * truth + predicted)
        content[name] = _plain(float(np.nansum(each * truth) / truth.sum()))
    return content


def _matrix(counted: Cells, names: tuple[str, ...]) -> dict[str, dict[str, int | float]]:
    """Actual class, then predicted class."""

    def number(value: float) -> int | float:
        return int(value) if value == int(value) else float(value)

    return {
        actual: {predicted: number(float(counted[row, column])) for column, predicted in enumerate(names)}
        for row, actual in enumerate(names)
    }
