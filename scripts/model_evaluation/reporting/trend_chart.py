"""The history as one SVG picture: a panel per metric, a point with its interval per run."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.markup import template_environment
from model_evaluation.runtime.report.plain_text import short_name, short_time
from model_evaluation.runtime.summary import Difference, compared, minus_words, model_name

from .history import Group, Trend, history_sentences, trends
from .words import execution_id

LEFT, RIGHT = 70, 740  # ends of the panels, in a picture 760 wide
TITLE, PANEL, GAP, FOOT, LINE = 34, 110, 10, 44, 18  # heights
METRICS, RUN_LABELS = 8, 6
ENDS = ("mean", "ci_low", "ci_high")


class Panel(NamedTuple):
    """A metric: where zero is, and for each run its place, that of its mean and those of its interval's ends."""

    zero: float
    runs: list[tuple[float, dict[str, float]]]


@dataclass
class Picture:
    """What ``trend.svg.j2`` draws, from top to bottom. A text is (x, y, class, text)."""

    height: float = 12.0
    texts: list[tuple[float, float, str, str]] = field(default_factory=list)
    panels: list[Panel] = field(default_factory=list)

    def write(self, text: str, look: str, letters: int = 104) -> None:
        """A paragraph with at most so many letters on a line."""
        for line in textwrap.wrap(text, letters, max_lines=4):
            self.height += LINE
            self.texts.append((16, self.height, look, line))

    def draw(self, group: Group) -> None:
        """The group's panels, at most eight, under what its runs have in common."""
        summary, runs = group.runs[-1].summary, len(group.runs)
        self.height += 8
        if summary["simulated"]:
            self.texts.append((RIGHT, self.height + LINE, "mark end", "SIMULATED"))
        conditions = "".join(f", {name.lower()} {value}" for name, value in report_words(summary).conditions)
        base = short_name(model_name(summary, "base"))
        self.write(f"Against {base}, {summary['rows']['dataset']} rows{conditions}", "muted")
        if group.differs:
            self.write(f"Not comparable with the newest runs: {'; '.join(group.differs)}", "mark", 84)
        numeric = [(trend, differences) for trend in trends(group) if (differences := _differences(trend))]
        for number, (trend, differences) in enumerate(numeric[:METRICS]):
            self._draw_panel(trend, differences, minus_words(summary), "name" if number == 0 else "")
        step = -(-runs // RUN_LABELS)
        for at in range((runs - 1) % step, runs, step):  # as many as there is room for, the newest always
            run = group.runs[at].summary
            for line, text in enumerate((execution_id(run)[:14], short_time(run["created"])[:10])):
                self.texts.append((_x(at, runs), self.height + 6 + 15 * line, "muted middle", text))
        self.height += FOOT

    def _draw_panel(self, trend: Trend, differences: Mapping[int, Difference], minus: str, look: str) -> None:
        points = {
            at: {key: value for key, value in difference.items() if key in ENDS and isinstance(value, float | int)}
            for at, difference in differences.items()
        }
        ends = [value for point in points.values() for value in point.values()]
        low, high = min(0.0, *ends), max(0.0, *ends)
        room = (high - low) * 0.08 or 0.05
        low, high, top = low - room, high + room, self.height + TITLE

        def y(value: float) -> float:
            return top + PANEL * (high - value) / (high - low)

        better = "lower is better" if trend.direction == "lower" else "higher is better"
        self.texts.append((16, self.height + 24, look, f"{trend.metric[:60]}: {minus}, {better}"))
        self.texts.append((LEFT - 8, y(0) + 4, "muted end", "0"))
        self.texts += [
            (LEFT - 8, y(value) + 4, "muted end", f"{value:+.2g}".replace("-", "−"))
            for value in (max(ends), min(ends))
            if abs(y(value) - y(0)) > 14
        ]
        runs = len(trend.entries)
        places = [(_x(at, runs), {key: y(value) for key, value in point.items()}) for at, point in points.items()]
        self.panels.append(Panel(y(0), places))
        self.height = top + PANEL + GAP


def trend_svg(groups: Sequence[Group], sentence: str) -> str:
    """The picture as text: what the newest runs say, then a panel per metric (at most eight, the primary one first).

    Only comparable runs share a panel. Other groups are drawn below, each with what sets it apart; one that holds a
    single run is only named. ``sentence`` is read to people who cannot see the picture.
    """
    picture = Picture()
    picture.write(history_sentences(groups[:1])[-1], "head", 84)
    alone = [group for group in groups[1:] if len(group.runs) == 1]
    for group in groups:
        if group not in alone:
            picture.draw(group)
    for group in alone:
        picture.write(f"Not drawn: {execution_id(group.runs[0].summary)[:40]}, {'; '.join(group.differs)}", "muted")
    template = template_environment(Path(__file__).parent).get_template("trend.svg.j2")
    return template.render(picture=picture, left=LEFT, right=RIGHT, sentence=sentence) + "\n"


def _differences(trend: Trend) -> dict[int, Difference]:
    """The runs' differences by place; a metric without numbers, or without rows that both models have, has none."""
    entries = {at: compared(entry) for at, entry in enumerate(trend.entries) if entry}
    return {at: difference for at, difference in entries.items() if difference["mean"] is not None}


def _x(at: int, runs: int) -> float:
    return LEFT + (RIGHT - LEFT) * (at + 0.5) / runs
