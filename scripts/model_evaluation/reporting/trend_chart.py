"""The history as one SVG picture: a panel per metric, a point with its interval per run."""

from __future__ import annotations

import html
import textwrap
from collections.abc import Sequence
from typing import Any

from model_evaluation.runtime.report.names import short_name, short_time
from model_evaluation.runtime.report.wording import one_line

from .history import Group, Run, Trend, history_sentences, trends
from .words import execution_id

WIDTH, LEFT, RIGHT = 760, 70, 20
PANEL, TITLE, FOOT, GAP, LINE = 110, 34, 44, 10, 18
HEAD_LETTERS, TEXT_LETTERS = 84, 104  # on a line
METRICS = 8
STYLE = """svg { font: 13px system-ui, sans-serif; background: #fff; } text { fill: #1f2328; } .muted { fill: #57606a; }
.zero { stroke: #57606a; stroke-dasharray: 4 3; } .line { stroke: #0b5d94; fill: none; stroke-opacity: .4; }
.bar { stroke: #0b5d94; stroke-width: 2; } .point { fill: #0b5d94; } .mark { fill: #a84400; font-weight: 700; }
.head, .name { font-weight: 700; } .head { font-size: 15px; }
@media (prefers-color-scheme: dark) { svg { background: #12161b; } text { fill: #e8ebee; } .muted { fill: #a3adb8; }
.zero { stroke: #a3adb8; } .line, .bar { stroke: #62b5ea; } .point { fill: #62b5ea; } .mark { fill: #f59355; } }"""


def trend_svg(groups: Sequence[Group], sentence: str) -> str:
    """The picture as text: what the newest runs say, then a panel per metric (at most eight, the primary one first).

    Only comparable runs share a panel. Other groups are drawn below, each with what sets it apart; one that holds a
    single run is only named. ``sentence`` is read to people who cannot see the picture.
    """
    parts, top = _lines(history_sentences(groups[:1])[-1:], 12.0, "head", HEAD_LETTERS)
    alone = []
    for group in groups:
        if group is groups[0] or len(group.runs) > 1:
            drawn, top = _group(group, top)
            parts += drawn
        else:
            alone.append(f"Not drawn: {execution_id(group.runs[0].summary)[:40]}, {'; '.join(group.differs)}")
    named, top = _lines(alone, top, "muted", TEXT_LETTERS)
    label = html.escape(one_line(sentence), quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top + 12:.0f}" role="img" '
        f'aria-label="{label}"><title>{label}</title><style>{STYLE}</style>{"".join(parts + named)}</svg>\n'
    )


def _lines(texts: Sequence[str], top: float, look: str, letters: int) -> tuple[list[str], float]:
    """Paragraphs wrapped to the width, and where they end."""
    parts = []
    for text in texts:
        for line in textwrap.wrap(text, letters, max_lines=4):
            top += LINE
            parts.append(_text(16, top, line, look))
    return parts, top


def _group(group: Group, top: float) -> tuple[list[str], float]:
    """The group's panels from ``top`` on, and where they end."""
    summary = group.runs[-1].summary
    base, judge = short_name(summary["models"]["base"]), summary["judge"] or "an unnamed judge"
    parts, end = _lines(
        [f"Against {base}, {summary['rows']['dataset']} rows, judged by {judge}"], top + 8, "muted", TEXT_LETTERS
    )
    if summary["simulated"]:
        parts.append(_text(WIDTH - RIGHT, top + 8 + LINE, "SIMULATED", "mark", "end"))
    if group.differs:
        told, end = _lines(
            [f"Not comparable with the newest runs: {'; '.join(group.differs)}"], end, "mark", HEAD_LETTERS
        )
        parts += told
    drawn = [(trend, points) for trend in trends(group) if (points := _points(trend))]
    for at, (trend, points) in enumerate(drawn[:METRICS]):
        parts += _panel(trend, points, len(group.runs), end, "name" if at == 0 else "")
        end += TITLE + PANEL + GAP
    parts += [
        _text(_x(at, len(group.runs)), end + 6 + 15 * line, text, "muted", "middle")
        for at, run in _labelled(group.runs)
        for line, text in enumerate((execution_id(run.summary)[:14], short_time(run.summary["created"])[:10]))
    ]
    return parts, end + FOOT


def _labelled(runs: Sequence[Run]) -> list[tuple[int, Run]]:
    """As many runs as there is room for the labels of, the newest always."""
    step = -(-len(runs) // 6)
    return [(at, run) for at, run in enumerate(runs) if (len(runs) - 1 - at) % step == 0]


def _points(trend: Trend) -> list[tuple[int, dict[str, Any]]]:
    """The runs' places and differences; a metric without numbers, or without rows that both models have, has none."""
    found = [(at, entry["difference"]) for at, entry in enumerate(trend.entries) if entry]
    return [(at, difference) for at, difference in found if difference["mean"] is not None]


def _panel(trend: Trend, known: Sequence[tuple[int, dict[str, Any]]], runs: int, top: float, look: str) -> list[str]:
    ends = [float(value) for _, d in known for value in (d["mean"], d["ci_low"], d["ci_high"]) if value is not None]
    low, high = min(0.0, *ends), max(0.0, *ends)
    room = (high - low) * 0.08 or 0.05
    low, high = low - room, high + room

    def y(value: float) -> float:
        return top + TITLE + PANEL * (high - value) / (high - low)

    better = "lower is better" if trend.direction == "lower" else "higher is better"
    parts = [
        _text(16, top + 24, f"{trend.metric[:60]}: fine-tuned minus base, {better}", look),
        f'<line class="zero" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}"/>',
        _text(LEFT - 8, y(0) + 4, "0", "muted", "end"),
    ]
    parts += [
        _text(LEFT - 8, y(value) + 4, f"{value:+.2g}".replace("-", "−"), "muted", "end")
        for value in (max(ends), min(ends))
        if abs(y(value) - y(0)) > 14
    ]
    points = [(_x(at, runs), difference) for at, difference in known]
    parts.append('<polyline class="line" points="' + " ".join(f"{x:.1f},{y(d['mean']):.1f}" for x, d in points) + '"/>')
    for x, difference in points:
        if difference["ci_low"] is not None:
            parts.append(_bar(x, y(difference["ci_low"]), y(difference["ci_high"])))
        parts.append(f'<circle class="point" cx="{x:.1f}" cy="{y(difference["mean"]):.1f}" r="4"/>')
    return parts


def _bar(x: float, low: float, high: float) -> str:
    return f'<line class="bar" x1="{x:.1f}" x2="{x:.1f}" y1="{low:.1f}" y2="{high:.1f}"/>'


def _x(at: int, n: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (at + 0.5) / n


def _text(x: float, y: float, text: str, look: str = "", anchor: str = "start") -> str:
    name = f' class="{look}"' if look else ""
    return f'<text{name} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{html.escape(one_line(text))}</text>'
