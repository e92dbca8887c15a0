"""Charts of an analysis, drawn for reading: the title says what was found, the axis which way is good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from .analysis import Analysis
from .comparison import SLICE_ROWS
from .figures import (
    BAD,
    BASE,
    CHART_STYLE,
    CHART_WIDTH,
    GOOD,
    INK,
    MUTED,
    ON_DARK,
    ON_LIGHT,
    PAPER,
    TIE,
    TUNED,
    UNCLEAR,
    Chart,
    chart_label,
    label_rows,
    legend_above,
    new_chart,
    readable_ink,
    settle_layout,
    watermark,
)
from .verdicts import COVERAGE_FLOOR, number_digits, signed

VERDICT_COLOURS = {"improved": GOOD, "regressed": BAD}
SIDE_STYLE = {"base": (BASE, "base model"), "tuned": (TUNED, "fine-tuned model")}
HISTOGRAM_VALUES = 10  # more distinct scores than this are drawn as a histogram
HEATMAP_ROWS = 24


def draw_charts(analysis: Analysis) -> dict[str, Figure]:
    """The charts this analysis has data for, by file name: ``difference``, ``outcomes``, ``slices``,
    ``distributions``, ``coverage``. With one model only the last two."""
    makers: dict[str, Callable[[Analysis], Chart | None]] = {
        "difference": difference_chart,
        "outcomes": outcomes_chart,
        "slices": slices_chart,
        "distributions": distributions_chart,
        "coverage": coverage_chart,
    }
    with mpl.rc_context(CHART_STYLE):
        drawn = {name: make(analysis) for name, make in makers.items()}
        charts: dict[str, Figure] = {name: chart for name, chart in drawn.items() if chart is not None}
        if analysis.summary["simulated"]:
            for chart in charts.values():
                watermark(chart)
        for chart in charts.values():
            settle_layout(chart)
    return charts


def ordered_metrics(summary: Mapping[str, Any]) -> list[str]:
    """The primary metric first, then the others in the evaluation's order."""
    return sorted(summary["metrics"], key=lambda name: name != summary["primary_metric"])


def _metric_rows(summary: Mapping[str, Any], axes: Axes, names: Sequence[str]) -> None:
    lower = {name for name in names if summary["metrics"][name]["direction"] == "lower"}
    labels = [chart_label(name) + ("\n(lower is better)" if name in lower else "") for name in names]
    label_rows(axes, labels, names.index(summary["primary_metric"]) if summary["primary_metric"] in names else None)


def _scale_span(analysis: Analysis, name: str) -> float:
    """Length of the metric's scale; the observed range where none is declared; never 0."""
    limits = analysis.summary["metrics"][name]["limits"]
    if limits:
        return float(limits[1] - limits[0])
    columns = [analysis.per_example[f"{name}__{part}"] for part in ("tuned", "base")]
    scores = [s for column in columns for s in column if isinstance(s, float) and np.isfinite(s)]
    return float(np.ptp(scores)) or 1.0 if scores else 1.0


def _advantage(entry: Mapping[str, Any], key: str, span: float) -> float:
    """A number of an entry's difference as share of the scale, positive where the fine-tuned model is better."""
    value = entry["difference"][key] if entry["difference"] else None
    if value is None:
        return float("nan")
    return float(-value if entry["direction"] == "lower" else value) / span


