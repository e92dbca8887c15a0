"""The history as one picture: a panel per metric, a point with its interval per run."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes

from model_evaluation.kinds.registry import report_words
from model_evaluation.runtime.report.charts import drawing
from model_evaluation.runtime.report.words import short_name, short_time
from model_evaluation.runtime.summary import compared, minus_words, model_name

from .history import Group, Trend, history_sentences, trends
from .words import execution_id

METRICS, RUN_LABELS, LETTERS = 8, 6, 100


def trend_chart(groups: Sequence[Group]) -> drawing.Chart:
    """What the newest runs say, then a panel per metric (at most eight, the primary one first).

    Only comparable runs share a panel. Other groups are drawn below, each with what sets it apart; one that holds a
    single run is only named.
    """
    alone = [group for group in groups[1:] if len(group.runs) == 1]
    panels = [
        (group, trend, at == 0)
        for group in groups
        if group not in alone
        for at, trend in enumerate(list(filter(_has_numbers, trends(group)))[:METRICS])
    ]
    named = [f"Not drawn: {execution_id(group.runs[0].summary)[:40]}, {'; '.join(group.differs)}" for group in alone]
    with drawing.chart_style():
        chart = drawing.new_chart("", history_sentences(groups[:1])[-1], "", 2.1 * len(panels) + 0.3)
        places = chart.subplots(len(panels), 1, squeeze=False).ravel() if panels else ()
        for axes, (group, trend, is_first) in zip(places, panels, strict=True):
            _draw(axes, group, trend, _heading(group) if is_first else "")
        chart.supxlabel("\n".join(map(_wrapped, named)), x=0.01, ha="left", size=9, color=drawing.MUTED)
        drawing.finish(chart, simulated=all(group.runs[-1].summary["simulated"] for group in groups))
    return chart


def _has_numbers(trend: Trend) -> bool:
    return any(entry and compared(entry)["mean"] is not None for entry in trend.entries)


def _heading(group: Group) -> str:
    """What the group's runs have in common, and what sets them apart from the newest."""
    summary = group.runs[-1].summary
    conditions = "".join(f", {name.lower()} {value}" for name, value in report_words(summary).conditions)
    base, rows = short_name(model_name(summary, "base")), summary["rows"]["dataset"]
    apart = [f"Not comparable with the newest runs: {'; '.join(group.differs)}"] if group.differs else []
    mark = "SIMULATED. " if summary["simulated"] else ""
    return "\n".join([*map(_wrapped, apart), _wrapped(f"{mark}Against {base}, {rows} rows{conditions}"), ""])


def _draw(axes: Axes, group: Group, trend: Trend, heading: str) -> None:
    runs = len(group.runs)
    for at, entry in enumerate(trend.entries):
        low, high = (compared(entry)["ci_low"], compared(entry)["ci_high"]) if entry else (None, None)
        if low is not None and high is not None:
            axes.plot([at, at], [low, high], color=drawing.TUNED, linewidth=2)
    means = [
        (at, mean) for at, entry in enumerate(trend.entries) if entry and (mean := compared(entry)["mean"]) is not None
    ]
    axes.plot(*zip(*means, strict=True), "o-", color=drawing.TUNED, linewidth=0.6)
    axes.axhline(0, color=drawing.MUTED, linewidth=1, linestyle="--")
    title = f"{trend.metric[:60]}: {minus_words(group.runs[-1].summary)}, {trend.direction} is better"
    axes.set_title(f"{heading}{drawing.chart_label(title, LETTERS)}")
    step = -(-runs // RUN_LABELS)  # as many labels as there is room for, the newest always
    labelled = [(at, group.runs[at].summary) for at in range((runs - 1) % step, runs, step)]
    labels = [f"{execution_id(run)[:14]}\n{short_time(run['created'])[:10]}" for _, run in labelled]
    axes.set_xticks([at for at, _ in labelled], labels)
    axes.set_xlim(-0.5, runs - 0.5)
    axes.yaxis.set_major_formatter(drawing.signed_tick)


def _wrapped(text: str) -> str:
    return drawing.chart_label(text, LETTERS, 4)
