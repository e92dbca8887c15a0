"""The charts of predictive models, titled with what they show. Drawn like all charts of reports, in their drawing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from model_evaluation.kinds.predictive.runtime.problem import LOWER_IS_BETTER, ProblemType
from model_evaluation.kinds.predictive.runtime.statistics.entries import Entries
from model_evaluation.runtime.report.charts import drawing
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.summary import MeasuredEntry

from .binary_charts import calibration_chart, cost_chart, gains_chart, precision_recall_chart, roc_chart, scores_chart
from .chart_parts import MOST_SEGMENTS, both_values, interval_rows, note_below, number_text
from .class_charts import classes_chart, confusion_chart, silhouettes_chart, sizes_chart
from .number_charts import errors_chart, predicted_chart, residuals_chart

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

NOTE = """Blue: better than over all rows, or than the reference; orange: worse. Rows in brackets. Grey numbers
without colour: too few rows. * shown even allowing for the number of segments."""


def drawings(analysis: PredictiveAnalysis) -> Mapping[str, Callable[[], drawing.Chart | None]]:
    """The charts of this problem, by name."""
    charts = {"metrics": metrics_chart, **OF_PROBLEM[analysis.problem.type], "slices": slices_chart}
    return {name: partial(draw, analysis) for name, draw in charts.items()}


OF_PROBLEM: Mapping[ProblemType, Mapping[str, Callable[[PredictiveAnalysis], drawing.Chart | None]]] = {
    "binary": {
        "roc": roc_chart,
        "precision_recall": precision_recall_chart,
        "calibration": calibration_chart,
        "threshold_cost": cost_chart,
        "confusion": confusion_chart,
        "gains": gains_chart,
        "scores": scores_chart,
    },
    "multiclass": {"confusion": confusion_chart, "classes": classes_chart},
    "regression": {"predicted": predicted_chart, "residuals": residuals_chart, "errors": errors_chart},
    "clustering": {"silhouettes": silhouettes_chart, "sizes": sizes_chart},
}


def metrics_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """Every metric that lies between 0 and 1, with both models' intervals."""
    entries = {name: own for name, own in analysis.entries.items() if own["limits"] and both_values(analysis, name)}
    if not entries:
        return None
    primary = analysis.primary
    verdicts = [entry["verdict"] for entry in entries.values()]
    name = primary if primary in entries else next(iter(entries))
    title = f"{name} {both_values(analysis, name)}"
    if len(analysis.joined.said) == 2:
        better, worse = verdicts.count("improved"), verdicts.count("regressed")
        compared = sum(verdict is not None for verdict in verdicts)
        counts = f"better on {better or 'none'}, worse on {worse or 'none'} of the {compared} compared here"
        title = f"{analysis.labels['tuned'].capitalize()}: {counts}"
    alt = "; ".join(f"{own}: {both_values(analysis, own)}" for own in entries)
    chart = drawing.new_chart("Metrics with their intervals", title, alt, 1.2 + 0.4 * len(entries))
    axes = chart.add_subplot()
    interval_rows(axes, analysis, [{"tuned": e["tuned"], "base": e["base"]} for e in entries.values()], 0.18)
    drawing.label_rows(axes, list(entries), list(entries).index(primary) if primary in entries else None)
    axes.set_xlabel("value with its 95% interval")
    return chart


class Segment(NamedTuple):
    """One segment of a field with the candidate's value of the primary metric; ``guarded``: rows are too few."""

    field: str
    name: str
    entries: Entries
    value: float
    rows: int
    guarded: bool


def _segments(analysis: PredictiveAnalysis, side: Side) -> list[Segment]:
    """The weakest first."""
    segments = [
        Segment(field, name, entries, own["value"], own["n"], own["ci_low"] is None)
        for field, by_name in analysis.segments.items()
        for name, entries in by_name.items()
        if analysis.primary in entries and (own := entries[analysis.primary][side]) and own["value"] is not None
    ]
    return sorted(segments, key=lambda own: _sign(analysis.primary) * own.value)