def difference_chart(analysis: Analysis) -> Chart | None:
    """Each metric's difference with its interval; right is always better for the fine-tuned model."""
    summary = analysis.summary
    entries = {name: summary["metrics"][name] for name in ordered_metrics(summary)}
    entries = {n: e for n, e in entries.items() if e["difference"] and e["difference"]["mean"] is not None}
    if not entries:
        return None
    words = []
    for entry in entries.values():
        difference = entry["difference"]
        digits = number_digits(difference["mean"], difference["ci_low"], difference["ci_high"])
        mean, low, high = (signed(difference[k], digits) for k in ("mean", "ci_low", "ci_high"))
        words.append(f"{mean}  [{low}, {high}]" if difference["ci_low"] is not None else f"{mean}  (no interval)")
    alt = "; ".join(f"{name} {text}" for name, text in zip(entries, words, strict=True))
    chart = new_chart(_difference_title(entries), alt, 1.2 + 0.5 * len(entries))
    axes = chart.add_subplot()
    for at, (name, entry) in enumerate(entries.items()):
        span, colour = _scale_span(analysis, name), VERDICT_COLOURS.get(entry["verdict"], UNCLEAR)
        ends = [_advantage(entry, key, span) for key in ("ci_low", "ci_high")]
        axes.plot(ends, [at, at], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([_advantage(entry, "mean", span)], [at], "o", color=colour, markersize=8, markeredgecolor=PAPER)
    axes.axvline(0, color=INK, linewidth=1)
    reach = max(0.02, *(abs(v) for v in axes.get_xlim()))
    axes.set_xlim(-reach, reach)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}%".replace("-", "−") if value else "0")
    _metric_rows(summary, axes, list(entries))
    numbers = axes.secondary_yaxis("right")
    numbers.set_yticks(range(len(words)), words)
    numbers.tick_params(length=0, labelcolor=MUTED, labelsize=9)
    numbers.spines["right"].set_visible(False)
    axes.set_title("difference [95% interval]", loc="right", size=9, color=MUTED)
    axes.set_xlabel("← base model better\u2003\u2003in % of the metric's scale\u2003\u2003fine-tuned model better →")
    return chart


def _difference_title(entries: Mapping[str, Mapping[str, Any]]) -> str:
    verdicts = [entry["verdict"] for entry in entries.values()]
    better, worse = verdicts.count("improved"), verdicts.count("regressed")
    if len(entries) == 1:
        (name,) = entries
        found = {"improved": "the fine-tuned model is better", "regressed": "the fine-tuned model is worse"}
        return f"{chart_label(name, 40, 1)}: {found.get(verdicts[0], 'no difference is shown')}"
    if not better and not worse:
        return f"No difference is shown on any of {len(entries)} metrics"
    return f"Fine-tuned model: better on {better or 'none'}, worse on {worse or 'none'} of {len(entries)} metrics"


def outcomes_chart(analysis: Analysis) -> Chart | None:
    """Rows the fine-tuned model wins, ties and loses, per metric."""
    summary = analysis.summary
    names = [name for name in ordered_metrics(summary) if summary["metrics"][name]["n_paired"]]
    if not names:
        return None
    entries = [summary["metrics"][name] for name in names]
    told = [f"{e['wins']} rows won, {e['ties']} tied, {e['losses']} lost" for e in entries]
    title = f"{chart_label(names[0], 40, 1)}: {told[0]} against the base model"
    alt = "; ".join(f"{name}: {text}" for name, text in zip(names, told, strict=True))
    chart = new_chart(title, alt, 1.3 + 0.46 * len(names))
    axes = chart.add_subplot()
    left = np.zeros(len(names))
    parts = (("wins", GOOD, "fine-tuned better"), ("ties", TIE, "same score"), ("losses", BAD, "base better"))
    for part, colour, label in parts:
        counts = np.array([entry[part] for entry in entries], float)
        shares = counts / np.array([entry["n_paired"] for entry in entries], float)
        axes.barh(range(len(names)), shares, left=left, color=colour, label=label, height=0.62)
        for at in np.flatnonzero(shares >= 0.04):
            middle = (left[at] + shares[at] / 2, at)
            ink = INK if part == "ties" else ON_DARK
            axes.annotate(f"{counts[at]:,.0f}", middle, ha="center", va="center", size=9, color=ink)
        left += shares
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _metric_rows(summary, axes, names)
    axes.set_xlabel("share of rows with both scores (numbers are rows)")
    legend_above(axes)
    return chart


