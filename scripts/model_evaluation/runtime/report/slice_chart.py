"""The heatmap of slices: where the fine-tuned model gained, and where it lost first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.statistics.comparison import SLICE_ROWS
from model_evaluation.runtime.statistics.verdicts import signed

from .chart_data import VERDICT_COLOURS, advantage, scale_span
from .figures import BAD, BAND, CHART_WIDTH, GOOD, INK, MUTED, Chart, chart_label, new_chart
from .wording import ordered_metrics

HEATMAP_ROWS = 24
HEATMAP_COLUMNS = 8  # more would be too narrow for their numbers
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
    notes = ["↓ lower is better."] * any(_lower(summary, name) for name in names)
    if len(cells) > HEATMAP_ROWS:
        notes.append(f"{len(cells) - HEATMAP_ROWS} slices with more gain are left out.")
    cells = cells[:HEATMAP_ROWS]
    turned = len(names) > HEATMAP_COLUMNS and len(cells) <= HEATMAP_COLUMNS
    if len(names) > HEATMAP_COLUMNS and not turned:
        notes.append(f"{len(names) - HEATMAP_COLUMNS} metrics are left out.")
        names = names[:HEATMAP_COLUMNS]
    metrics = [chart_label(name, 22 if not turned else 34, 1) + " ↓" * _lower(summary, name) for name in names]
    slices = [f"{chart_label(f, 16, 1)}: {chart_label(v, 24, 1)} ({e[primary]['n_paired']})" for f, v, e in cells]
    values = [[(e[name], advantage(e[name], "mean", spans[name])) for name in names] for _, _, e in cells]
    rows, heads = (slices, metrics) if not turned else (metrics, slices)
    if turned:
        values = [list(column) for column in zip(*values, strict=True)]
    crowded = max(len(head) for head in heads) * 0.09 > (CHART_WIDTH - 2.4) / len(heads)
    alt = "Rows are slices, columns metrics." if not turned else "Rows are metrics, columns slices."
    chart = new_chart(title, alt, (2.3 if crowded else 1.5) + 0.32 * len(rows))
    axes = chart.add_subplot()
    _draw_cells(axes, values)
    axes.set_xticks(range(len(heads)), heads, rotation=35 if crowded else 0, ha="left" if crowded else "center")
    axes.set_xlim(-0.5, len(heads) - 0.5)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks(range(len(rows)), rows)
    chart.supxlabel(
        "Blue: fine-tuned better, orange: base better. Numbers: fine-tuned minus base in the metric's own units;\n"
        + " ".join(["rows in brackets; * shown even allowing for the number of slices.", *notes]),
        x=0.01,
        ha="left",
        size=9,
        color=MUTED,
    )
    return chart


def _lower(summary: Mapping[str, Any], name: str) -> bool:
    return bool(summary["metrics"][name]["direction"] == "lower")


def _draw_cells(axes: Axes, values: Sequence[Sequence[tuple[Mapping[str, Any], float]]]) -> None:
    """A rectangle per entry, the stronger its colour the larger the gain or loss (``values``: entry and gain)."""
    gains = [abs(gain) for line in values for _, gain in line if math.isfinite(gain)]
    reach = max(0.15, *gains)
    for at, line in enumerate(values):
        for column, (entry, gain) in enumerate(line):
            known = math.isfinite(gain)
            look: dict[str, Any] = {"facecolor": BAND}
            if known:
                look = {"facecolor": GOOD if gain > 0 else BAD, "alpha": STRONGEST * abs(gain) / reach}
            axes.add_patch(Rectangle((column - 0.48, at - 0.46), 0.96, 0.92, **look))
            if known:
                shown = entry["verdict"] in VERDICT_COLOURS
                text = signed(entry["difference"]["mean"]) + ("*" if shown else "")
                bold = "bold" if shown else "normal"
                axes.annotate(text, (column, at), ha="center", va="center", size=9, color=INK, weight=bold)