def _sign(metric: str) -> float:
    return -1.0 if metric in LOWER_IS_BETTER else 1.0


def slices_chart(analysis: PredictiveAnalysis) -> drawing.Chart | None:
    """The heat map of segments: the candidate's metrics in each, by how far they are from all rows, and the difference
    to the reference."""
    primary = analysis.primary
    side: Side = "tuned" if "tuned" in analysis.joined.said else "base"
    every = _segments(analysis, side)
    if not every:
        return None
    parts = every[:MOST_SEGMENTS]
    title = "No segment has rows enough to say anything of it"
    if weakest := next((part for part in every if not part.guarded), None):
        where = f"{drawing.chart_label(weakest.field, 24, 1)} is {drawing.chart_label(weakest.name, 24, 1)}"
        shown = f"{primary} {number_text(weakest.value)}, {weakest.rows:,} rows"
        title = f"{analysis.labels[side].capitalize()}: weakest where {where} ({shown})"
    chart = drawing.new_chart("By segment", title, "Rows are segments, columns metrics.", 1.7 + 0.32 * len(parts))
    axes = chart.add_subplot()
    names = list(dict.fromkeys([primary, *parts[0].entries]))
    for column, name in enumerate(names):
        whole = analysis.entries[name][side] if name in analysis.entries else None
        overall = whole["value"] if whole else None
        tiles = []
        for part in parts:
            own = part.entries[name][side]
            value = own["value"] if own else None
            gap = None if value is None or overall is None else value - overall
            tiles.append(_Tile(gap, number_text(value), own is not None and own["ci_low"] is None, False))
        _draw_column(axes, column, tiles, _sign(name))
    headings = [name.replace("_", " ") for name in names]
    if len(analysis.joined.said) == 2:
        tiles = [_difference_tile(part.entries[primary], side) for part in parts]
        _draw_column(axes, len(names), tiles, _sign(primary))
        versus = f"{analysis.labels['tuned']} minus {analysis.labels['base']}"
        headings.append(f"{primary}: {versus}".replace("_", " "))
    drawing.label_rows(
        axes,
        [f"{drawing.chart_label(p.field, 16, 1)}: {drawing.chart_label(p.name, 20, 1)} ({p.rows:,})" for p in parts],
    )
    axes.set_xticks(range(len(headings)), [drawing.chart_label(heading, 20, 4) for heading in headings])
    axes.set_xlim(-0.5, len(headings) - 0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=drawing.INK)
    axes.spines["bottom"].set_visible(False)
    left_out = len(every) - len(parts)
    note_below(chart, NOTE + (f" {left_out} stronger segments are left out." if left_out else ""))
    return chart


class _Tile(NamedTuple):
    """``gap`` is what colours it, ``guarded`` that rows are too few, ``shown`` that a difference is shown."""

    gap: float | None
    text: str
    guarded: bool
    shown: bool


def _difference_tile(entry: MeasuredEntry, side: Side) -> _Tile:
    difference, own = entry["difference"], entry[side]
    mean = difference["mean"] if difference else None
    shown = entry["verdict"] in drawing.VERDICT_COLOURS
    text = "" if mean is None else f"{mean:+.3g}".replace("-", "−") + "*" * shown
    return _Tile(mean, text, own is not None and own["ci_low"] is None, shown)


def _draw_column(axes: Axes, column: int, tiles: list[_Tile], sign: float) -> None:
    reach = max((abs(tile.gap) for tile in tiles if tile.gap is not None), default=0.0) or 1.0
    for row, tile in enumerate(tiles):
        place = (column - 0.48, row - 0.46)
        if tile.gap is None:
            axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=drawing.BAND))
            continue
        colour = drawing.GOOD if sign * tile.gap > 0 else drawing.BAD
        strength = 0.0 if tile.guarded else 0.6 * min(1.0, abs(tile.gap) / reach)
        axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=colour, alpha=strength))
        weight, ink = "bold" if tile.shown else "normal", drawing.MUTED if tile.guarded else drawing.INK
        axes.annotate(tile.text, (column, row), ha="center", va="center", size=9, color=ink, weight=weight)
