"""``report.md``: the report as a comment on a pull request holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from model_evaluation.runtime.results.evaluation import BOTH_SIDES
from model_evaluation.runtime.statistics.verdicts import interval_words, signed
from model_evaluation.runtime.summary import Summary, labels_of, model_name

from .people import ScorerError
from .view import ReportView, Table, rows_words
from .words import ReportWords, one_line, short_name, short_time

WORST_SLICES = 3
MARKDOWN_MARKS = re.compile(r"[\\`*_{}\[\]!~]")
# As entities: HTML, table cells, formulas, and what GitHub and GitLab take for people, issues and links.
MARKDOWN_ENTITIES = re.compile(r"[<>&@#|$]|(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
MARKDOWN_LINE_START = re.compile(r"^(?=[-+=])|(?<=^\d)(?=[.)])|(?<=^\d\d)(?=[.)])")


def report_markdown(summary: Summary, words: ReportWords, error: ScorerError | None = None) -> str:
    """Verdict, table, people's labels, slices that got worse, warnings and rows. Every text from outside is escaped.

    ``error`` is what labels said of who gave the scores, ``None`` without labels.
    """
    view = ReportView(summary, words, error)
    parts = [
        f"## Model evaluation: {view.decision.headline.lower()}",
        f"> **{view.notice}**" if view.notice else "",
        f"**{escaped(summary['verdict']['sentence'])}**",
        _bullets(words.checks_heading, view.unfair),
        _markdown_table(view.table),
        f"{view.note}.",
        escaped(view.planned),
        _bullets("Against people:", view.people),
        "\n".join(worst_slices(summary)),
        _bullets("Take care:", summary["warnings"]),
        escaped(view.margin) if view.compares else "",
        _rows_and_conditions(summary, words),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _rows_and_conditions(summary: Summary, words: ReportWords) -> str:
    rows, labels = summary["rows"], labels_of(summary)
    results = [
        f"{'no' if rows[side] is None else rows[side]}{results} of the {escaped(labels[side])} "
        f"({escaped(short_name(model_name(summary, side)))})"
        for side, results in zip(BOTH_SIDES, (" results", ""), strict=True)
    ]
    conditions = "".join(f"{escaped(name)}: {escaped(value)}. " for name, value in words.conditions)
    return (
        f"Rows: {rows_words(summary, results)}. {conditions}"
        f"Execution {escaped(summary['execution_arn'].rsplit('/', 1)[-1] or '–')}, "
        f"{escaped(short_time(summary['created']))}."
    )


def escaped(text: str) -> str:
    """Text that stays text: one line, nothing in it formats, links, mentions or becomes HTML."""
    line = " ".join(one_line(text).split())
    line = MARKDOWN_ENTITIES.sub(lambda match: f"&#{ord(match[0])};", MARKDOWN_MARKS.sub(r"\\\g<0>", line))
    return MARKDOWN_LINE_START.sub(r"\\", line)


def worst_slices(summary: Summary) -> list[str]:
    """The slices that regressed on the primary metric, at most three, the largest loss first, under a heading."""
    slices = []
    for field, values in summary["slices"].items():
        for value, cells in values.items():
            entry = cells.get(summary["primary_metric"])
            difference = entry["difference"] if entry else None
            if entry and difference and entry["verdict"] == "regressed":
                mean = difference["mean"] or 0.0
                evidence = f"{signed(mean)} ({interval_words(difference)}, {entry['n_paired']} rows)"
                slices.append((-abs(mean), f"- {escaped(field)} = {escaped(value)}: {evidence}"))
    heading = ["Slices that got worse (p-values corrected over all slices):\n"] if slices else []
    return heading + [text for _, text in sorted(slices)[:WORST_SLICES]]


def _markdown_table(table: Table) -> str:
    lines = [[escaped(name), *(cell.replace("<", "&lt;") for cell in cells)] for name, *cells in table.lines]
    if lines:  # the metric that decides
        lines[0][0] = f"**{lines[0][0]}**"
    rule = ["---"] * table.left + ["---:"] * (len(table.headings) - table.left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (table.headings, rule, *lines))


def _bullets(heading: str, texts: Iterable[str]) -> str:
    """A list under its heading; empty without a text."""
    lines = [f"- {escaped(text)}" for text in texts]
    return "\n".join([f"{heading}\n", *lines]) if lines else ""
