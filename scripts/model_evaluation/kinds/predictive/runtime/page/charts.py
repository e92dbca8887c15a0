"""The charts of predictive models, titled with what they show. Drawn like all charts of reports, in their look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from matplotlib.patches import Rectangle

from model_evaluation.kinds.predictive.runtime.problem import LOWER_IS_BETTER
from model_evaluation.runtime.report.charts import drawing as look

from .binary_charts import calibration_chart, cost_chart, gains_chart, precision_recall_chart, roc_chart, scores_chart
from .chart_parts import COLOURS, MOST_SEGMENTS, both_values, named, number_text
from .class_charts import classes_chart, confusion_chart, silhouettes_chart, sizes_chart
from .number_charts import errors_chart, predicted_chart, residuals_chart

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

Drawing = Callable[[], look.Chart | None]


def drawings(analysis: PredictiveAnalysis) -> Mapping[str, Drawing]:
    """The charts of this problem, by name."""
    problem = analysis.problem.type
    chosen: dict[str, Callable[[PredictiveAnalysis], look.Chart | None]] = {"metrics": metrics_chart}
    if problem == "binary":
        chosen |= {
            "roc": roc_chart,
            "precision_recall": precision_recall_chart,
            "calibration": calibration_chart,
            "threshold_cost": cost_chart,
            "confusion": confusion_chart,
            "gains": gains_chart,
            "scores": scores_chart,
        }
    elif problem == "multiclass":
        chosen |= {"confusion": confusion_chart, "classes": classes_chart}
    elif problem == "regression":
        chosen |= {"predicted": predicted_chart, "residuals": residuals_chart, "errors": errors_chart}
    else:
        chosen |= {"silhouettes": silhouettes_chart, "sizes": sizes_chart}
    chosen["slices"] = slices_chart
    return {name: partial(draw, analysis) for name, draw in chosen.items()}


def metrics_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """Every metric that lies between 0 and 1, with both models' intervals."""
    entries = {
        name: entry
        for name, entry in analysis.found["metrics"].items()
        if entry["limits"] and any(own and own["value"] is not None for own in (entry["tuned"], entry["base"]))
    }
    if not entries:
        return None
    primary = analysis.found["primary_metric"]
    verdicts = [entry["verdict"] for entry in entries.values()]
    better, worse = verdicts.count("improved"), verdicts.count("regressed")
    name = primary if primary in entries else next(iter(entries))
    title = f"{name} {both_values(analysis, name)}"
    if len(analysis.joined.said) == 2:
        compared = sum(verdict is not None for verdict in verdicts)
        counts = f"better on {better or 'none'}, worse on {worse or 'none'} of the {compared} compared here"
        title = f"{named(analysis, 'tuned').capitalize()}: {counts}"
    alt = "; ".join(f"{own}: {both_values(analysis, own)}" for own in entries)
    chart = look.new_chart("Metrics with their intervals", title, alt, 1.2 + 0.4 * len(entries))
    axes = chart.add_subplot()
    sides = list(analysis.joined.said)
    for at, side in enumerate(sides):
        shift = 0 if len(sides) == 1 else 0.18 * (2 * at - 1)
        for row, entry in enumerate(entries.values()):
            own = entry[side]
            if own is None or own["value"] is None:
                continue
            label = named(analysis, side) if row == 0 else None
            if own["ci_low"] is not None:
                axes.plot([own["ci_low"], own["ci_high"]], [row + shift] * 2, color=COLOURS[side], linewidth=3)
            marker = "o" if side == "tuned" else "D"
            axes.plot([own["value"]], [row + shift], marker, color=COLOURS[side], markersize=7, label=label)
    look.label_rows(axes, list(entries), list(entries).index(primary) if primary in entries else None)
    axes.grid(axis="x")
    axes.set_xlabel("value with its 95% interval")
    if len(sides) > 1:
        look.legend_above(axes)
    return chart