def slices_chart(analysis: Analysis) -> Chart | None:
    """Differences by slice and metric; least gain on the primary metric first, slices under 5 pairs left out."""
    summary = analysis.summary
    names = ordered_metrics(summary)
    spans = {name: _scale_span(analysis, name) for name in names}
    primary = names[0] if names else ""
    cells = [
        (field, value, entries)
        for field, values in summary["slices"].items()
        for value, entries in values.items()
        if entries[primary]["n_paired"] >= SLICE_ROWS
    ]
    if not cells:
        return None
    cells.sort(key=lambda cell: _advantage(cell[2][primary], "mean", spans[primary]))
    field, value, entries = cells[0]
    least = entries[primary]["difference"]["mean"]
    title = (
        f"{chart_label(primary, 40, 1)} by slice: least gain where {chart_label(field, 24, 1)} is "
        f"{chart_label(value, 30, 1)} ({signed(least)}, {entries[primary]['n_paired']} rows)"
    )
    cells = cells[:HEATMAP_ROWS]
    crowded = len(names) > 4
    width = CHART_WIDTH + 0.55 * max(0, len(names) - 6)
    chart = new_chart(title, "Rows are slices, columns metrics.", 1.5 + 0.32 * len(cells), width)
    axes = chart.add_subplot()
    grid = np.array([[_advantage(e[name], "mean", spans[name]) for name in names] for _, _, e in cells])
    reach = max(0.15, float(np.nanmax(np.abs(grid))))
    steps = [BAD, "#F6D2BC", "#FFFFFF", "#BBDDF0", GOOD]
    colours = LinearSegmentedColormap.from_list("gain", steps).with_extremes(bad="#F0F2F4")
    axes.imshow(grid, cmap=colours, vmin=-reach, vmax=reach, aspect="auto")
    for (at, column), gain in np.ndenumerate(grid):
        entry = cells[at][2][names[column]]
        if np.isfinite(gain):
            text = signed(entry["difference"]["mean"]) + ("*" if entry["verdict"] in VERDICT_COLOURS else "")
            ink = readable_ink(colours(0.5 + gain / reach / 2))
            axes.annotate(text, (column, at), ha="center", va="center", size=9, color=ink)
    heads = [chart_label(name, 24 if crowded else 20, 1 if crowded else 2) for name in names]
    lower = [summary["metrics"][name]["direction"] == "lower" for name in names]
    heads = [head + " ↓" * is_lower for head, is_lower in zip(heads, lower, strict=True)]
    axes.set_xticks(range(len(names)), heads, rotation=35 if crowded else 0, ha="left" if crowded else "center")
    axes.xaxis.tick_top()
    axes.tick_params(length=0, labelcolor=INK)
    axes.spines["bottom"].set_visible(False)
    labels = [f"{chart_label(f, 16, 1)}: {chart_label(v, 24, 1)} ({e[primary]['n_paired']})" for f, v, e in cells]
    axes.set_yticks(range(len(cells)), labels)
    arrow = " ↓ lower is better." if any(lower) else ""
    chart.supxlabel(
        "Blue: fine-tuned better, orange: base better. Numbers: fine-tuned minus base in the metric's own units;\n"
        f"rows in brackets; * shown even allowing for the number of slices.{arrow}",
        x=0.01,
        ha="left",
        size=9,
        color=MUTED,
    )
    return chart


def distributions_chart(analysis: Analysis) -> Chart | None:
    """Score distributions of both models over the rows that have both (one model: over its scored rows)."""
    summary, table = analysis.summary, analysis.per_example
    sides = [side for side in SIDE_STYLE if summary["rows"][side] is not None]
    names = [
        name
        for name in ordered_metrics(summary)
        if all(np.issubdtype(table[f"{name}__{side}"].dtype, np.number) for side in sides)
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
    chart = new_chart(title, "Bars show the share of rows that have a score.", 1.3 + 0.46 * len(names))
    axes = chart.add_subplot()
    height = 0.72 / len(sides)
    for index, side in enumerate(sides):
        colour, label = SIDE_STYLE[side]
        at = np.arange(len(names)) + (index - (len(sides) - 1) / 2) * height
        shares = [min(1.0, scored[name, side] / total[side]) for name in names]
        axes.barh(at, shares, height=height * 0.92, color=colour, label=label)
        for y, name, share in zip(at, names, shares, strict=True):
            place = (max(share, 0.05) - 0.008, y)
            ink = INK if share < 0.05 else ON_LIGHT if side == "base" else ON_DARK
            axes.annotate(f"{scored[name, side]:,}", place, ha="right", va="center", size=8, color=ink)
    axes.axvline(COVERAGE_FLOOR, color=INK, linewidth=1, linestyle=":", label="95%: a warning below")
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _metric_rows(summary, axes, names)
    axes.set_xlabel("share of dataset rows with a score (numbers are rows)")
    legend_above(axes)
    return chart
