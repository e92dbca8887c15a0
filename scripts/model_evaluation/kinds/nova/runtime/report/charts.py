"""Charts of confidence, beside those that all comparisons have."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from model_evaluation.kinds.nova.runtime.scores.answers import ACCURACY
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts import CHARTS, drawing
from model_evaluation.runtime.summary import labels_of

from .page_parts import sides_of_confidence

FEW = 10  # a tenth with fewer answers is drawn hollow


def drawings(analysis: Analysis) -> Mapping[str, Callable[[], drawing.Chart | None]]:
    """The shared charts, and those of confidence where there is any."""
    chosen: dict[str, Callable[[], drawing.Chart | None]] = {
        name: functools.partial(draw, analysis) for name, draw in CHARTS.items()
    }
    chosen["cells"] = lambda: cells_chart(analysis)
    return {**chosen, "reliability": lambda: reliability_chart(analysis), "routing": lambda: routing_chart(analysis)}


def cells_chart(analysis: Analysis) -> drawing.Chart | None:
    """The primary metric of the model under test by two metadata fields, with the rows of every cell."""
    summary, table = analysis.summary, analysis.per_example
    side = "tuned" if summary["models"]["tuned"] else "base"
    fields = [name for name in summary["slices"] if name in table][:2]
    column, limits = f"{summary['primary_metric']}__{side}", summary["metrics"][summary["primary_metric"]]["limits"]
    if len(fields) < 2 or column not in table or not limits:
        return None
    first, second = fields
    known = table[table[column].notna() & table[first].notna() & table[second].notna()]
    grouped = known.groupby([first, second])[column].agg(["mean", "count"])
    rows, columns = (sorted(known[name].unique()) for name in fields)
    large = grouped[grouped["count"] >= FEW]
    worst = large["mean"].idxmin() if len(large) else None
    title = "No cell has ten rows"
    if worst:
        title = f"Lowest where {first} is {worst[0]} and {second} is {worst[1]}: {large['mean'].min():.2f}"
    alt = "; ".join(f"{a}, {b}: {own['mean']:.2f} of {own['count']:.0f}" for (a, b), own in grouped.iterrows())
    name = f"{summary['primary_metric']} of the {labels_of(summary)[side]} by {first} and {second}"
    chart = drawing.new_chart(name, title, alt, 0.9 + 0.5 * len(rows))
    axes = chart.add_subplot()
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.set_xticks(range(len(columns)), [drawing.chart_label(str(value), 18, 1) for value in columns])
    drawing.label_rows(axes, [drawing.chart_label(str(value), 24, 1) for value in rows])
    for (a, b), own in grouped.iterrows():
        at, enough = (columns.index(b), rows.index(a)), own["count"] >= FEW
        share = (own["mean"] - limits[0]) / (limits[1] - limits[0])
        colour = drawing.GOOD if enough else drawing.PAPER
        axes.add_patch(Rectangle((at[0] - 0.48, at[1] - 0.46), 0.96, 0.92, color=colour, alpha=0.15 + 0.5 * share))
        text = f"{own['mean']:.2f}  (n {own['count']:.0f})"
        axes.text(*at, text, ha="center", va="center", size=9, color=drawing.INK if enough else drawing.MUTED)
    axes.set_xlabel(f"{second} (grey: fewer than {FEW} rows, no claim)")
    return chart


def reliability_chart(analysis: Analysis) -> drawing.Chart | None:
    """Accuracy by tenths of confidence with Wilson's intervals, against the diagonal."""
    summary = analysis.summary
    sides, labels = sides_of_confidence(summary), labels_of(summary)
    sides = {side: own for side, own in sides.items() if own["reliability"]}
    if not sides:
        return None
    errors = " against ".join(f"{own['ece']:.2f}" for own in sides.values())
    title = f"Confidence and accuracy are {errors} apart on average"
    alt = "; ".join(
        f"{labels[side]}: "
        + ", ".join(f"{b['confidence']:.2f} {b['accuracy']:.2f} ({b['n']})" for b in own["reliability"])
        for side, own in sides.items()
    )
    chart = drawing.new_chart("Reliability of the confidence", title, alt, 3.8)
    axes = chart.add_subplot()
    axes.plot([0, 1], [0, 1], color=drawing.MUTED, linewidth=1, linestyle=(0, (2, 2)), label="as sure as right")
    for side, own in sides.items():
        colour, shift = drawing.MODEL_COLOURS[side], 0.006 if side == "tuned" else -0.006
        for at, tenth in enumerate(own["reliability"]):
            x, fill = tenth["confidence"] + shift, colour if tenth["n"] >= FEW else drawing.PAPER
            axes.plot([x, x], [tenth["ci_low"], tenth["ci_high"]], color=colour, linewidth=1.5)
            marker = "o" if side == "tuned" else "D"
            label = labels[side] if at == 0 else None
            axes.plot([x], [tenth["accuracy"]], marker, color=colour, markerfacecolor=fill, markersize=7, label=label)
    _shares(axes)
    axes.set_xlabel(f"confidence (hollow: fewer than {FEW} answers)")
    axes.set_ylabel("share of right answers")
    drawing.legend_above(axes)
    return chart


def routing_chart(analysis: Analysis) -> drawing.Chart | None:
    """Accuracy of the answers that are taken, by how many are: the surest first."""
    table, labels = analysis.per_example, labels_of(analysis.summary)
    curves = {}
    for side in ("tuned", "base"):
        columns = [f"{side}_confidence", f"{ACCURACY}__{side}"]
        if all(column in table for column in columns):
            known = table[columns].dropna().sort_values(columns[0], ascending=False)
            if len(known) >= FEW:
                curves[side] = np.asarray(known[columns[1]], float)
    if not curves:
        return None
    halves = {side: float(right[: max(1, len(right) // 2)].mean()) for side, right in curves.items()}
    title = (
        "Of the surer half of the answers "
        + " against ".join(f"{share:.0%}" for share in halves.values())
        + " are right"
    )
    alt = "; ".join(f"{labels[side]}: {right.mean():.2f} of all {len(right)}" for side, right in curves.items())
    chart = drawing.new_chart("Accuracy by coverage", title, alt, 3.2)
    axes = chart.add_subplot()
    for side, right in curves.items():
        taken = np.arange(1, len(right) + 1)
        dashes = "-" if side == "tuned" else (0, (5, 2))
        share = np.cumsum(right) / taken
        axes.plot(taken / len(right), share, color=drawing.MODEL_COLOURS[side], linestyle=dashes, label=labels[side])
    _shares(axes)
    axes.set_ylim(min(0.5, *(float(right.mean()) for right in curves.values())) - 0.05, 1.02)
    axes.set_xlabel("share of those with a confidence that is taken, the surest first")
    axes.set_ylabel("share of right ones")
    drawing.legend_above(axes)
    return chart


def _shares(axes: Axes) -> None:
    axes.set_xlim(-0.01, 1.01)
    axes.set_ylim(-0.01, 1.03)
    axes.grid()
    axes.xaxis.set_major_formatter(drawing.share_tick)
    axes.yaxis.set_major_formatter(drawing.share_tick)
