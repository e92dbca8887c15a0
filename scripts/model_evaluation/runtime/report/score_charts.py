"""Charts of single scores: how they are spread, whether they go with length, and how many there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, signed

from .chart_data import SIDE_STYLE, metric_rows
from .figures import INK, MUTED, PAPER, TUNED, UNCLEAR, Chart, chart_label, legend_above, new_chart
from .wording import ordered_metrics

HISTOGRAM_VALUES = 10  # more distinct scores than this are drawn as a histogram
LENGTH_MEANS = 30  # rows; means of fewer are noise
LENGTH_POINTS = 1_000  # more would make the page heavy and the cloud no clearer


def distributions_chart(analysis: Analysis) -> Chart | None:
    """Score distributions of both models over the rows that have both (one model: over its scored rows)."""
    summary, table = analysis.summary, analysis.scores
    sides = [side for side in SIDE_STYLE if summary["rows"][side] is not None]
    names = [
        name
        for name in ordered_metrics(summary)
        if all(pd.api.types.is_numeric_dtype(table[f"{name}__{side}"]) for side in sides)
        and any(table[f"{name}__{side}"].notna().any() for side in sides)
    ]
    if not names:
        return None
    first = summary["metrics"][names[0]]
    known = [side for side in sides if first[side]["mean"] is not None]
    means = [f"{first[side]['mean']:.2f} for the {SIDE_STYLE[side][1]}" for side in known]
    columns, lines = min(3, len(names)), -(-len(names) // 3)
    title = f"{chart_label(names[0], 40, 1)}: mean score {', '.join(means)}"
    chart = new_chart(title, "Bars show the share of rows with each score.", 0.6 + (2.2 if lines == 1 else 1.8) * lines)
    panels = chart.subplots(lines, columns, squeeze=False).ravel()
    for panel in panels[len(names) :]:
        panel.set_visible(False)
    for panel, name in zip(panels, names, strict=False):
        scores = {side: table[f"{name}__{side}"].to_numpy() for side in sides}
        _draw_distribution(panel, scores)
        panel.set_title(chart_label(name, 28), weight="bold" if name == summary["primary_metric"] else "normal")
        panel.set_xlabel("score (lower is better)" if summary["metrics"][name]["direction"] == "lower" else "score")
    for panel in panels[::columns]:
        panel.set_ylabel("share of rows")
    handles, labels = panels[0].get_legend_handles_labels()
    if len(sides) > 1:
        chart.legend(handles, labels, loc="outside lower left", ncols=2)
    return chart


def _draw_distribution(panel: Axes, scores: Mapping[str, Any]) -> None:
    both = np.logical_and.reduce([np.isfinite(values) for values in scores.values()])
    if not both.any():
        both = np.ones_like(both)
    kept = {side: values[both & np.isfinite(values)] for side, values in scores.items()}
    values = np.unique(np.round(np.concatenate(list(kept.values())), 9))
    if len(values) <= HISTOGRAM_VALUES:
        width = 0.8 / len(kept)
        for index, (side, numbers) in enumerate(kept.items()):
            colour, label = SIDE_STYLE[side]
            shares = [np.isclose(numbers, value).mean() if len(numbers) else 0.0 for value in values]
            at = np.arange(len(values)) + (index - (len(kept) - 1) / 2) * width
            panel.bar(at, shares, width=width, color=colour, label=label)
        panel.set_xticks(range(len(values)), [f"{value:.3g}" for value in values])
    else:
        edges: Any = np.histogram_bin_edges(values, bins=16)
        for side, numbers in kept.items():
            colour, label = SIDE_STYLE[side]
            weights = np.full(len(numbers), 1 / max(1, len(numbers)))
            look: dict[str, Any] = {"color": colour, "label": label}
            if side == "tuned" and len(kept) > 1:
                look |= {"histtype": "step", "linewidth": 2}
            panel.hist(numbers, bins=edges, weights=weights, **look)
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panel.tick_params(axis="y", labelsize=9, labelcolor=MUTED)
    panel.tick_params(axis="x", labelsize=8)
    panel.grid(axis="y")


def length_chart(analysis: Analysis) -> Chart | None:
    """Score difference on the primary metric against the difference in the answers' length, and what goes with what.

    At most 1,000 rows are drawn, evenly spaced in the table; the correlation is over all of them. ``None`` without one.
    """
    summary = analysis.summary
    primary = summary["primary_metric"]
    entry = summary["metrics"].get(primary)
    effect = entry.get("length_effect") if entry else None
    if not effect or effect["spearman"] is None:
        return None
    longer = analysis.pairs.lengths("tuned") - analysis.pairs.lengths("base")
    change = analysis.scores[f"{primary}__difference"].to_numpy(float)
    known = np.isfinite(longer) & np.isfinite(change)
    longer, change = longer[known], change[known]
    mean = effect["mean_length_difference"]
    low, high = (signed(effect[key], plus="") for key in ("ci_low", "ci_high"))
    interval = "" if effect["ci_low"] is None else f", {effect['confidence']:.0%} CI {low} to {high}"
    told = f"Spearman's rank correlation {signed(effect['spearman'])} ({effect['n']:,} rows{interval})"
    chart = new_chart(_length_title(chart_label(primary, 40, 1), effect), told, 3.6)
    axes = chart.add_subplot()
    ends = (min(0.0, float(np.quantile(longer, 0.005))), max(0.0, float(np.quantile(longer, 0.995))))
    inside = np.clip(longer, *ends)  # an answer of a megabyte would leave no room for the others
    shown = np.linspace(0, len(longer) - 1, min(len(longer), LENGTH_POINTS)).astype(int)
    jitter = np.random.default_rng(1).uniform(-0.018, 0.018, len(shown)) * (float(np.ptp(change)) or 1.0)
    axes.scatter(inside[shown], change[shown] + jitter, s=16, color=UNCLEAR, alpha=0.45, linewidths=0)
    if len(longer) >= LENGTH_MEANS:
        fifths = np.array_split(np.argsort(longer, kind="stable"), 5)
        middles = [float(np.median(inside[part])) for part in fifths]
        means = [float(change[part].mean()) for part in fifths]
        look: dict[str, Any] = {"markeredgecolor": PAPER, "markersize": 8, "linewidth": 2}
        axes.plot(middles, means, "o-", color=TUNED, label="mean of each fifth of the rows", **look)
        legend_above(axes)
    axes.axhline(0, color=MUTED, linewidth=0.8)
    axes.axvline(0, color=MUTED, linewidth=0.8)
    axes.margins(x=0.03)
    axes.grid(axis="y")
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:+,.0f}".replace("-", "−") if value else "0")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:+.3g}".replace("-", "−") if value else "0")
    axes.set_ylabel("score difference (tuned − base)")
    few = f"; {LENGTH_POINTS:,} rows are drawn" if len(longer) > LENGTH_POINTS else ""
    side = "longer" if mean >= 0 else "shorter"
    axes.set_xlabel(
        f"fine-tuned answer longer by so many characters (on average {abs(mean):,.0f} {side}{few})\n"
        f"{told}. An association, not a cause."
    )
    return chart


def _length_title(name: str, effect: Mapping[str, Any]) -> str:
    low, high = effect["ci_low"], effect["ci_high"]
    if low is None or high is None or low <= 0 <= high:
        return f"{name}: no association between score and length of the answers is shown"
    return f"{name}: where the fine-tuned answer is longer, its score tends to be {'higher' if low > 0 else 'lower'}"


def coverage_chart(analysis: Analysis) -> Chart | None:
    """Share of dataset rows with a score, per metric and model."""
    summary = analysis.summary
    sides = [side for side in SIDE_STYLE if summary["rows"][side] is not None]
    names = ordered_metrics(summary)
    total = {side: summary["rows"]["dataset"] or summary["rows"][side] for side in sides}
    if not names or not all(total.values()):
        return None
    scored = {(name, side): summary["metrics"][name][side]["n_scored"] for name in names for side in sides}
    least, model = min(scored, key=lambda key: scored[key] / total[key[1]])
    share = scored[least, model] / total[model]
    title = (
        f"Least scored: {chart_label(least, 40, 1)}, {SIDE_STYLE[model][1]}, "
        f"{scored[least, model]:,} of {total[model]:,} rows"
    )
    if share >= COVERAGE_FLOOR:
        title = f"Every metric is scored on {'every row' if share >= 1 else 'at least 95% of the rows'}"
    chart = new_chart(
        title, "Bars show the share of rows that have a score.", 1.4 + (0.46 if len(names) < 9 else 0.4) * len(names)
    )
    axes = chart.add_subplot()
    height = 0.72 / len(sides)
    for index, side in enumerate(sides):
        colour, label = SIDE_STYLE[side]
        at = np.arange(len(names)) + (index - (len(sides) - 1) / 2) * height
        shares = [min(1.0, scored[name, side] / total[side]) for name in names]
        axes.barh(at, shares, height=height * 0.92, color=colour, label=label)
        for y, name in zip(at, names, strict=True):
            axes.annotate(f"{scored[name, side]:,}", (1.01, y), va="center", size=8, color=MUTED)
    axes.axvline(COVERAGE_FLOOR, color=INK, linewidth=1, linestyle=":", label="95%: a warning below")
    axes.set_xlim(0, 1.06)
    axes.set_xticks(np.arange(0, 1.01, 0.2))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    metric_rows(summary, axes, names)
    axes.set_xlabel("share of dataset rows with a score (numbers are rows)")
    legend_above(axes)
    return chart
