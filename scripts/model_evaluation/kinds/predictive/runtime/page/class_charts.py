"""Charts of classes and clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.patches import Rectangle
from numpy.typing import NDArray
from sklearn.metrics import silhouette_samples

from model_evaluation.kinds.predictive.runtime.statistics.shapes import shape_sample
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.runtime.report.charts import drawing as look
from model_evaluation.runtime.results.evaluation import Side

from .binary_charts import at_threshold
from .chart_parts import COLOURS, MOST_SEGMENTS, named

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

MOST_CLASSES = 25


def confusion_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Counts and shares of each actual class, both models on one scale."""
    joined = analysis.joined
    matrices = {side: at_threshold(analysis, side) for side in joined.said}
    known = {side: own for side, own in matrices.items() if own is not None}
    if not known or len(joined.classes) > MOST_CLASSES:
        return None
    first = next(iter(known))
    names = [look.chart_label(name, 14, 1) for name in joined.classes]
    size = len(names)
    chart = look.new_chart(
        "Confusion matrix",
        _confusion_title(analysis, first, known[first]),
        "Rows are actual classes, columns predicted ones.",
        2.6 + 0.23 * max(0, size - 2) * (1 if len(known) == 2 else 1.6),
    )
    panels = chart.subplots(1, len(known), squeeze=False)[0]
    for panel, (side, own) in zip(panels, known.items(), strict=True):
        totals = own.sum(axis=1, keepdims=True)
        shares = np.divide(own, totals, out=np.zeros_like(own), where=totals > 0)
        for (row, column), share in np.ndenumerate(shares):
            colour = look.GOOD if row == column else look.BAD
            panel.add_patch(Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, alpha=0.6 * share, lw=0))
            if size <= 6:
                text = f"{own[row, column]:,.0f}\n{share:.1%}"
            else:
                text = f"{own[row, column]:,.0f}" if own[row, column] else ""
            panel.annotate(text, (column, row), ha="center", va="center", size=10 if size <= 4 else 7, color=look.INK)
        panel.set_xlim(-0.5, size - 0.5)
        panel.set_ylim(size - 0.5, -0.5)
        panel.set_xticks(range(size), names, rotation=0 if size <= 10 else 90)
        panel.set_yticks(range(size), names)
        panel.set_title(named(analysis, side).capitalize())
        panel.set_xlabel("predicted")
        panel.tick_params(length=0)
        for spine in panel.spines.values():
            spine.set_visible(False)
    panels[0].set_ylabel("actual")
    return chart


def _confusion_title(analysis: PredictiveAnalysis, side: str, own: NDArray[np.float64]) -> str:
    label = named(analysis, side).capitalize()
    if analysis.problem.type == "binary":
        return (
            f"{label}: finds {own[1, 1]:,.0f} of {own[1].sum():,.0f} positives, with {own[0, 1]:,.0f} false alarms "
            f"among {own[0].sum():,.0f} negatives"
        )
    wrong = own - np.diag(np.diag(own))
    if not wrong.any():
        return f"{label}: no row is wrong"
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    actual, taken = analysis.joined.classes[row], analysis.joined.classes[column]
    rows = f"{wrong[row, column]:,.0f} of {own[row].sum():,.0f} rows"
    return f"{label}: most often {actual!r} is taken for {taken!r} ({rows})"


