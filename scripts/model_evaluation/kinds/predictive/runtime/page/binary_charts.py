"""Charts of two classes: what the scores amount to at every threshold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.curves import BinaryCurves, binary_curves, cost_curve
from model_evaluation.runtime.report.charts import drawing as look
from model_evaluation.runtime.statistics.proportions import wilson_interval

from .chart_parts import COLOURS, DASHES, both_values, finding_text, measured_sides, named, number_text

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

HISTOGRAM_BINS = 30


def _curves(analysis: PredictiveAnalysis) -> dict[str, BinaryCurves]:
    joined = analysis.joined
    truth = np.asarray(joined.truth) == 1
    if not truth.any() or truth.all():
        return {}
    return {
        side: binary_curves(truth, said.score, joined.weight)
        for side, said in joined.said.items()
        if said.score is not None
    }


def at_threshold(analysis: PredictiveAnalysis, side: str) -> NDArray[np.float64] | None:
    """The confusion matrix of one model at its threshold."""
    said = analysis.joined.said[side]  # type: ignore[index]
    if said.codes is None:
        return None
    truth = np.asarray(analysis.joined.truth, np.int64)
    counted = cells.table(truth, {"tuned": said.codes}, len(analysis.joined.classes), analysis.joined.weight)
    return np.asarray(counted.cells("tuned"), float)


def _square(axes: Axes) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.01)
    axes.set_aspect("equal")
    axes.grid()
    axes.xaxis.set_major_formatter(look.share_tick)
    axes.yaxis.set_major_formatter(look.share_tick)


def _beside(axes: Axes) -> None:
    axes.legend(loc="upper left", bbox_to_anchor=(1.02, 1), borderaxespad=0)


def roc_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Found positives against false alarms at every threshold, with Wilson's band of the share that is found."""
    curves = _curves(analysis)
    if not curves:
        return None
    title = f"{finding_text(analysis, 'roc_auc')}ROC-AUC {both_values(analysis, 'roc_auc')}"
    chart = look.new_chart("ROC curve", title, "Share of positives found by share of false alarms.", 4.2)
    axes = chart.add_subplot()
    positives = int((np.asarray(analysis.joined.truth) == 1).sum())
    for side, own in curves.items():
        label = f"{named(analysis, side)}, AUC {number_text(measured_sides(analysis, 'roc_auc')[side]['value'])}"
        axes.plot(own.false_positive_rates, own.true_positive_rates, color=COLOURS[side], ls=DASHES[side], label=label)
        band = np.array([wilson_interval(float(rate), positives) for rate in own.true_positive_rates])
        axes.fill_between(own.false_positive_rates, band[:, 0], band[:, 1], color=COLOURS[side], alpha=0.13, lw=0)
        matrix = at_threshold(analysis, side)
        if matrix is not None:
            x, y = matrix[0, 1] / matrix[0].sum(), matrix[1, 1] / matrix[1].sum()
            marker = "o" if side == "tuned" else "D"
            axes.plot([x], [y], marker, color=COLOURS[side], markersize=8, markeredgecolor=look.PAPER)
    axes.plot([0, 1], [0, 1], color=look.MUTED, linewidth=1, ls=":", label="chance")
    _square(axes)
    axes.set_xlabel("false positive rate: false alarms among the negatives")
    axes.set_ylabel("recall: positives that are found")
    _beside(axes)
    chart.supxlabel("Marks: at the threshold. Bands: 95%, point by point.", x=0.01, ha="left", size=9, color=look.MUTED)
    return chart


