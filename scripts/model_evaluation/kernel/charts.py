"""Charts of an analysis, drawn for reading: the title says what was found, the axis which way is good.

Figures are made without pyplot, so nothing global changes and no window opens. ``Chart`` shows itself in a
notebook and carries its own description for readers who cannot see it.
"""

from __future__ import annotations

import io
import textwrap
import unicodedata
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .analysis import Analysis
from .verdicts import signed

# Okabe and Ito's colours, distinguishable with every common colour blindness.
GOOD, BAD, UNCLEAR = "#0072B2", "#D55E00", "#8C959F"
TUNED, BASE, TIE = "#0072B2", "#E69F00", "#D0D7DE"
INK, MUTED, GRID, PAPER = "#1F2328", "#57606A", "#D8DEE4", "#FFFFFF"
VERDICT_COLOURS = {"improved": GOOD, "regressed": BAD}
CHART_STYLE = {
    "text.parse_math": False,
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 12,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "ytick.left": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "model-evaluation",
}


class Chart(Figure):
    """A figure that a notebook shows by itself; ``alt`` describes it in words."""

    alt: str = ""

    def _repr_png_(self) -> bytes:
        return figure_png(self)


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
    return charts


def figure_png(figure: Figure, dpi: int = 144) -> bytes:
    """The figure as PNG."""
    return _saved(figure, "png", dpi=dpi)


def figure_svg(figure: Figure) -> str:
    """The figure as SVG with real text; the same figure always gives the same bytes."""
    return _saved(figure, "svg", metadata={"Date": None, "Creator": None}).decode("utf-8")


def _saved(figure: Figure, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    with mpl.rc_context(CHART_STYLE), warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", message="Glyph .* missing from"
        )  # emoji and CJK in names: shown as a box
        figure.savefig(buffer, format=kind, facecolor=PAPER, **options)
    return buffer.getvalue()


def watermark(figure: Figure) -> None:
    """SIMULATED across the whole figure."""
    width, height = figure.get_size_inches()
    size = min(64, 72 * min(width / 7.2, height / 2.2))
    figure.text(
        0.5,
        0.5,
        "SIMULATED",
        rotation=18,
        size=size,
        color=BAD,
        alpha=0.16,
        weight="bold",
        ha="center",
        va="center",
        zorder=10,
    )


def chart_label(text: str, width: int = 26, lines: int = 2) -> str:
    """Text for an axis: control and direction marks removed, wrapped, cut with an ellipsis."""
    clean = "".join(c if unicodedata.category(c)[0] not in "CZ" else " " for c in text)
    wrapped = textwrap.wrap(clean, width) or ["(blank)"]
    if len(wrapped) > lines:
        wrapped = [*wrapped[: lines - 1], wrapped[lines - 1][: width - 1] + "…"]
    return "\n".join(wrapped)


def _new_chart(title: str, note: str, height: float, width: float = 8.0) -> Chart:
    chart = Chart(figsize=(width, height), layout="constrained")
    chart.suptitle(textwrap.fill(title, 68), x=0.01, ha="left", weight="bold", size=13)
    chart.alt = f"{title}. {note}"
    return chart


def _ordered_names(summary: Mapping[str, Any]) -> list[str]:
    """The primary metric first, then the others in the evaluation's order."""
    primary = summary["primary_metric"]
    return sorted(summary["metrics"], key=lambda name: name != primary)


def _metric_label(summary: Mapping[str, Any], name: str) -> str:
    note = "\n(lower is better)" if summary["metrics"][name]["direction"] == "lower" else ""
    return chart_label(name) + note


def _scale_span(analysis: Analysis, name: str) -> float:
    """Length of the metric's scale; the observed range where none is declared; never 0."""
    limits = analysis.summary["metrics"][name]["limits"]
    if limits:
        return float(limits[1] - limits[0])
    scores = [
        s
        for part in ("tuned", "base")
        for s in analysis.per_example[f"{name}__{part}"]
        if isinstance(s, float) and np.isfinite(s)
    ]
    return float(np.ptp(scores)) or 1.0 if scores else 1.0