def classes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """F1 of each class, weakest first."""
    classes = {
        name: own
        for name, own in analysis.found["classes"].items()
        if own["n"] and own.get("tuned", own.get("base"))["f1"]["value"] is not None
    }
    if not classes:
        return None
    sides = list(analysis.joined.said)
    order = sorted(classes, key=lambda name: classes[name][sides[0]]["f1"]["value"])[:MOST_SEGMENTS]
    weakest = classes[order[0]]
    left_out = len(classes) - len(order)
    score = weakest[sides[0]]["f1"]["value"]
    title = f"Weakest class of the {named(analysis, sides[0])}: {order[0]} (F1 {score:.2f}, {weakest['n']:,} rows)"
    chart = look.new_chart("F1 by class", title, "Dots with 95% intervals, a row per class.", 1.1 + 0.36 * len(order))
    axes = chart.add_subplot()
    for at, side in enumerate(sides):
        shift = 0 if len(sides) == 1 else 0.16 * (2 * at - 1)
        for row, name in enumerate(order):
            own = classes[name][side]["f1"]
            if own["value"] is None:
                continue
            axes.plot([own["ci_low"], own["ci_high"]], [row + shift] * 2, color=COLOURS[side], lw=3)
            label = named(analysis, side) if row == 0 else None
            axes.plot([own["value"]], [row + shift], "o" if side == "tuned" else "D", color=COLOURS[side], label=label)
    look.label_rows(axes, [look.chart_label(f"{name} ({classes[name]['n']:,})", 30, 1) for name in order])
    axes.grid(axis="x")
    axes.set_xlabel("F1" + (f"; {left_out} stronger classes are left out" if left_out else ""))
    if len(sides) > 1:
        look.legend_above(axes)
    return chart


def silhouettes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Each row's silhouette, by cluster: below 0 it lies nearer to another one."""
    joined = analysis.joined
    if joined.features is None:
        return None
    usable = np.flatnonzero(np.isfinite(joined.features).all(axis=1))
    rows = usable[shape_sample(len(usable))]
    drawn: dict[Side, tuple[Floats, NDArray[np.int64]]] = {}
    for side, said in joined.said.items():
        assert said.codes is not None
        codes = said.codes[rows]
        if 2 <= len(np.unique(codes)) < len(codes):
            drawn[side] = np.asarray(silhouette_samples(joined.features[rows], codes)), codes
    if not drawn:
        return None
    first = next(iter(drawn))
    nearer = float((drawn[first][0] < 0).mean())
    label = named(analysis, first).capitalize()
    title = f"{label}: {nearer:.0%} of the rows lie nearer to another cluster than their own"
    chart = look.new_chart("Silhouettes", title, "Rows by cluster and silhouette, the mean as a line.", 3.8)
    panels = chart.subplots(1, len(drawn), squeeze=False, sharex=True)[0]
    for panel, (side, (values, codes)) in zip(panels, drawn.items(), strict=True):
        at = 0
        numbers = np.unique(codes)
        for number in numbers:
            own = np.sort(values[codes == number])[::-1]
            panel.fill_betweenx(np.arange(at, at + len(own)), 0, own, color=COLOURS[side], alpha=0.75, lw=0, step="mid")
            panel.annotate(f"{len(own):,}", (0.01, at + len(own) / 2), size=8, va="center", color=look.INK)
            at += len(own) + max(2, len(values) // 60)
        panel.axvline(float(values.mean()), color=look.INK, lw=1, ls="--")
        panel.set_yticks([])
        panel.invert_yaxis()
        panel.set_title(f"{named(analysis, side).capitalize()}: {len(numbers)} clusters, mean {values.mean():.2f}")
        panel.set_xlabel("silhouette (numbers: rows)")
        panel.grid(axis="x")
    return chart


def sizes_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """How many rows each cluster holds."""
    sizes = analysis.found["cluster_sizes"]
    first = next(iter(sizes))
    total = sum(sizes[first])
    label, share = named(analysis, first).capitalize(), sizes[first][0] / total
    title = f"{label}: the largest of {len(sizes[first])} clusters holds {share:.0%} of the rows"
    chart = look.new_chart("Sizes of clusters", title, "Rows per cluster, the largest first.", 2.6)
    axes = chart.add_subplot()
    width = 0.8 / len(sizes)
    for at, (side, own) in enumerate(sizes.items()):
        shown = own[:MOST_SEGMENTS]
        places = np.arange(len(shown)) + (at - (len(sizes) - 1) / 2) * width
        bars = axes.bar(places, shown, width * 0.92, color=COLOURS[side], label=named(analysis, side))
        if len(shown) <= 12:
            axes.bar_label(bars, [f"{count:,}" for count in shown], size=8, color=look.MUTED)
    axes.set_xticks([])
    axes.set_ylabel("rows")
    axes.grid(axis="y")
    look.legend_above(axes)
    return chart
