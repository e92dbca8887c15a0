"""The heatmap of slices: where the fine-tuned model gained, and where it lost first."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.metrics_table import metric_label, ordered_metrics
from model_evaluation.runtime.results.paired_scores import SLICE_ROWS
from model_evaluation.runtime.statistics.verdicts import signed
from model_evaluation.runtime.summary import MetricEntry

from . import look
from .metric_charts import advantage, scale_span

HEATMAP_ROWS = 24
HEATMAP_COLUMNS = 10  # more would be too narrow for their numbers
STRONGEST = 0.6  # opacity of the largest difference: text on it stays readable on a light and on a dark page


class Cell(NamedTuple):
    """A metric in a slice; ``gain`` is the fine-tuned model's, as share of the scale."""

    entry: MetricEntry
    gain: float


class Slice(NamedTuple):
    """A slice with its cells in the order of the metrics, the primary one first."""

    field: str
    value: str
    cells: list[Cell]

    @property
    def label(self) -> str:
        rows = self.cells[0].entry["n_paired"]
        return f"{look.chart_label(self.field, 16, 1)}: {look.chart_label(self.value, 24, 1)} ({rows})"


def slices_chart(analysis: Analysis) -> look.Chart | None:
    """Differences by slice and metric; least gain on the primary metric first, slices under 5 pairs left out."""
    summary = analysis.summary
    names = ordered_metrics(summary, analysis.words)
    spans = {name: scale_span(analysis, name) for name in names}
    slices = [
        Slice(field, value, [Cell(entries[n], advantage(entries[n], "mean", spans[n])) for n in names])
        for field, values in summary["slices"].items()
        for value, entries in values.items()
        if names and entries[names[0]]["n_paired"] >= SLICE_ROWS
    ]
    if not slices:
        return None
    slices.sort(key=lambda slice_: slice_.cells[0].gain)
    notes = ["↓ lower is better."] * any(summary["metrics"][name]["direction"] == "lower" for name in names)
    if len(slices) > HEATMAP_ROWS:
        notes.append(f"{len(slices) - HEATMAP_ROWS} slices with more gain are left out.")
    title = _title(names[0], slices[0])
    slices = slices[:HEATMAP_ROWS]
    if len(names) > HEATMAP_COLUMNS:
        notes.append(f"{len(names) - HEATMAP_COLUMNS} metrics are left out.")
        names = names[:HEATMAP_COLUMNS]
    columns = [metric_label(look.chart_label(name, 22, 1), summary["metrics"][name]) for name in names]
    crowded = max(map(len, columns)) * 0.09 > (look.CHART_WIDTH - 2.4) / len(columns)
    height, alt = (2.3 if crowded else 1.5) + 0.32 * len(slices), "Rows are slices, columns metrics."
    chart = look.new_chart("Where it got better and worse", title, alt, height)
    axes = chart.add_subplot()
    _draw_cells(axes, [slice_.cells[: len(names)] for slice_ in slices])
    axes.set_xticks(range(len(columns)), columns, rotation=35 if crowded else 0, ha="left" if crowded else "center")
    axes.set_xlim(-0.5, len(columns) - 0.5)
    look.label_rows(axes, [slice_.label for slice_ in slices])
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=look.INK)
    axes.spines["bottom"].set_visible(False)
    chart.supxlabel(
        "Blue: fine-tuned better, orange: base better. Numbers: fine-tuned minus base in the metric's own units;\n"
        + " ".join(["rows in brackets; * shown even allowing for the number of slices.", *notes]),
        x=0.01,
        ha="left",
        size=9,
        color=look.MUTED,
    )
    return chart


def _title(primary: str, least: Slice) -> str:
    entry, gain = least.cells[0]
    kind = "largest loss" if gain < 0 else "least gain"
    evidence = f"{signed(entry['difference']['mean'])}, {entry['n_paired']} rows"
    where = f"{look.chart_label(least.field, 24, 1)} is {look.chart_label(least.value, 30, 1)}"
    return f"{look.chart_label(primary, 40, 1)} by slice: {kind} where {where} ({evidence})"


def _draw_cells(axes: Axes, grid: Sequence[Sequence[Cell]]) -> None:
    """A rectangle per cell, the stronger its colour the larger the gain or loss."""
    reach = max(0.15, *(abs(cell.gain) for line in grid for cell in line if math.isfinite(cell.gain)))
    for row, line in enumerate(grid):
        for column, (entry, gain) in enumerate(line):
            place, size = (column - 0.48, row - 0.46), (0.96, 0.92)
            if not math.isfinite(gain):
                axes.add_patch(Rectangle(place, *size, facecolor=look.BAND))
                continue
            axes.add_patch(
                Rectangle(
                    place, *size, facecolor=look.GOOD if gain > 0 else look.BAD, alpha=STRONGEST * abs(gain) / reach
                )
            )
            clear = entry["verdict"] in look.VERDICT_COLOURS
            text, weight = signed(entry["difference"]["mean"]) + "*" * clear, "bold" if clear else "normal"
            axes.annotate(text, (column, row), ha="center", va="center", size=9, color=look.INK, weight=weight)