def _label_rows(summary: Mapping[str, Any], axes: Axes, names: list[str]) -> None:
    axes.set_yticks(range(len(names)), [_metric_label(summary, name) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    for name, tick in zip(names, axes.get_yticklabels(), strict=True):
        tick.set_fontweight("bold" if name == summary["primary_metric"] else "normal")


def difference_chart(analysis: Analysis) -> Chart | None:
    """Each metric's difference with its interval; right is always better for the fine-tuned model."""
    summary = analysis.summary
    names = [
        n
        for n in _ordered_names(summary)
        if (summary["metrics"][n]["difference"] or {}).get("mean") is not None
    ]
    if not names:
        return None
    verdicts = [summary["metrics"][name]["verdict"] for name in names]
    better, worse = verdicts.count("improved"), verdicts.count("regressed")
    of = f"of {len(names)} metrics" if len(names) > 1 else "metric"
    title = (
        f"Fine-tuned model: better on {better}, worse on {worse} {of}"
        if better or worse
        else (
            f"No difference is shown on {'any of ' if len(names) > 1 else 'the '}{len(names) if len(names) > 1 else ''} metric{'s' if len(names) > 1 else ''}".replace(
                "  ", " "
            )
        )
    )
    chart = _new_chart(
        title, "Points are mean differences, bars 95% confidence intervals.", 1.6 + 0.55 * len(names)
    )
    axes = chart.add_subplot()
    for at, name in enumerate(names):
        entry = summary["metrics"][name]
        difference, sign = entry["difference"], -1 if entry["direction"] == "lower" else 1
        span = _scale_span(analysis, name)
        colour = VERDICT_COLOURS.get(entry["verdict"], UNCLEAR)
        middle = sign * difference["mean"] / span
        if difference["ci_low"] is not None:
            ends = sorted(sign * difference[end] / span for end in ("ci_low", "ci_high"))
            axes.plot(ends, [at, at], color=colour, linewidth=3, solid_capstyle="round")
            text = f"{signed(difference['mean'])}  [{signed(difference['ci_low'])}, {signed(difference['ci_high'])}]"
        else:
            text = f"{signed(difference['mean'])}  (no interval)"
        axes.plot([middle], [at], "o", color=colour, markersize=8, markeredgecolor=PAPER)
        axes.annotate(
            text,
            (1.01, at),
            xycoords=("axes fraction", "data"),
            va="center",
            size=9,
            color=MUTED,
            annotation_clip=False,
        )
    axes.axvline(0, color=INK, linewidth=1)
    reach = max(abs(v) for v in axes.get_xlim())
    axes.set_xlim(-max(reach, 0.02), max(reach, 0.02))
    axes.grid(axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    _label_rows(summary, axes, names)
    axes.set_xlabel("←  base model better      share of the metric's scale      fine-tuned model better  →")
    return chart


def outcomes_chart(analysis: Analysis) -> Chart | None:
    """Rows the fine-tuned model wins, ties and loses, per metric."""
    summary = analysis.summary
    names = [n for n in _ordered_names(summary) if summary["metrics"][n]["n_paired"]]
    if not names:
        return None
    first = summary["metrics"][names[0]]
    title = (
        f"{chart_label(names[0], 40, 1)}: the fine-tuned model wins {first['wins']} rows, "
        f"loses {first['losses']}, ties {first['ties']}"
    )
    chart = _new_chart(title, "One bar per metric, split into wins, ties and losses.", 1.7 + 0.5 * len(names))
    axes = chart.add_subplot()
    parts = (
        ("wins", GOOD, "fine-tuned better", PAPER),
        ("ties", TIE, "same score", INK),
        ("losses", BAD, "base better", PAPER),
    )
    left = np.zeros(len(names))
    totals = np.array([summary["metrics"][n]["n_paired"] for n in names], float)
    for part, colour, label, ink in parts:
        counts = np.array([summary["metrics"][n][part] for n in names], float)
        shares = counts / totals
        axes.barh(range(len(names)), shares, left=left, color=colour, label=label, height=0.62)
        for at, (share, start, count) in enumerate(zip(shares, left, counts, strict=True)):
            if share >= 0.04:
                axes.text(start + share / 2, at, f"{count:.0f}", ha="center", va="center", size=9, color=ink)
        left += shares
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    _label_rows(summary, axes, names)
    axes.set_xlabel("share of paired rows (numbers are rows)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, borderaxespad=0.2)
    return chart


def slices_chart(analysis: Analysis, limit: int = 24) -> Chart | None:
    """Differences by slice and metric, in each metric's good direction, worst slice of the primary first."""
    summary = analysis.summary
    names = _ordered_names(summary)
    cells = [
        (field, value, entries)
        for field, values in summary["slices"].items()
        for value, entries in values.items()
    ]
    scales = {name: _scale_span(analysis, name) for name in names}

    def gain(entry: Mapping[str, Any], name: str) -> float:
        difference = entry["difference"]
        mean = difference["mean"] if difference else None
        if mean is None:
            return float("nan")
        return (-mean if entry["direction"] == "lower" else mean) / scales[name]

    cells = [c for c in cells if any(np.isfinite(gain(c[2][name], name)) for name in names)]
    if not cells:
        return None
    primary = names[0]
    cells.sort(key=lambda c: (not np.isfinite(g := gain(c[2][primary], primary)), g))
    worst_field, worst_value, worst = cells[0]
    title = (
        f"{chart_label(primary, 40, 1)} by slice: least gain where {chart_label(worst_field, 24, 1)} is "
        f"{chart_label(worst_value, 24, 1)} ({signed(worst[primary]['difference']['mean'])}, "
        f"{worst[primary]['n_paired']} rows)"
    )
    cells = cells[:limit]
    chart = _new_chart(
        title,
        "Rows are slices, columns metrics; blue is better for the fine-tuned model.",
        2.2 + 0.36 * len(cells),
        max(6.5, 3.2 + 0.85 * len(names)),
    )
    axes = chart.add_subplot()
    grid = np.array([[gain(entries[name], name) for name in names] for _, _, entries in cells])
    reach = max(0.05, float(np.nanmax(np.abs(grid))))
    colours = mpl.colors.LinearSegmentedColormap.from_list(
        "gain", [BAD, "#FBE9DF", "#FFFFFF", "#DCEBF5", GOOD]
    ).with_extremes(bad="#F0F2F4")
    image = axes.imshow(grid, cmap=colours, vmin=-reach, vmax=reach, aspect="auto")
    for at, (_, _, entries) in enumerate(cells):
        for column, name in enumerate(names):
            difference = entries[name]["difference"]
            if difference["mean"] is None:
                continue
            shown = signed(difference["mean"]) + ("*" if entries[name]["verdict"] in VERDICT_COLOURS else "")
            strong = abs(grid[at, column]) > 0.6 * reach
            axes.text(column, at, shown, ha="center", va="center", size=9, color=PAPER if strong else INK)
    axes.set_xticks(
        range(len(names)),
        [
            chart_label(n, 14, 3) + (" ↓" if summary["metrics"][n]["direction"] == "lower" else "")
            for n in names
        ],
        rotation=0 if len(names) <= 4 else 40,
        ha="center" if len(names) <= 4 else "left",
        color=INK,
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_yticks(
        range(len(cells)),
        [f"{chart_label(f, 16, 1)}: {chart_label(v, 24, 1)} ({e[primary]['n_paired']})" for f, v, e in cells],
    )
    axes.set_xlabel(
        "tuned minus base on each metric's own scale; * shown after correction; ↓ lower is better"
    )
    bar = chart.colorbar(image, ax=axes, shrink=0.8, aspect=25)
    bar.set_label("base better  ←  share of scale  →  fine-tuned better", color=MUTED)
    bar.outline.set_visible(False)
    return chart


def distributions_chart(analysis: Analysis) -> Chart | None:
    """Score distributions of both models over the rows that are compared (over all rows with one model)."""
    summary = analysis.summary
    sides = [s for s in ("base", "tuned") if summary["models_evaluated"][s]]
    table = analysis.per_example
    numeric = [
        n
        for n in _ordered_names(summary)
        if all(np.issubdtype(table[f"{n}__{s}"].dtype, np.number) for s in sides)
        and any(table[f"{n}__{s}"].notna().any() for s in sides)
    ]
    if not numeric:
        return None
    first = summary["metrics"][numeric[0]]
    means = [
        f"{first[s]['mean']:.2f} ({label})"
        for s, label in (("base", "base"), ("tuned", "fine-tuned"))
        if s in sides and first[s]["mean"] is not None
    ]
    title = f"{chart_label(numeric[0], 40, 1)}: mean score {' → '.join(means)}"
    columns = min(3, len(numeric))
    lines = -(-len(numeric) // columns)
    chart = _new_chart(
        title, "Bars show the share of rows with each score.", 1.3 + 2.1 * lines, max(5.0, 3.0 * columns)
    )
    panels = chart.subplots(lines, columns, squeeze=False).ravel()
    for panel in panels[len(numeric) :]:
        panel.set_visible(False)
    for panel, name in zip(panels, numeric, strict=False):
        _distribution_panel(
            panel,
            name,
            summary["metrics"][name]["direction"],
            {s: table[f"{name}__{s}"].to_numpy() for s in sides},
        )
    handles, labels = panels[0].get_legend_handles_labels()
    chart.legend(handles, labels, loc="outside lower left", ncols=2, frameon=False)
    return chart


def _distribution_panel(panel: Axes, name: str, direction: str, scores: Mapping[str, Any]) -> None:
    both = np.logical_and.reduce([np.isfinite(values) for values in scores.values()])
    if not both.any():
        both = np.ones_like(both)
    kept = {side: values[both & np.isfinite(values)] for side, values in scores.items()}
    values = np.unique(np.round(np.concatenate(list(kept.values())), 9))
    style = {"base": (BASE, "base model"), "tuned": (TUNED, "fine-tuned model")}
    if len(values) <= 10:
        width = 0.8 / len(kept)
        for index, (side, numbers) in enumerate(kept.items()):
            shares = [np.isclose(numbers, v).mean() if len(numbers) else 0 for v in values]
            at = np.arange(len(values)) + (index - (len(kept) - 1) / 2) * width
            panel.bar(at, shares, width=width, color=style[side][0], label=style[side][1])
        panel.set_xticks(range(len(values)), [f"{v:.3g}" for v in values])
    else:
        edges = np.histogram_bin_edges(values, bins=16)
        for side, numbers in kept.items():
            weights = np.full(len(numbers), 1 / max(1, len(numbers)))
            panel.hist(
                numbers, bins=edges, weights=weights, color=style[side][0], alpha=0.6, label=style[side][1]
            )
    panel.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    panel.grid(axis="y", color=GRID, linewidth=0.7)
    panel.set_axisbelow(True)
    panel.set_title(chart_label(name, 28), size=10)
    panel.set_xlabel("score (lower is better)" if direction == "lower" else "score", size=9)
    panel.set_ylabel("rows", size=9)


def coverage_chart(analysis: Analysis) -> Chart | None:
    """Share of dataset rows with a score, per metric and model."""
    summary = analysis.summary
    sides = [s for s in ("base", "tuned") if summary["models_evaluated"][s]]
    names = _ordered_names(summary)
    total = {s: summary["rows"]["dataset"] or summary["rows"][s] or 0 for s in sides}
    if not names or not any(total.values()):
        return None
    shares = {
        (n, s): min(1.0, summary["metrics"][n][s]["n_scored"] / total[s]) if total[s] else 0.0
        for n in names
        for s in sides
    }
    least = min(shares, key=lambda key: shares[key])
    label = {"base": "base", "tuned": "fine-tuned"}
    title = (
        "Every metric is scored on every row"
        if shares[least] == 1
        else f"Least scored: {chart_label(least[0], 30, 1)}, {label[least[1]]} model, "
        f"{summary['metrics'][least[0]][least[1]]['n_scored']} of {total[least[1]]} rows"
    )
    chart = _new_chart(title, "Bars show the share of rows that have a score.", 1.6 + 0.5 * len(names))
    axes = chart.add_subplot()
    height = 0.7 / len(sides)
    for index, side in enumerate(sides):
        at = np.arange(len(names)) + (index - (len(sides) - 1) / 2) * height
        widths = [shares[n, side] for n in names]
        axes.barh(
            at,
            widths,
            height=height * 0.92,
            color={"base": BASE, "tuned": TUNED}[side],
            label=f"{label[side]} model",
        )
        for y, name, width in zip(at, names, widths, strict=True):
            axes.annotate(
                f"{summary['metrics'][name][side]['n_scored']}",
                (width, y),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                size=8,
                color=MUTED,
            )
    axes.axvline(0.95, color=INK, linewidth=1, linestyle=":")
    axes.set_xlim(0, 1.06)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 0.95], ["0%", "25%", "50%", "75%", "95%"])
    _label_rows(summary, axes, names)
    axes.set_xlabel("share of dataset rows with a score (numbers are rows)")
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, frameon=False, borderaxespad=0.2)
    return chart
