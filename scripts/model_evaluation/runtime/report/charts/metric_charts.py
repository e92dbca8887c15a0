"""Charts with a row per metric: the difference, the rows won and lost, and how many rows have a score."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
from matplotlib.axes import Axes

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.view import ordered_metrics, row_metrics
from model_evaluation.runtime.statistics.verdicts import COVERAGE_FLOOR, number_digits, signed
from model_evaluation.runtime.summary import (
    Difference,
    Entry,
    Summary,
    capital,
    compared,
    count_of,
    evaluated_models,
    labels_of,
    short_labels,
)

from . import drawing

Number = Literal["ci_low", "mean", "ci_high"]
NUMBERS: tuple[Number, ...] = ("ci_low", "mean", "ci_high")
Outcome = Literal["wins", "ties", "losses"]


def difference_chart(analysis: Analysis) -> drawing.Chart | None:
    """Each metric's difference with its interval; right is always better for the fine-tuned model."""
    entries = {
        name: entry
        for name, entry in _entries(analysis).items()
        if (difference := entry["difference"]) and difference["mean"] is not None
    }
    if not entries:
        return None
    estimates = [_estimate(compared(entry)) for entry in entries.values()]
    alt = "; ".join(f"{name} {estimate}" for name, estimate in zip(entries, estimates, strict=True))
    names = {side: drawing.chart_label(label, 40, 1) for side, label in labels_of(analysis.summary).items()}
    title = _difference_title(entries, names["tuned"])
    chart, axes = _metric_chart("Difference per metric", title, alt, analysis.summary, entries)
    margins = []
    for row, (name, entry) in enumerate(entries.items()):
        span, colour = scale_span(analysis, name), drawing.VERDICT_COLOURS.get(entry["verdict"] or "", drawing.UNCLEAR)
        low, mean, high = (advantage(entry, key, span) for key in NUMBERS)
        axes.plot([low, high], [row, row], color=colour, linewidth=3, solid_capstyle="round")
        axes.plot([mean], [row], "o", color=colour, markersize=8, markeredgecolor=drawing.PAPER)
        margins.append((entry["margin"] or 0) / span)
    rows, widths = range(len(entries)), [2 * margin for margin in margins]
    axes.barh(rows, widths, left=[-margin for margin in margins], height=1, color=drawing.BAND, zorder=0)
    axes.axvline(0, color=drawing.INK, linewidth=1)
    reach = max(0.02, *(abs(end) for end in axes.get_xlim()))
    axes.set_xlim(-reach, reach)
    axes.grid(axis="x")
    axes.xaxis.set_major_formatter(lambda value, at: drawing.signed_tick(100 * value, at) + ("%" if value else ""))
    drawing.right_column(axes, estimates, "difference [95% CI]")
    note = "\nshaded: the margin, within which a difference is taken not to matter" if any(margins) else ""
    axes.set_xlabel(
        f"← {names['base']} better\u2003\u2003in % of the metric's scale\u2003\u2003{names['tuned']} better →{note}"
    )
    return chart


def _estimate(difference: Difference) -> str:
    low, mean, high = (difference[key] for key in NUMBERS)
    digits = number_digits(mean, low, high)
    interval = f"[{signed(low, digits)}, {signed(high, digits)}]" if low is not None else "(no interval)"
    return f"{signed(mean, digits)}  {interval}"


def _difference_title(entries: Mapping[str, Entry], model: str) -> str:
    verdicts = [entry["verdict"] for entry in entries.values()]
    better, worse = verdicts.count("improved"), verdicts.count("regressed")
    if len(entries) == 1:
        (name,) = entries
        result = "better" if better else "worse"
        result = f"the {model} is {result}" if better or worse else "no difference is shown"
        return f"{drawing.chart_label(name, 40, 1)}: {result}"
    if not better and not worse:
        return f"No difference is shown on any of {len(entries)} metrics"
    return f"{capital(model)}: better on {better or 'none'}, worse on {worse or 'none'} of {len(entries)} metrics"


def outcomes_chart(analysis: Analysis) -> drawing.Chart | None:
    """Rows the fine-tuned model wins, ties and loses, per metric."""
    every = _entries(analysis)
    entries = {name: entry for name, entry in every.items() if entry["n_paired"] and entry["wins"] is not None}
    if not entries:
        return None
    results = [f"{e['wins']} rows won, {e['ties']} tied, {e['losses']} lost" for e in entries.values()]
    base = labels_of(analysis.summary)["base"]
    title = f"{drawing.chart_label(next(iter(entries)), 40, 1)}: {results[0]} against the {base}"
    alt = "; ".join(f"{name}: {result}" for name, result in zip(entries, results, strict=True))
    chart, axes = _metric_chart("Rows won, tied and lost", title, alt, analysis.summary, entries)
    pairs = np.array([entry["n_paired"] for entry in entries.values()], float)
    left = np.zeros(len(entries))
    short = short_labels(analysis.summary)
    parts: tuple[tuple[Outcome, str, str], ...] = (
        ("wins", drawing.GOOD, f"{short['tuned']} better"),
        ("ties", drawing.TIE, "same score"),
        ("losses", drawing.BAD, f"{short['base']} better"),
    )
    for part, colour, label in parts:
        counts = np.array([entry[part] for entry in entries.values()])
        widths = counts / pairs
        bars = axes.barh(range(len(entries)), widths, left=left, color=colour, label=label, height=0.62)
        texts = [f"{n:,}" if w >= 0.012 + 0.011 * len(f"{n:,}") else "" for n, w in zip(counts, widths, strict=True)]
        axes.bar_label(
            bars, texts, label_type="center", size=9, color=drawing.INK if part == "ties" else drawing.ON_DARK
        )
        left += widths
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(drawing.share_tick)
    strengths = [_strength(entry) for entry in entries.values()]
    if any(strengths):
        drawing.right_column(axes, strengths, "won of the rows that differ [95% CI]")
    axes.set_xlabel("share of rows with both scores (numbers are rows)")
    drawing.legend_above(axes)
    return chart