def slices_chart(analysis: PredictiveAnalysis) -> look.Chart | None:
    """The heat map of segments: the candidate's metrics in each, by how far they are from all rows, and the difference
    to the reference."""
    summary = analysis.found
    primary = summary["primary_metric"]
    side = "tuned" if "tuned" in analysis.joined.said else "base"
    parts = [
        (field, value, own)
        for field, values in summary["slices"].items()
        for value, own in values.items()
        if primary in own and own[primary][side] and own[primary][side]["value"] is not None
    ]
    if not parts:
        return None
    sign = -1.0 if primary in LOWER_IS_BETTER else 1.0
    parts.sort(key=lambda part: sign * part[2][primary][side]["value"])
    guarded = [part for part in parts if part[2][primary][side]["ci_low"] is not None]
    left_out, parts = len(parts) - MOST_SEGMENTS, parts[:MOST_SEGMENTS]
    names = list(dict.fromkeys([primary, *(name for name in parts[0][2])]))
    both = len(analysis.joined.said) == 2
    columns = names + (["difference"] if both else [])
    if guarded:
        field, value, own = guarded[0]
        where = f"{look.chart_label(field, 24, 1)} is {look.chart_label(value, 24, 1)}"
        title = (
            f"{named(analysis, side).capitalize()}: weakest where {where} "
            f"({primary} {number_text(own[primary][side]['value'])}, {own[primary][side]['n']:,} rows)"
        )
    else:
        title = "No segment has rows enough to say anything of it"
    chart = look.new_chart("By segment", title, "Rows are segments, columns metrics.", 1.7 + 0.32 * len(parts))
    axes = chart.add_subplot()
    for column, name in enumerate(columns):
        whole = None if name == "difference" else summary["metrics"].get(name)
        overall = whole[side]["value"] if whole and whole[side] else None
        direction = -1.0 if (primary if name == "difference" else name) in LOWER_IS_BETTER else 1.0
        gaps = []
        for _, _, entries in parts:
            entry = entries[primary if name == "difference" else name]
            if name == "difference":
                gaps.append(None if entry["difference"] is None else entry["difference"]["mean"])
            else:
                own_value = entry[side]["value"] if entry[side] else None
                gaps.append(None if own_value is None or overall is None else own_value - overall)
        reach = max((abs(gap) for gap in gaps if gap is not None), default=0.0) or 1.0
        for row, ((_, _, entries), gap) in enumerate(zip(parts, gaps, strict=True)):
            entry = entries[primary if name == "difference" else name]
            guard = entry[side] is not None and entry[side]["ci_low"] is None
            place = (column - 0.48, row - 0.46)
            if gap is None:
                axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=look.BAND))
                continue
            colour = look.GOOD if direction * gap > 0 else look.BAD
            strength = 0.0 if guard else 0.6 * min(1.0, abs(gap) / reach)
            axes.add_patch(Rectangle(place, 0.96, 0.92, facecolor=colour, alpha=strength))
            value = gap if name == "difference" else entry[side]["value"]
            text = f"{value:+.3g}".replace("-", "−") if name == "difference" else number_text(value)
            shown = name == "difference" and entry["verdict"] in look.VERDICT_COLOURS
            axes.annotate(
                text + "*" * shown,
                (column, row),
                ha="center",
                va="center",
                size=9,
                color=look.MUTED if guard else look.INK,
                weight="bold" if shown else "normal",
            )
    look.label_rows(
        axes,
        [
            f"{look.chart_label(field, 16, 1)}: {look.chart_label(value, 20, 1)} ({own[primary][side]['n']:,})"
            for field, value, own in parts
        ],
    )
    shown_columns = [
        (f"{primary}: {named(analysis, 'tuned')} minus {named(analysis, 'base')}" if name == "difference" else name)
        for name in columns
    ]
    axes.set_xticks(range(len(columns)), [look.chart_label(name.replace("_", " "), 20, 4) for name in shown_columns])
    axes.set_xlim(-0.5, len(columns) - 0.5)
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=look.INK)
    axes.spines["bottom"].set_visible(False)
    note = "Blue: better than over all rows, or than the reference; orange: worse. Rows in brackets. Grey numbers\n"
    note += "without colour: too few rows. * shown even allowing for the number of segments."
    if left_out > 0:
        note += f" {left_out} stronger segments are left out."
    chart.supxlabel(note, x=0.01, ha="left", size=9, color=look.MUTED)
    return chart
