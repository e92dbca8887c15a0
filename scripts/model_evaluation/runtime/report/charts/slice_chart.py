"""The heatmap of slices: where the fine-tuned model gained, and where it lost first."""

from __future__ import annotations

import textwrap

import numpy as np
from matplotlib.patches import Rectangle

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.view import any_lower, metric_label, row_metrics
from model_evaluation.runtime.results.paired_scores import SLICE_ROWS
from model_evaluation.runtime.statistics.verdicts import signed
from model_evaluation.runtime.summary import compared, minus_words, short_labels

from . import drawing
from .metric_charts import advantage, scale_span

HEATMAP_ROWS = 24
HEATMAP_COLUMNS = 10  # more would be too narrow for their numbers
STRONGEST = 0.6  # opacity of the largest difference: text on it stays readable on a light and on a dark page


def slices_chart(analysis: Analysis) -> drawing.Chart | None:
    """Differences by slice and metric; least gain on the primary metric first, slices under 5 pairs left out."""
    summary = analysis.summary
    names = row_metrics(analysis)
    slices = [
        (field, value, entries)
        for field, values in summary["slices"].items()
        for value, entries in values.items()
        if names and entries[names[0]]["n_paired"] >= SLICE_ROWS
    ]
    if not slices:
        return None
    notes = ["rows in brackets; * shown even allowing for the number of slices."]
    if any_lower(summary):
        notes.append("↓ lower is better.")
    if len(slices) > HEATMAP_ROWS:
        notes.append(f"{len(slices) - HEATMAP_ROWS} slices with more gain are left out.")
    if len(names) > HEATMAP_COLUMNS:
        notes.append(f"{len(names) - HEATMAP_COLUMNS} metrics are left out.")
    names = names[:HEATMAP_COLUMNS]
    spans = {name: scale_span(analysis, name) for name in names}
    gains = np.array([[advantage(entries[n], "mean", spans[n]) for n in names] for _, _, entries in slices])
    order = np.argsort(gains[:, 0], kind="stable")[:HEATMAP_ROWS]
    gains, slices = gains[order], [slices[at] for at in order]

    field, value, entries = slices[0]
    least = entries[names[0]]
    where = f"{drawing.chart_label(field, 24, 1)} is {drawing.chart_label(value, 30, 1)}"
    title = (
        f"{drawing.chart_label(names[0], 40, 1)} by slice: {'largest loss' if gains[0, 0] < 0 else 'least gain'} where "
        f"{where} ({signed(compared(least)['mean'])}, {least['n_paired']} rows)"
    )
    columns = [metric_label(drawing.chart_label(name, 24, 1), summary["metrics"][name]) for name in names]
    crowded = max(map(len, columns)) * 0.09 > (drawing.CHART_WIDTH - 2.4) / len(columns)
    height, alt = (2.3 if crowded else 1.5) + 0.32 * len(slices), "Rows are slices, columns metrics."
    chart = drawing.new_chart("Where it got better and worse", title, alt, height)
    axes = chart.add_subplot()
    reach = float(np.nanmax(np.abs(gains), initial=0.15))
    for (row, column), gain in np.ndenumerate(gains):
        entry, place = slices[row][2][names[column]], (column - 0.48, row - 0.46)
        if not np.isfinite(gain):
            axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=drawing.BAND))
            continue
        colour, strength = drawing.GOOD if gain > 0 else drawing.BAD, STRONGEST * abs(gain) / reach
        axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=colour, alpha=strength))
        clear = entry["verdict"] in drawing.VERDICT_COLOURS
        text, weight = signed(compared(entry)["mean"]) + "*" * clear, "bold" if clear else "normal"
        axes.annotate(text, (column, row), ha="center", va="center", size=9, color=drawing.INK, weight=weight)
    axes.set_xticks(range(len(columns)), columns, rotation=35 if crowded else 0, ha="left" if crowded else "center")
    axes.set_xlim(-0.5, len(columns) - 0.5)
    label = drawing.chart_label
    cells = [(label(field, 16, 1), label(value, 24, 1), own[names[0]]["n_paired"]) for field, value, own in slices]
    drawing.label_rows(axes, [f"{field}: {value} ({pairs})" for field, value, pairs in cells])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=drawing.INK)
    axes.spines["bottom"].set_visible(False)
    short = short_labels(summary)
    legend = f"Blue: {short['tuned']} better, orange: {short['base']} better. Numbers: {minus_words(summary)} "
    legend = textwrap.fill(f"{legend}in the metric's own units;", 110) + "\n"
    chart.supxlabel(legend + " ".join(notes), x=0.01, ha="left", size=9, color=drawing.MUTED)
    return chart