def _strength(entry: Entry) -> str:
    """The fine-tuned model's chance to win a row that is not a tie."""
    strength = entry["strength"]
    return f"{strength['tuned']:.0%}  [{strength['ci_low']:.0%}, {strength['ci_high']:.0%}]" if strength else ""


def coverage_chart(analysis: Analysis) -> drawing.Chart | None:
    """Share of dataset rows with a score, per metric and model."""
    entries, rows, labels = _entries(analysis), analysis.summary["rows"], labels_of(analysis.summary)
    totals = {side: rows["dataset"] or rows[side] or 0 for side in evaluated_models(analysis.summary)}
    if not entries or not all(totals.values()):
        return None
    scored = {side: np.array([count_of(entry[side]) for entry in entries.values()]) for side in totals}
    least = {side: int(counts.min()) for side, counts in scored.items()}
    side = min(totals, key=lambda side: least[side] / totals[side])
    title = f"Every metric is scored on at least {COVERAGE_FLOOR:.0%} of the rows"
    if least[side] >= totals[side]:
        title = "Every metric is scored on every row"
    elif least[side] < COVERAGE_FLOOR * totals[side]:
        name = drawing.chart_label(list(entries)[int(scored[side].argmin())], 40, 1)
        title = f"Least scored: {name}, {labels[side]}, {least[side]:,} of {totals[side]:,} rows"
    alt = "Bars show the share of rows that have a score."
    chart, axes = _metric_chart("How many rows are scored", title, alt, analysis.summary, entries)
    height = 0.72 / len(totals)
    for index, (side, counts) in enumerate(scored.items()):
        colour, label = drawing.MODEL_COLOURS[side], labels[side]
        at = np.arange(len(entries)) + (index - (len(totals) - 1) / 2) * height
        bars = axes.barh(at, np.minimum(1, counts / totals[side]), height=height * 0.92, color=colour, label=label)
        axes.bar_label(bars, [f"{count:,}" for count in counts], padding=3, size=8, color=drawing.MUTED)
    floor = f"{COVERAGE_FLOOR:.0%}: a warning below"
    axes.axvline(COVERAGE_FLOOR, color=drawing.INK, linewidth=1, linestyle=":", label=floor)
    axes.set_xlim(0, 1.06)
    axes.xaxis.set_major_formatter(drawing.share_tick)
    axes.set_xlabel("share of dataset rows with a score (numbers are rows)")
    drawing.legend_above(axes)
    return chart


def _entries(analysis: Analysis) -> dict[str, Entry]:
    metrics = analysis.summary["metrics"]
    return {name: metrics[name] for name in ordered_metrics(analysis.summary, analysis.words)}


def _metric_chart(
    subject: str, title: str, alt: str, summary: Summary, entries: Mapping[str, Entry]
) -> tuple[drawing.Chart, Axes]:
    """A chart with a labelled row per metric, the primary one in bold."""
    chart = drawing.new_chart(subject, title, alt, 1.4 + (0.46 if len(entries) < 9 else 0.4) * len(entries))
    axes = chart.add_subplot()
    labels = [
        drawing.chart_label(name) + ("\n(lower is better)" if entry["direction"] == "lower" else "")
        for name, entry in entries.items()
    ]
    names, primary = list(entries), summary["primary_metric"]
    drawing.label_rows(axes, labels, names.index(primary) if primary in names else None)
    return chart, axes


def scale_span(analysis: Analysis, name: str) -> float:
    """Length of the metric's scale; the observed range where none is declared; never 0."""
    if limits := analysis.summary["metrics"][name]["limits"]:
        return float(limits[1] - limits[0])
    if name not in row_metrics(analysis):
        return 1.0
    columns = [analysis.per_example[f"{name}__{side}"] for side in ("tuned", "base")]
    scores = [score for column in columns for score in column if isinstance(score, float) and np.isfinite(score)]
    return (max(scores, default=0.0) - min(scores, default=0.0)) or 1.0


def advantage(entry: Entry, key: Number, span: float) -> float:
    """A number of an entry's difference as share of the scale, positive where the fine-tuned model is better."""
    value = compared(entry)[key]
    if value is None:
        return float("nan")
    return float(-value if entry["direction"] == "lower" else value) / span