def precision_recall_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many alerts are right, by how many positives are found; the prevalence is what chance reaches."""
    curves = _curves(analysis)
    if not curves:
        return None
    prevalence = analysis.found["prevalence"]["value"]
    found = f"average precision {both_values(analysis, 'average_precision')}; chance reaches {prevalence:.3g}"
    title = finding_text(analysis, "average_precision") + found
    title = title[0].upper() + title[1:]
    chart = look.new_chart(
        "Precision and recall", title, "Share of alerts that are right by share of positives found.", 4.2
    )
    axes = chart.add_subplot()
    for side, own in curves.items():
        label = f"{named(analysis, side)}, {number_text(measured_sides(analysis, 'average_precision')[side]['value'])}"
        axes.step(
            own.true_positive_rates, own.precisions, where="pre", color=COLOURS[side], ls=DASHES[side], label=label
        )
        matrix = at_threshold(analysis, side)
        if matrix is not None and matrix[:, 1].sum():
            x, y = matrix[1, 1] / matrix[1].sum(), matrix[1, 1] / matrix[:, 1].sum()
            marker = "o" if side == "tuned" else "D"
            axes.plot([x], [y], marker, color=COLOURS[side], markersize=8, markeredgecolor=look.PAPER)
    axes.axhline(prevalence, color=look.MUTED, linewidth=1, ls=":", label=f"prevalence {prevalence:.3g}")
    _square(axes)
    axes.set_xlabel("recall: positives that are found")
    axes.set_ylabel("precision: alerts that are right")
    _beside(axes)
    chart.supxlabel("Marks: at the threshold.", x=0.01, ha="left", size=9, color=look.MUTED)
    return chart


def calibration_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Share of positives by score, in bins of equally many rows, and how the scores are distributed."""
    own = analysis.found["calibration"]
    if not own:
        return None
    first = next(iter(own))
    chart = look.new_chart(
        "Calibration", _calibration_title(named(analysis, first), own[first]), _calibration_alt(analysis), 4.6
    )
    top, below = chart.subplots(2, 1, height_ratios=[4, 1], sharex=True)
    top.plot([0, 1], [0, 1], color=look.MUTED, linewidth=1, ls=":", label="perfect")
    for side, part in own.items():
        bins = part["bins"]
        x, y = [b["mean_score"] for b in bins], [b["share"] for b in bins]
        spans = [
            [max(0.0, b["share"] - b["ci_low"]) for b in bins],
            [max(0.0, b["ci_high"] - b["share"]) for b in bins],
        ]
        marker = "o" if side == "tuned" else "D"
        top.errorbar(
            x,
            y,
            yerr=spans,
            fmt=marker,
            color=COLOURS[side],
            ls=DASHES[side],
            lw=1.2,
            ms=5,
            label=named(analysis, side),
        )
        score = analysis.joined.said[side].score
        below.hist(score, bins=HISTOGRAM_BINS, range=(0, 1), histtype="step", color=COLOURS[side], ls=DASHES[side])
    top.set_ylim(-0.02, 1.02)
    top.set_ylabel("share that is positive")
    top.grid()
    top.yaxis.set_major_formatter(look.share_tick)
    look.legend_above(top)
    below.set_ylabel("rows")
    below.set_xlim(-0.01, 1.01)
    below.set_xlabel("score (bins of equally many rows; bars: 95% interval)")
    below.yaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
    return chart


def _calibration_title(label: str, own: Mapping[str, Any]) -> str:
    """Too high or too low comes first, then too sure."""
    if own["slope"] is None or own["intercept"] is None:
        return f"{label.capitalize()}: too few rows of a class to say whether the scores are calibrated"
    slope, shift = own["slope_ci"], own["intercept_ci"]
    findings = []
    if shift[1] < 0 or shift[0] > 0:
        findings.append("too high" if shift[1] < 0 else "too low")
    if slope[1] < 1 or slope[0] > 1:
        findings.append("too sure of themselves" if slope[1] < 1 else "not sure enough")
    said = f"scores are {' and '.join(findings)}" if findings else "no miscalibration is shown"
    return f"{label.capitalize()}: {said} (slope {own['slope']:.2f}, 95% CI {slope[0]:.2f} to {slope[1]:.2f})"


def _calibration_alt(analysis: PredictiveAnalysis) -> str:
    parts = [
        f"{named(analysis, side)}: mean distance {own['ece']:.3f}, {own['ece_expected']:.3f} expected by chance"
        for side, own in analysis.found["calibration"].items()
    ]
    return "; ".join(parts)


