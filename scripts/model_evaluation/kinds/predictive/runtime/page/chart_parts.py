"""What the charts of predictive models have in common: colours, panels, and words about metrics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes

from model_evaluation.runtime.report.charts import drawing
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.summary import MeasuredValue

if TYPE_CHECKING:
    from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis

COLOURS = {"tuned": drawing.TUNED, "base": drawing.BASE}
DASHES = {"tuned": "-", "base": (0, (5, 2))}  # told apart in grey, too
MARKERS = {"tuned": "o", "base": "D"}
MOST_SEGMENTS = 24
FINDINGS = {
    "improved": "{} is better: ",
    "regressed": "{} is worse: ",
    "equivalent": "Practically the same: ",
    "no_worse": "{} is no worse: ",
    "inconclusive": "No difference is shown: ",
}
"""Who is better on a metric, by its verdict."""


def line(analysis: PredictiveAnalysis, side: Side, label: str = "") -> dict[str, Any]:
    """How a model's line is drawn; ``label`` follows its name."""
    return {"color": COLOURS[side], "ls": DASHES[side], "label": f"{analysis.labels[side]}{label}"}


def first_label(analysis: PredictiveAnalysis, sides: Iterable[Side]) -> str:
    """What the first of these models is called, to begin a title."""
    return analysis.labels[next(iter(sides))].capitalize()


def one_plot(subject: str, title: str, alt: str, height: float) -> tuple[drawing.Chart, Axes]:
    """A chart of one plot with a grid."""
    chart = drawing.new_chart(subject, title, alt, height)
    axes = chart.add_subplot()
    axes.grid()
    return chart, axes


def panels(
    analysis: PredictiveAnalysis,
    chart: drawing.Chart,
    sides: Sequence[Side],
    *,
    sharex: bool = False,
    sharey: bool = False,
) -> list[Axes]:
    """A panel for each model, under its name."""
    every: list[Axes] = list(chart.subplots(1, len(sides), squeeze=False, sharex=sharex, sharey=sharey)[0])
    for panel, side in zip(every, sides, strict=True):
        panel.set_title(analysis.labels[side].capitalize())
    return every


def interval_rows(
    axes: Axes, analysis: PredictiveAnalysis, rows: Sequence[Mapping[Side, MeasuredValue | None]], shift: float
) -> None:
    """A row for each of several numbers: every model's value as a mark, its interval as a bar."""
    sides = list(analysis.joined.said)
    for at, side in enumerate(sides):
        apart = 0 if len(sides) == 1 else shift * (2 * at - 1)
        for row, by_side in enumerate(rows):
            own = by_side[side]
            if own is None or own["value"] is None:
                continue
            low, high = own["ci_low"], own["ci_high"]
            if low is not None and high is not None:
                axes.plot([low, high], [row + apart] * 2, color=COLOURS[side], lw=3)
            label = analysis.labels[side] if row == 0 else None
            axes.plot([own["value"]], [row + apart], MARKERS[side], color=COLOURS[side], ms=7, label=label)
    axes.grid(axis="x")
    if len(sides) > 1:
        drawing.legend_above(axes)


def note_below(chart: drawing.Chart, text: str) -> None:
    chart.supxlabel(text, x=0.01, ha="left", size=9, color=drawing.MUTED)


def measured_sides(analysis: PredictiveAnalysis, name: str) -> Iterator[tuple[Side, MeasuredValue]]:
    """A metric of every model that has it."""
    entry = analysis.entries.get(name)
    for side in analysis.joined.said:
        if entry is not None and (own := entry[side]) is not None:
            yield side, own


def value_text(analysis: PredictiveAnalysis, name: str, side: Side) -> str:
    return number_text(dict(measured_sides(analysis, name))[side]["value"])


def both_values(analysis: PredictiveAnalysis, name: str) -> str:
    """``0.993 against 0.973``, as far as there are numbers."""
    values = [own["value"] for _, own in measured_sides(analysis, name)]
    return " against ".join(number_text(value) for value in values if value is not None)


def number_text(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:,.1f}" if abs(value) < 10_000 else f"{value:,.0f}"


def finding_text(analysis: PredictiveAnalysis, name: str) -> str:
    """Who is better on a metric, in words."""
    entry = analysis.entries.get(name)
    verdict = entry["verdict"] if entry else None
    return FINDINGS.get(verdict or "", "").format(analysis.labels["tuned"].capitalize())
