"""Charts of two classes: what the scores amount to at every threshold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.calibration import Calibration
from model_evaluation.kinds.predictive.runtime.statistics.thresholds import BinaryCurves, binary_curves, cost_curve
from model_evaluation.runtime.report.charts import drawing
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import Function
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import capital

from .chart_parts import (
    COLOURS,
    DASHES,
    MARKERS,
    both_values,
    finding_text,
    first_label,
    line,
    measured_sides,
    note_below,
    one_plot,
    panels,
    value_text,
)

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

HISTOGRAM_BINS = 30


def _curves(analysis: PredictiveAnalysis) -> dict[Side, BinaryCurves]:
    joined = analysis.joined
    truth = np.asarray(joined.truth) == 1
    if not truth.any() or truth.all():
        return {}
    scores = {side: said.score for side, said in joined.said.items() if said.score is not None}
    return {side: binary_curves(truth, score, joined.weight) for side, score in scores.items()}


def _share_of_positives(analysis: PredictiveAnalysis) -> float:
    """What chance reaches: of weighted rows by their weights."""
    return analysis.details["constant"]["average_precision"] or 0.0


def _shares(axes: Axes, across: str, up: str, most: float = 1.01) -> None:
    """Two axes of shares, and the legend beside them."""
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, most)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(drawing.share_tick)
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)


def _mark(analysis: PredictiveAnalysis, axes: Axes, side: Side, x: Function, y: Function) -> None:
    """Where a model stands at its threshold."""
    matrix = cells.confusion_of(analysis.joined, side)
    if matrix is not None and np.isfinite([x(matrix), y(matrix)]).all():
        at = [float(x(matrix))], [float(y(matrix))]
        axes.plot(*at, MARKERS[side], color=COLOURS[side], markersize=8, markeredgecolor=drawing.PAPER)


def roc_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Found positives against false alarms at every threshold, with Wilson's band of the share that is found."""
    curves = _curves(analysis)
    if not curves:
        return None
    title = f"{finding_text(analysis, 'roc_auc')}ROC-AUC {both_values(analysis, 'roc_auc')}"
    chart, axes = one_plot("ROC curve", title, "Share of positives found by share of false alarms.", 4.2)
    positives = int((np.asarray(analysis.joined.truth) == 1).sum())
    for side, own in curves.items():
        style = line(analysis, side, f", AUC {value_text(analysis, 'roc_auc', side)}")
        axes.plot(own.false_positive_rates, own.true_positive_rates, **style)
        band = np.array([wilson_interval(float(rate), positives) for rate in own.true_positive_rates]).T
        axes.fill_between(own.false_positive_rates, *band, color=COLOURS[side], alpha=0.13, lw=0)
        _mark(analysis, axes, side, lambda matrix: 1 - cells.specificity(matrix), cells.recall)
    axes.plot([0, 1], [0, 1], color=drawing.MUTED, linewidth=1, ls=":", label="chance")
    axes.set_aspect("equal")
    _shares(axes, "false positive rate: false alarms among the negatives", "recall: positives that are found")
    note_below(chart, "Marks: at the threshold. Bands: 95%, point by point.")
    return chart


def precision_recall_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """How many alerts are right, by how many positives are found; the prevalence is what chance reaches."""
    curves = _curves(analysis)
    if not curves:
        return None
    name, prevalence = "average_precision", _share_of_positives(analysis)
    values = f"average precision {both_values(analysis, name)}; chance reaches {prevalence:.3g}"
    title, alt = finding_text(analysis, name) + values, "Share of alerts that are right by share of positives found."
    chart, axes = one_plot("Precision and recall", capital(title), alt, 4.2)
    for side, own in curves.items():
        style = line(analysis, side, f", {value_text(analysis, name, side)}")
        axes.step(own.true_positive_rates, own.precisions, where="pre", **style)
        _mark(analysis, axes, side, cells.recall, cells.precision)
    axes.axhline(prevalence, color=drawing.MUTED, linewidth=1, ls=":", label=f"prevalence {prevalence:.3g}")
    axes.set_aspect("equal")
    _shares(axes, "recall: positives that are found", "precision: alerts that are right")
    note_below(chart, "Marks: at the threshold.")
    return chart


