"""Charts of single scores: how they are spread, and whether they go with the length of answers."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.view import any_lower, metric_label, row_metrics
from model_evaluation.runtime.results.paired_scores import SLICE_ROWS
from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.verdicts import signed
from model_evaluation.runtime.summary import (
    Side,
    compared,
    evaluated_models,
    labels_of,
    minus_words,
    short_labels,
    value_of,
)

from . import drawing
from .metric_charts import advantage, scale_span

HISTOGRAM_VALUES = 10  # more distinct scores than this are drawn as a histogram
TICK_CHARACTERS = 100  # in the chart's width
LENGTH_MEANS = 30  # rows; means of fewer are noise
LENGTH_POINTS = 1_000  # more would make the page heavy and the cloud no clearer


def distributions_chart(analysis: Analysis) -> drawing.Chart | None:
    """Score distributions of both models over the rows that have both (one model: over its scored rows)."""
    summary, table, labels = analysis.summary, analysis.per_example, labels_of(analysis.summary)
    sides = evaluated_models(summary)
    scores = {
        name: {side: table[f"{name}__{side}"].to_numpy() for side in sides}
        for name in row_metrics(analysis)
        if all(pd.api.types.is_numeric_dtype(table[f"{name}__{side}"]) for side in sides)
        and any(table[f"{name}__{side}"].notna().any() for side in sides)
    }
    if not scores:
        return None
    first = next(iter(scores))
    means = {side: value_of(summary["metrics"][first][side]) for side in sides}
    mean_words = ", ".join(f"{mean:.2f} for the {labels[side]}" for side, mean in means.items() if mean is not None)
    title, alt = (
        f"{drawing.chart_label(first, 40, 1)}: mean score {mean_words}",
        "Bars show the share of rows with each score.",
    )
    columns, lines = min(3, len(scores)), -(-len(scores) // 3)
    chart = drawing.new_chart("How the scores are spread", title, alt, 0.6 + (2.2 if lines == 1 else 1.8) * lines)
    panels = chart.subplots(lines, columns, squeeze=False).ravel()
    for panel in panels[len(scores) :]:
        panel.set_visible(False)
    for panel, (name, own) in zip(panels, scores.items(), strict=False):
        _draw_distribution(panel, own, labels, room=TICK_CHARACTERS // columns)
        panel.set_title(drawing.chart_label(name, 28), weight="bold" if name == summary["primary_metric"] else "normal")
        panel.set_xlabel("score (lower is better)" if summary["metrics"][name]["direction"] == "lower" else "score")
    for panel in panels[::columns]:
        panel.set_ylabel("share of rows")
    if len(sides) > 1:
        chart.legend(*panels[0].get_legend_handles_labels(), loc="outside lower left", ncols=2)
    return chart


def _draw_distribution(panel: Axes, scores: Mapping[Side, Floats], labels: Mapping[str, str], room: int) -> None:
    """``room`` is how many characters fit below the panel."""
    both = np.logical_and.reduce([np.isfinite(values) for values in scores.values()])
    known = {side: values[both if both.any() else np.isfinite(values)] for side, values in scores.items()}
    values = np.unique(np.round(np.concatenate(list(known.values())), 9))
    places, step, borders = np.arange(len(values), dtype=float), 1.0, (values[1:] + values[:-1]) / 2
    if len(values) <= HISTOGRAM_VALUES:
        ticks = [f"{value:.3g}" for value in values]
        crowded = max(map(len, ticks), default=0) + 1 > room / max(1, len(ticks))
        panel.set_xticks(places, ticks, rotation=45 if crowded else 0)
    else:
        edges = np.histogram_bin_edges(values, bins=16)
        places, step, borders = (edges[1:] + edges[:-1]) / 2, float(edges[1] - edges[0]), edges[1:-1]
    width = 0.8 * step / len(known)
    for index, (side, numbers) in enumerate(known.items()):
        colour, label = drawing.MODEL_COLOURS[side], labels[side]
        counts = np.bincount(np.searchsorted(borders, numbers), minlength=len(places))
        offset = (index - (len(known) - 1) / 2) * width
        panel.bar(places + offset, counts / max(1, len(numbers)), width=width, color=colour, label=label)
    panel.yaxis.set_major_formatter(drawing.share_tick)
    panel.tick_params(axis="y", labelsize=9, labelcolor=drawing.MUTED)
    panel.tick_params(axis="x", labelsize=8)
    panel.grid(axis="y")


def length_chart(analysis: Analysis) -> drawing.Chart | None:
    """Score difference on the primary metric against the difference in the answers' length, and what goes with what.

    At most 1,000 rows are drawn, evenly spaced in the table; the correlation is over all of them. ``None`` without one.
    """
    primary, table = analysis.summary["primary_metric"], analysis.per_example
    entry = analysis.summary["metrics"].get(primary)
    effect = entry.get("length_effect") if entry else None
    if not effect or effect["spearman"] is None:
        return None
    longer = (table["tuned_response"].str.len() - table["base_response"].str.len()).to_numpy(float)
    change = table[f"{primary}__difference"].to_numpy(float)
    known = np.isfinite(longer) & np.isfinite(change)
    longer, change = longer[known], change[known]
    low, high = effect["ci_low"], effect["ci_high"]
    evidence = f"{effect['n']:,} rows"
    if low is not None:
        evidence += f", {effect['confidence']:.0%} CI {signed(low, plus='')} to {signed(high, plus='')}"
    correlation = f"Spearman's rank correlation {signed(effect['spearman'])} ({evidence})"
    shift = length_words(effect["mean_length_difference"])
    title = f"{drawing.chart_label(primary, 40, 1)}: {association_words(low, high, longer)}"
    chart = drawing.new_chart(
        "Length of the answers", title, f"{correlation}. The fine-tuned answers are {shift}.", 3.6
    )
    axes = chart.add_subplot()
    ends = (min(0.0, float(np.quantile(longer, 0.005))), max(0.0, float(np.quantile(longer, 0.995))))
    inside = np.clip(longer, *ends)  # an answer of a megabyte would leave no room for the others
    sample = np.linspace(0, len(longer) - 1, min(len(longer), LENGTH_POINTS)).astype(int)
    jitter = np.random.default_rng(1).uniform(-0.018, 0.018, len(sample)) * (float(np.ptp(change)) or 1.0)
    axes.scatter(inside[sample], change[sample] + jitter, s=16, color=drawing.UNCLEAR, alpha=0.45, linewidths=0)
    if len(longer) >= LENGTH_MEANS:
        fifths = np.array_split(np.argsort(longer, kind="stable"), 5)
        middles = [float(np.median(inside[part])) for part in fifths]
        means = [float(change[part].mean()) for part in fifths]
        (line,) = axes.plot(
            middles, means, "o-", color=drawing.TUNED, label="mean of each fifth of the rows", linewidth=2
        )
        line.set(markersize=8, markeredgecolor=drawing.PAPER)
        drawing.legend_above(axes)
    axes.axhline(0, color=drawing.MUTED, linewidth=0.8)
    axes.axvline(0, color=drawing.MUTED, linewidth=0.8)
    axes.margins(x=0.03)
    axes.grid(axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+,.0f}".replace("-", "−") if value else "0")
    axes.yaxis.set_major_formatter(drawing.signed_tick)
    minus = "{tuned} − {base}".format_map(short_labels(analysis.summary))
    axes.set_ylabel(drawing.chart_label(f"score difference ({minus})", 45))
    base = labels_of(analysis.summary)["base"]
    few = f"; {LENGTH_POINTS:,} rows are drawn" if len(longer) > LENGTH_POINTS else ""
    axes.set_xlabel(
        f"length of the fine-tuned answer minus the {base}'s, in characters ({shift}{few})\n"
        f"{correlation}. An association, not a cause."
    )
    return chart


def length_words(mean: float) -> str:
    """``on average 294 characters shorter``."""
    characters = round(abs(mean))
    if not characters:
        return "on average as long"
    return f"on average {characters:,} character{'s'[: characters > 1]} {'longer' if mean > 0 else 'shorter'}"


def association_words(low: float | None, high: float | None, longer: Floats) -> str:
    """What goes with what, said for the lengths that there are: ``longer`` are the differences in length."""
    if low is None or high is None or low <= 0 <= high:
        return "no association between score and length of the answers is shown"
    if longer.max() <= 0:
        return f"the shorter the fine-tuned answer, the {'lower' if low > 0 else 'higher'} its score tends to be"
    if longer.min() >= 0:
        return f"the longer the fine-tuned answer, the {'higher' if low > 0 else 'lower'} its score tends to be"
    return f"where the fine-tuned answer is longer, its score tends to be {'higher' if low > 0 else 'lower'}"


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
