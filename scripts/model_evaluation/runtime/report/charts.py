"""Charts of an analysis, drawn for reading: the title says what was found, the axis which way is good."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.statistics.verdicts import number_digits, signed

from .chart_data import VERDICT_COLOURS, advantage, metric_rows, scale_span
from .figures import (
    BAD,
    BAND,
    CHART_STYLE,
    GOOD,
    INK,
    ON_DARK,
    PAPER,
    TIE,
    UNCLEAR,
    Chart,
    chart_label,
    legend_above,
    new_chart,
    right_column,
    settle_layout,
    watermark,
)
from .score_charts import coverage_chart, distributions_chart, length_chart
from .slice_chart import slices_chart
from .wording import ordered_metrics


def draw_charts(analysis: Analysis) -> dict[str, Figure]:
    """The charts this analysis has data for, by file name: ``difference``, ``outcomes``, ``slices``,
    ``distributions``, ``length``, ``coverage``. With one model only ``distributions`` and ``coverage``."""
    makers: dict[str, Callable[[Analysis], Chart | None]] = {
        "difference": difference_chart,
        "outcomes": outcomes_chart,
        "slices": slices_chart,
        "distributions": distributions_chart,
        "length": length_chart,
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
    chart = new_chart(_difference_title(entries), alt, 1.35 + (0.5 if len(entries) < 9 else 0.42) * len(entries))
    axes = chart.add_subplot()
    for at, (name, entry) in enumerate(entries.items()):
        span, colour = scale_span(analysis, name), VERDICT_COLOURS.get(entry["verdict"], UNCLEAR)
        ends = [advantage(entry, key, span) for key in ("ci_low", "ci_high")]
        axes.plot(ends, [at, at], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([advantage(entry, "mean", span)], [at], "o", color=colour, markersize=8, markeredgecolor=PAPER)
    shares = [entry["margin"] / scale_span(analysis, name) if entry["margin"] else 0 for name, entry in entries.items()]
    axes.barh(range(len(entries)), [2 * s for s in shares], left=[-s for s in shares], height=1, color=BAND, zorder=0)
    axes.axvline(0, color=INK, linewidth=1)
    reach = max(0.02, *(abs(v) for v in axes.get_xlim()))
    axes.set_xlim(-reach, reach)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda value, _: f"{100 * value:+.3g}%".replace("-", "−") if value else "0")
    metric_rows(summary, axes, list(entries))
    right_column(axes, words, "difference [95% CI]")
    note = "\nshaded: the margin, within which a difference is taken not to matter" if any(shares) else ""
    axes.set_xlabel(
        f"← base model better\u2003\u2003in % of the metric's scale\u2003\u2003fine-tuned model better →{note}"
    )
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
    chart = new_chart(title, alt, 1.4 + (0.46 if len(names) < 9 else 0.4) * len(names))
    axes = chart.add_subplot()
    left = np.zeros(len(names))
    parts = (("wins", GOOD, "fine-tuned better"), ("ties", TIE, "same score"), ("losses", BAD, "base better"))
    for part, colour, label in parts:
        counts = np.array([entry[part] for entry in entries], float)
        shares = counts / np.array([entry["n_paired"] for entry in entries], float)
        axes.barh(range(len(names)), shares, left=left, color=colour, label=label, height=0.62)
        for at in np.flatnonzero(shares >= [0.012 + 0.011 * len(f"{count:,.0f}") for count in counts]):
            middle = (left[at] + shares[at] / 2, at)
            ink = INK if part == "ties" else ON_DARK
            axes.annotate(f"{counts[at]:,.0f}", middle, ha="center", va="center", size=9, color=ink)
        left += shares
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    metric_rows(summary, axes, names)
    _strengths(axes, entries)
    axes.set_xlabel("share of rows with both scores (numbers are rows)")
    legend_above(axes)
    return chart


def _strengths(axes: Axes, entries: Sequence[Mapping[str, Any]]) -> None:
    """The fine-tuned model's chance to win a row that is no tie, at the right of each bar."""
    found = [entry.get("strength") for entry in entries]
    if not any(found):
        return
    words = []
    for strength in found:
        share, low, high = (strength[key] if strength else None for key in ("tuned", "ci_low", "ci_high"))
        ends = f"  [{low:.0%}, {high:.0%}]" if low is not None and high is not None else ""
        words.append("" if share is None else f"{share:.0%}{ends}")
    right_column(axes, words, "won of the rows that differ [95% CI]")
