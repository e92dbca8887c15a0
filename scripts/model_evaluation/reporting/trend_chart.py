"""The history as one SVG picture: a panel per metric, a point with its interval per run."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.markup import template_environment
from model_evaluation.runtime.report.plain_text import short_name, short_time
from model_evaluation.runtime.summary import compared, minus_words, model_name

from .history import NUMBERS, Group, Trend, history_sentences, trends
from .words import execution_id

LEFT, RIGHT, HEIGHT = 70, 740, 110  # ends and height of the panels, in a picture 760 wide
METRICS, RUN_LABELS = 8, 6


class Panel(NamedTuple):
    """A metric: its title, where zero is, ticks (place and text), and for each run its place and those of its mean and
    of its interval's ends, as far as it has any. Places count from the left of the picture and the top of the panel."""

    title: str
    zero: float
    ticks: list[tuple[float, str]]
    runs: list[tuple[float, dict[str, float]]]


def trend_svg(groups: Sequence[Group], sentence: str) -> str:
    """The picture as text: what the newest runs say, then a panel per metric (at most eight, the primary one first).

    Only comparable runs share a panel. Other groups are drawn below, each with what sets it apart; one that holds a
    single run is only named. ``sentence`` is read to people who cannot see the picture.
    """
    alone = [group for group in groups[1:] if len(group.runs) == 1]
    named = [f"Not drawn: {execution_id(group.runs[0].summary)[:40]}, {'; '.join(group.differs)}" for group in alone]
    template = template_environment(Path(__file__).parent).get_template("trend.svg.j2")
    return template.render(
        left=LEFT,
        right=RIGHT,
        height=HEIGHT,
        sentence=sentence,
        head=_wrapped(history_sentences(groups[:1])[-1], 84),
        groups=[_drawn(group) for group in groups if group not in alone],
        alone=[line for text in named for line in _wrapped(text)],
    )


def _drawn(group: Group) -> dict[str, object]:
    """What the template draws of a group: its panels under what its runs have in common."""
    summary, runs = group.runs[-1].summary, len(group.runs)
    conditions = "".join(f", {name.lower()} {value}" for name, value in report_words(summary).conditions)
    base = short_name(model_name(summary, "base"))
    apart = f"Not comparable with the newest runs: {'; '.join(group.differs)}" if group.differs else ""
    panels = [_panel(trend, minus_words(summary)) for trend in trends(group)]
    step = -(-runs // RUN_LABELS)  # as many labels as there is room for, the newest always
    labels = [(_x(at, runs), group.runs[at].summary) for at in range((runs - 1) % step, runs, step)]
    return {
        "simulated": summary["simulated"],
        "common": _wrapped(f"Against {base}, {summary['rows']['dataset']} rows{conditions}"),
        "apart": _wrapped(apart, 84),
        "panels": [panel for panel in panels if panel][:METRICS],
        "runs": [(x, execution_id(run)[:14], short_time(run["created"])[:10]) for x, run in labels],
    }


def _panel(trend: Trend, minus: str) -> Panel | None:
    """``None`` for a metric without numbers, or without rows that both models have."""
    points = {}
    for at, entry in enumerate(trend.entries):
        if entry and (difference := compared(entry))["mean"] is not None:
            points[at] = {name: value for name in NUMBERS if (value := difference[name]) is not None}
    if not points:
        return None
    ends = [value for point in points.values() for value in point.values()]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low) * 0.08 or 0.05
    low, high = low - room, high + room

    def y(value: float) -> float:
        return HEIGHT * (high - value) / (high - low)

    ticks = [(y(value), f"{value:+.2g}".replace("-", "−")) for value in (max(ends), min(ends))]
    return Panel(
        f"{trend.metric[:60]}: {minus}, {trend.direction} is better",
        y(0),
        [(y(0), "0"), *(tick for tick in ticks if abs(tick[0] - y(0)) > 14)],
        [(_x(at, len(trend.entries)), {name: y(value) for name, value in own.items()}) for at, own in points.items()],
    )


def _wrapped(text: str, letters: int = 104) -> list[str]:
    return textwrap.wrap(text, letters, max_lines=4)


def _x(at: int, runs: int) -> float:
    return LEFT + (RIGHT - LEFT) * (at + 0.5) / runs
