"""Curves as at most 200 points: for charts, and for the file that Pipelines and the model registry read."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_evaluation.kinds.predictive.runtime.tables import Floats

from .thresholds import threshold_curve

POINTS = 200


class BinaryCurves(NamedTuple):
    """All (points,), by falling threshold: shares of negatives and positives that count as positive, and how many of
    those alerts are right. ``alerts`` is the share of all rows that count as positive."""

    thresholds: Floats
    false_positive_rates: Floats
    true_positive_rates: Floats
    precisions: Floats
    alerts: Floats


def binary_curves(truth: NDArray[np.bool_], score: Floats, weight: Floats | None = None) -> BinaryCurves:
    """The curves of rows that hold both classes. Corners of the ROC curve are kept first, so that little is lost."""
    curve = threshold_curve(truth, score, weight)
    found, alarms = curve.found / curve.found[-1], curve.alarms / curve.alarms[-1]
    alerts = curve.found + curve.alarms
    precision = np.divide(curve.found, alerts, out=np.ones_like(alerts), where=alerts > 0)
    if len(precision) > 1:
        precision[0] = precision[1]  # without an alert there is none; the curve starts as it goes on
    kept = np.arange(len(found))
    if len(found) > POINTS:
        walk = (found + alarms) / 2  # equal steps of either rate
        kept = np.unique(np.searchsorted(walk, np.linspace(0, 1, POINTS)).clip(0, len(found) - 1))
    return BinaryCurves(curve.thresholds[kept], alarms[kept], found[kept], precision[kept], (alerts / alerts[-1])[kept])


def cost_curve(
    truth: NDArray[np.bool_], score: Floats, costs: tuple[float, ...], weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """Thresholds, ascending, and the mean cost per row at each; at most 200 points, evenly spread over the rows."""
    curve = threshold_curve(truth, score, weight)
    total = curve.found[-1] + curve.alarms[-1]
    cost = (costs[0] * curve.alarms + costs[1] * (curve.found[-1] - curve.found)) / total
    kept = np.unique(np.linspace(0, len(cost) - 1, POINTS).astype(int))
    return curve.thresholds[kept][::-1], cost[kept][::-1]
