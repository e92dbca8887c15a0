"""The heatmap of slices: where the fine-tuned model gained, and where it lost first."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from .analysis import Analysis
from .chartparts import VERDICT_COLOURS, advantage, scale_span
from .comparison import SLICE_ROWS
from .figures import BAD, BAND, CHART_WIDTH, GOOD, INK, MUTED, Chart, chart_label, new_chart
from .verdicts import signed
from .wording import ordered_metrics

HEATMAP_ROWS = 24
STRONGEST = 0.6  # opacity of the largest difference: text on it stays readable on a light and on a dark page


def slices_chart(analysis: Analysis) -> Chart | None:
    """Differences by slice and metric; least gain on the primary metric first, slices under 5 pairs left out."""
    summary = analysis.summary
    names = ordered_metrics(summary)
    spans = {name: scale_span(analysis, name) for name in names}
    primary = names[0] if names else ""
    cells = [
        (field, value, entries)
        for field, values in summary["slices"].items()
        for value, entries in values.items()
        if entries[primary]["n_paired"] >= SLICE_ROWS
    ]
    if not cells:
        return None
    cells.sort(key=lambda cell: advantage(cell[2][primary], "mean", spans[primary]))
    field, value, entries = cells[0]
    least = entries[primary]["difference"]["mean"]
    word = "largest loss" if advantage(entries[primary], "mean", 1.0) < 0 else "least gain"
    title = (
        f"{chart_label(primary, 40, 1)} by slice: {word} where {chart_label(field, 24, 1)} is "
        f"{chart_label(value, 30, 1)} ({signed(least)}, {entries[primary]['n_paired']} rows)"
    )
    left_out = len(cells) - HEATMAP_ROWS
    cells = cells[:HEATMAP_ROWS]
    heads = [chart_label(name, 22, 1) for name in names]
    width = CHART_WIDTH + 0.5 * max(0, len(names) - 7)
    crowded = max(len(head) for head in heads) * 0.09 > (width - 2.4) / len(names)
    chart = new_chart(title, "Rows are slices, columns metrics.", (2.3 if crowded else 1.5) + 0.32 * len(cells), width)
    axes = chart.add_subplot()
    grid = np.array([[advantage(e[name], "mean", spans[name]) for name in names] for _, _, e in cells])
    reach = max(0.15, float(np.nanmax(np.abs(grid))))
    for (at, column), gain in np.ndenumerate(grid):
        if not np.isfinite(gain):
            axes.add_patch(Rectangle((column - 0.48, at - 0.46), 0.96, 0.92, facecolor=BAND))
            continue
        strength = STRONGEST * abs(gain) / reach
        colour = GOOD if gain > 0 else BAD
        axes.add_patch(Rectangle((column - 0.48, at - 0.46), 0.96, 0.92, facecolor=colour, alpha=strength))
        entry = cells[at][2][names[column]]
        shown = entry["verdict"] in VERDICT_COLOURS
        text = signed(entry["difference"]["mean"]) + ("*" if shown else "")
        bold = "bold" if shown else "normal"
        axes.annotate(text, (column, at), ha="center", va="center", size=9, color=INK, weight=bold)
    lower = [summary["metrics"][name]["direction"] == "lower" for name in names]
    heads = [head + " ↓" * is_lower for head, is_lower in zip(heads, lower, strict=True)]
    axes.set_xticks(range(len(names)), heads, rotation=35 if crowded else 0, ha="left" if crowded else "center")
    axes.set_xlim(-0.5, len(names) - 0.5)
    axes.set_ylim(len(cells) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines["bottom"].set_visible(False)
    labels = [f"{chart_label(f, 16, 1)}: {chart_label(v, 24, 1)} ({e[primary]['n_paired']})" for f, v, e in cells]
    axes.set_yticks(range(len(cells)), labels)
    arrow = " ↓ lower is better." if any(lower) else ""
    more = f" {left_out} slices with more gain are left out." if left_out > 0 else ""
    chart.supxlabel(
        "Blue: fine-tuned better, orange: base better. Numbers: fine-tuned minus base in the metric's own units;\n"
        f"rows in brackets; * shown even allowing for the number of slices.{arrow}{more}",
        x=0.01,
        ha="left",
        size=9,
        color=MUTED,
    )
    return chart