def calibration_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Share of positives by score, in bins of equally many rows, and how the scores are distributed."""
    own = analysis.details["calibration"]
    if not own:
        return None
    first = next(iter(own))
    alt = "; ".join(
        f"{analysis.labels[side]}: mean distance {part['ece']:.3f}, {part['ece_expected']:.3f} expected by chance"
        for side, part in own.items()
    )
    chart = drawing.new_chart("Calibration", _calibration_title(first_label(analysis, own), own[first]), alt, 4.6)
    top, below = chart.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    top.plot([0, 1], [0, 1], color=drawing.MUTED, linewidth=1, ls=":", label="perfect")
    for side, part in own.items():
        bins = [(own["mean_score"], own["share"], own["ci_low"], own["ci_high"]) for own in part["bins"]]
        x, y, low, high = np.array(bins).T
        spans = np.maximum(0, [y - low, high - y])
        top.errorbar(x, y, yerr=spans, fmt=MARKERS[side], lw=1.2, ms=5, **line(analysis, side))
        score = analysis.joined.said[side].score
        below.hist(score, bins=HISTOGRAM_BINS, range=(0, 1), histtype="step", color=COLOURS[side], ls=DASHES[side])
    top.set_ylim(-0.02, 1.02)
    top.set_ylabel("share that is positive")
    top.grid()
    top.yaxis.set_major_formatter(drawing.share_tick)
    drawing.legend_above(top)
    below.set_ylabel("rows")
    below.set_xlim(-0.01, 1.01)
    below.set_xlabel("score (bins of equally many rows; bars: 95% interval)")
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return chart


def _calibration_title(label: str, own: Calibration) -> str:
    """Too high or too low comes first, then too sure."""
    slope, shift = own["slope_ci"], own["intercept_ci"]
    if slope is None or shift is None:
        return f"{label}: too few rows of a class to say whether the scores are calibrated"
    findings = []
    if shift[1] < 0 or shift[0] > 0:
        findings.append("too high" if shift[1] < 0 else "too low")
    if slope[1] < 1 or slope[0] > 1:
        findings.append("too sure of themselves" if slope[1] < 1 else "not sure enough")
    said = f"scores are {' and '.join(findings)}" if findings else "no miscalibration is shown"
    return f"{label}: {said} (slope {own['slope']:.2f}, 95% CI {slope[0]:.2f} to {slope[1]:.2f})"


def cost_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """The mean cost per row at every threshold, on the rows that the threshold was chosen on."""
    rows = analysis.validation or analysis.joined
    truth = np.asarray(rows.truth) == 1
    cost = dict(measured_sides(analysis, "expected_cost")).get("tuned")
    values = analysis.threshold["values"] if analysis.threshold else {}
    value = values.get("tuned")
    if cost is None or cost["value"] is None or value is None or not truth.any() or truth.all():
        return None
    label = analysis.labels["tuned"]
    title = f"At the threshold {value:.3g} the errors of the {label} cost {cost['value']:.3g} per row"
    chart, axes = one_plot("Cost by threshold", title, "Mean cost of errors per row at each threshold.", 3.2)
    for side, said in rows.said.items():
        if said.score is None:
            continue
        thresholds, costs = cost_curve(truth, said.score, analysis.rule.values, rows.weight)
        axes.plot(thresholds, costs, **line(analysis, side))
        own = values.get(side)
        if own is not None:
            axes.axvline(own, color=COLOURS[side], ls=DASHES[side], lw=1)
    where = "the validation set" if analysis.validation else "the test set: the lowest point flatters, see the table"
    axes.set_xlabel(f"threshold (upright lines: the chosen ones), on {where}")
    axes.set_ylabel("cost per row")
    drawing.legend_above(axes)
    return chart


def gains_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """How many of the positives are among the rows with the highest scores."""
    curves = _curves(analysis)
    if not curves:
        return None
    first = next(iter(curves.values()))
    top = float(np.interp(0.2, first.alerts, first.true_positive_rates))
    label = first_label(analysis, curves)
    title = f"{label}: the fifth of the rows with the highest scores holds {top:.0%} of the positives"
    chart, axes = one_plot("Gains", title, "Share of positives found by share of rows, highest scores first.", 3.6)
    for side, own in curves.items():
        axes.plot(own.alerts, own.true_positive_rates, **line(analysis, side))
    share = _share_of_positives(analysis)
    axes.plot([0, share, 1], [0, 1, 1], color=drawing.MUTED, lw=1, ls="--", label="best possible")
    axes.plot([0, 1], [0, 1], color=drawing.MUTED, lw=1, ls=":", label="any order")
    _shares(axes, "share of the rows, highest scores first", "share of the positives", 1.03)
    return chart


def scores_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """The scores of either class, a panel per model."""
    joined, curves = analysis.joined, _curves(analysis)
    if not curves:
        return None
    truth = np.asarray(joined.truth) == 1
    first = next(iter(curves.values()))
    apart = float((first.true_positive_rates - first.false_positive_rates).max())
    title = f"{first_label(analysis, curves)}: one cut tells at most {apart:.0%} of the classes apart"
    alt = "Histograms of scores; the measure is Kolmogorov and Smirnov's."
    chart = drawing.new_chart("Scores by class", title, alt, 2.9)
    every = panels(analysis, chart, list(curves), sharey=True)
    for panel, side in zip(every, curves, strict=True):
        said = joined.said[side]
        score = np.asarray(said.score)
        edges = np.histogram_bin_edges(score, HISTOGRAM_BINS, (0, 1) if said.probabilities else None)
        for own, colour, name in ((False, drawing.UNCLEAR, joined.classes[0]), (True, drawing.BAD, joined.classes[1])):
            part = score[truth == own]
            heights = np.histogram(part, edges)[0] / max(1, len(part))
            label = drawing.chart_label(f"{name} ({len(part):,})", 24, 1)
            panel.stairs(heights, edges, fill=True, color=colour, alpha=0.45, label=label)
            panel.stairs(heights, edges, color=colour, lw=1.4, ls="-" if own else "--")
        if said.threshold is not None:
            panel.axvline(said.threshold, color=drawing.INK, lw=1, ls=":")
        panel.set_xlabel("score (dotted: the threshold)" if said.threshold is not None else "score")
        panel.yaxis.set_major_formatter(drawing.share_tick)
        panel.grid(axis="y")
    every[0].set_ylabel("share of the class")
    every[0].legend(loc="upper center")
    return chart
