"""Charts of classes and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle

from model_evaluation.kinds.predictive.runtime.statistics import cells
from model_evaluation.kinds.predictive.runtime.statistics.shapes import shape_sample, silhouettes
from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.report.charts import drawing
from model_evaluation.runtime.results.evaluation import Side

from .chart_parts import COLOURS, MOST_SEGMENTS, first_label, interval_rows, one_plot, panels

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

MOST_CLASSES = 25
MOST_LETTERS = 80  # of names beside one another below a chart


def confusion_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Counts and shares of each actual class, both models on one scale."""
    classes, joined = analysis.joined.classes, analysis.joined
    matrices = {side: own for side in joined.said if (own := cells.confusion_of(joined, side)) is not None}
    if not matrices or len(classes) > MOST_CLASSES:
        return None
    names = [drawing.chart_label(name, 14, 1) for name in classes]
    size = len(names)
    title = f"{first_label(analysis, matrices)}: {_confusion_words(analysis, next(iter(matrices.values())))}"
    height = 2.6 + 0.23 * max(0, size - 2) * (1 if len(matrices) == 2 else 1.6)
    chart = drawing.new_chart("Confusion matrix", title, "Rows are actual classes, columns predicted ones.", height)
    crowded = size > 10 or size * max(map(len, names)) > MOST_LETTERS / len(matrices)
    every = panels(analysis, chart, list(matrices))
    for panel, own in zip(every, matrices.values(), strict=True):
        totals = own.sum(axis=1, keepdims=True)
        shares = np.divide(own, totals, out=np.zeros_like(own), where=totals > 0)
        for (row, column), share in np.ndenumerate(shares):
            colour = drawing.GOOD if row == column else drawing.BAD
            panel.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=0.6 * share, lw=0))
            text = f"{own[row, column]:,.0f}" if own[row, column] or size <= 6 else ""
            text += f"\n{share:.1%}" if size <= 6 else ""
            points = 10 if size <= 4 else 7
            panel.annotate(text, (column, row), ha="center", va="center", size=points, color=drawing.INK)
        panel.set_xlim(-0.5, size - 0.5)
        panel.set_ylim(size - 0.5, -0.5)
        panel.set_xticks(range(size), names, rotation=90 if crowded else 0)
        panel.set_yticks(range(size), names)
        panel.set_xlabel("predicted")
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    every[0].set_ylabel("actual")
    return chart


def _confusion_words(analysis: PredictiveAnalysis, own: Floats) -> str:
    if analysis.problem.type == "binary":
        return (
            f"finds {own[1, 1]:,.0f} of {own[1].sum():,.0f} positives, with {own[0, 1]:,.0f} false alarms among "
            f"{own[0].sum():,.0f} negatives"
        )
    wrong = own - np.diag(np.diag(own))
    if not wrong.any():
        return "no row is wrong"
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    actual, taken = analysis.joined.classes[row], analysis.joined.classes[column]
    rows = f"{wrong[row, column]:,.0f} of {own[row].sum():,.0f} rows"
    return f"most often {actual!r} is taken for {taken!r} ({rows})"


def classes_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """F1 of each class, weakest first."""
    first = next(iter(analysis.joined.said))
    classes = {}
    for name, own in analysis.details["classes"].items():
        f1 = {side: own[side]["f1"] for side in analysis.joined.said}
        if own["n"] and (value := f1[first]) and value["value"] is not None:
            classes[name] = value["value"], own["n"], f1
    if not classes:
        return None
    order = sorted(classes, key=lambda name: classes[name][0])[:MOST_SEGMENTS]
    score, rows, _ = classes[order[0]]
    title = f"Weakest class of the {analysis.labels[first]}: {order[0]} (F1 {score:.2f}, {rows:,} rows)"
    alt = "Dots with 95% intervals, a row per class."
    chart = drawing.new_chart("F1 by class", title, alt, 1.1 + 0.36 * len(order))
    axes = chart.add_subplot()
    interval_rows(axes, analysis, [classes[name][2] for name in order], 0.16)
    drawing.label_rows(axes, [drawing.chart_label(f"{name} ({classes[name][1]:,})", 30, 1) for name in order])
    left_out = len(classes) - len(order)
    axes.set_xlabel("F1" + (f"; {left_out} stronger classes are left out" if left_out else ""))
    return chart


def silhouettes_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Each row's silhouette, by cluster: below 0 it lies nearer to another one."""
    features = analysis.joined.features
    rows = shape_sample(features)
    drawn: dict[Side, tuple[Floats, Codes]] = {}
    for side, said in analysis.joined.said.items():
        assert said.codes is not None
        codes = said.codes[rows]
        if features is not None and (values := silhouettes(features[rows], codes)) is not None:
            drawn[side] = values, codes
    if not drawn:
        return None
    nearer = float((next(iter(drawn.values()))[0] < 0).mean())
    title = f"{first_label(analysis, drawn)}: {nearer:.0%} of the rows lie nearer to another cluster than their own"
    chart = drawing.new_chart("Silhouettes", title, "Rows by cluster and silhouette, the mean as a line.", 3.8)
    every = panels(analysis, chart, list(drawn), sharex=True)
    for panel, (side, (values, codes)) in zip(every, drawn.items(), strict=True):
        at = 0
        numbers = np.unique(codes)
        for number in numbers:
            own = np.sort(values[codes == number])[::-1]
            panel.fill_betweenx(np.arange(at, at + len(own)), 0, own, color=COLOURS[side], alpha=0.75, lw=0, step="mid")
            panel.annotate(f"{len(own):,}", (0.01, at + len(own) / 2), size=8, va="center", color=drawing.INK)
            at += len(own) + max(2, len(values) // 60)
        panel.axvline(float(values.mean()), color=drawing.INK, lw=1, ls="--")
        panel.set_yticks([])
        panel.invert_yaxis()
        panel.set_title(f"{panel.get_title(loc='left')}: {len(numbers)} clusters, mean {values.mean():.2f}")
        panel.set_xlabel("silhouette (numbers: rows)")
        panel.grid(axis="x")
    return chart


def sizes_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """How many rows each cluster holds."""
    sizes = analysis.details["cluster_sizes"]
    first = next(iter(sizes.values()))
    share = first[0] / sum(first)
    title = f"{first_label(analysis, sizes)}: the largest of {len(first)} clusters holds {share:.0%} of the rows"
    chart, axes = one_plot("Sizes of clusters", title, "Rows per cluster, the largest first.", 2.6)
    width = 0.8 / len(sizes)
    for at, (side, own) in enumerate(sizes.items()):
        shown = own[:MOST_SEGMENTS]
        places = np.arange(len(shown)) + (at - (len(sizes) - 1) / 2) * width
        bars = axes.bar(places, shown, width * 0.92, color=COLOURS[side], label=analysis.labels[side])
        if len(shown) <= 12:
            axes.bar_label(bars, [f"{count:,}" for count in shown], size=8, color=drawing.MUTED)
    axes.set_xticks([])
    axes.set_ylabel("rows")
    drawing.legend_above(axes)
    return chart
