"""What several charts need of an analysis: the rows of metrics, their scales, which way is better."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from model_evaluation.runtime.analysis import Analysis

from .figures import BAD, BASE, GOOD, TUNED, chart_label, label_rows

VERDICT_COLOURS = {"improved": GOOD, "regressed": BAD}
SIDE_STYLE = {"base": (BASE, "base model"), "tuned": (TUNED, "fine-tuned model")}


def metric_rows(summary: Mapping[str, Any], axes: Axes, names: Sequence[str]) -> None:
    """One row of the chart per metric, labelled, the primary one in bold."""
    lower = {name for name in names if summary["metrics"][name]["direction"] == "lower"}
    labels = [chart_label(name) + ("\n(lower is better)" if name in lower else "") for name in names]
    label_rows(axes, labels, names.index(summary["primary_metric"]) if summary["primary_metric"] in names else None)


def scale_span(analysis: Analysis, name: str) -> float:
    """Length of the metric's scale; the observed range where none is declared; never 0."""
    limits = analysis.summary["metrics"][name]["limits"]
    if limits:
        return float(limits[1] - limits[0])
    columns = [analysis.scores[f"{name}__{part}"] for part in ("tuned", "base")]
    scores = [s for column in columns for s in column if isinstance(s, float) and np.isfinite(s)]
    return float(np.ptp(scores)) or 1.0 if scores else 1.0


def advantage(entry: Mapping[str, Any], key: str, span: float) -> float:
    """A number of an entry's difference as share of the scale, positive where the fine-tuned model is better."""
    value = entry["difference"][key] if entry["difference"] else None
    if value is None:
        return float("nan")
    return float(-value if entry["direction"] == "lower" else value) / span