def cost_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The mean cost per row at every threshold, on the rows that the threshold was chosen on."""
    if analysis.rule.rule != "cost":
        return None
    rows = analysis.validation or analysis.joined
    truth = np.asarray(rows.truth) == 1
    cost = measured_sides(analysis, "expected_cost").get("tuned")
    value = analysis.found["conditions"]["threshold"]["value"]
    if cost is None or cost["value"] is None or value is None or not truth.any() or truth.all():
        return None
    title = (
        f"At the threshold {value:.3g} the errors of the {named(analysis, 'tuned')} cost {cost['value']:.3g} per row"
    )
    chart = look.new_chart("Cost by threshold", title, "Mean cost of errors per row at each threshold.", 3.2)
    axes = chart.add_subplot()
    for side, said in rows.said.items():
        if said.score is None:
            continue
        thresholds, costs = cost_curve(truth, said.score, analysis.rule.values, rows.weight)
        axes.plot(thresholds, costs, color=COLOURS[side], ls=DASHES[side], label=named(analysis, side))
        own = analysis.found["conditions"]["threshold"]["values"].get(side)
        if own is not None:
            axes.axvline(own, color=COLOURS[side], ls=DASHES[side], lw=1)
    axes.grid()
    where = "the validation set" if analysis.validation else "the test set: the lowest point flatters, see the table"
    axes.set_xlabel(f"threshold (upright lines: the chosen ones), on {where}")
    axes.set_ylabel("cost per row")
    look.legend_above(axes)
    return chart


def gains_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many of the positives are among the rows with the highest scores."""
    curves = _curves(analysis)
    if not curves:
        return None
    first = next(iter(curves))
    top = float(np.interp(0.2, curves[first].alerts, curves[first].true_positive_rates))
    label = named(analysis, first).capitalize()
    title = f"{label}: the fifth of the rows with the highest scores holds {top:.0%} of the positives"
    chart = look.new_chart("Gains", title, "Share of positives found by share of rows, highest scores first.", 3.6)
    axes = chart.add_subplot()
    for side, own in curves.items():
        axes.plot(
            own.alerts, own.true_positive_rates, color=COLOURS[side], ls=DASHES[side], label=named(analysis, side)
        )
    share = analysis.found["prevalence"]["value"]
    axes.plot([0, share, 1], [0, 1, 1], color=look.MUTED, lw=1, ls="--", label="best possible")
    axes.plot([0, 1], [0, 1], color=look.MUTED, lw=1, ls=":", label="any order")
    axes.grid()
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(look.share_tick)
    axes.set_xlabel("share of the rows, highest scores first")
    axes.set_ylabel("share of the positives")
    _beside(axes)
    return chart


def scores_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The scores of either class, a panel per model."""
    joined = analysis.joined
    truth = np.asarray(joined.truth) == 1
    known = {side: said.score for side, said in joined.said.items() if said.score is not None}
    curves = _curves(analysis)
    if not known or not curves:
        return None
    first = next(iter(curves))
    apart = float((curves[first].true_positive_rates - curves[first].false_positive_rates).max())
    title = f"{named(analysis, first).capitalize()}: one cut tells at most {apart:.0%} of the classes apart"
    chart = look.new_chart(
        "Scores by class", title, "Histograms of scores; the measure is Kolmogorov and Smirnov's.", 2.9
    )
    panels = chart.subplots(1, len(known), squeeze=False, sharey=True)[0]
    for panel, (side, score) in zip(panels, known.items(), strict=True):
        edges = np.histogram_bin_edges(score, HISTOGRAM_BINS, (0, 1) if joined.said[side].probabilities else None)
        for own, colour, name in ((False, look.UNCLEAR, joined.classes[0]), (True, look.BAD, joined.classes[1])):
            part = score[truth == own]
            heights = np.histogram(part, edges)[0] / max(1, len(part))
            label = look.chart_label(f"{name} ({len(part):,})", 24, 1)
            panel.stairs(heights, edges, fill=True, color=colour, alpha=0.45, label=label)
            panel.stairs(heights, edges, color=colour, lw=1.4, ls="-" if own else "--")
        threshold = joined.said[side].threshold
        if threshold is not None:
            panel.axvline(threshold, color=look.INK, lw=1, ls=":")
        panel.set_title(f"{named(analysis, side).capitalize()}")
        panel.set_xlabel("score (dotted: the threshold)" if threshold is not None else "score")
        panel.yaxis.set_major_formatter(look.share_tick)
        panel.grid(axis="y")
    panels[0].set_ylabel("share of the class")
    panels[0].legend(loc="upper center")
    return chart
