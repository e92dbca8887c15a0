"""``report.md``: the report as a comment on a pull request holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from model_evaluation.runtime.statistics.verdicts import interval_words, signed
from model_evaluation.runtime.summary import BOTH_MODELS, Summary, labels_of, model_name, scope_of

from .methods import margin_text
from .metrics_table import DECISIONS, fairness_lines, left_columns, metrics_table, planned_text, rows_words, table_note
from .people import ScorerError, people_sentences
from .plain_text import one_line, short_name, short_time
from .words import ReportWords

WORST_SLICES = 3
MARKDOWN_MARKS = re.compile(r"[\\`*_{}\[\]!~]")
# As entities: HTML, table cells, formulas, and what GitHub and GitLab take for people, issues and links.
MARKDOWN_ENTITIES = re.compile(r"[<>&@#|$]|(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
MARKDOWN_LINE_START = re.compile(r"^(?=[-+=])|(?<=^\d)(?=[.)])|(?<=^\d\d)(?=[.)])")


def report_markdown(summary: Summary, words: ReportWords, error: ScorerError | None = None) -> str:
    """Verdict, table, people's labels, slices that got worse, warnings and rows. Every text from outside is escaped.

    ``error`` is what labels said of who gave the scores, ``None`` without labels.
    """
    both = scope_of(summary) == "compare"
    parts = [f"## Model evaluation: {DECISIONS[summary['verdict']['decision']].headline.lower()}"]
    if summary["simulated"]:
        parts.append(f"> **{words.simulated}**")
    parts.append(f"**{escaped(summary['verdict']['sentence'])}**")
    if unfair := fairness_lines(summary):
        parts.append(f"{words.checks_heading}\n\n{_bullets(unfair)}")
    parts += [_markdown_table(summary, words), f"{table_note(summary)}."]
    if planned := planned_text(summary):
        parts.append(escaped(planned))
    if both and words.scorer:
        parts.append(f"Against people:\n\n{_bullets(people_sentences(error, words))}")
    if worse := worst_slices(summary):
        parts.append("Slices that got worse (p-values corrected over all slices):\n\n" + "\n".join(worse))
    if summary["warnings"]:
        parts.append(f"Take care:\n\n{_bullets(summary['warnings'])}")
    if both:
        parts.append(escaped(margin_text(summary, words)))
    rows = summary["rows"]
    results = {side: f"{'no' if rows[side] is None else rows[side]}" for side in BOTH_MODELS}
    names = {side: escaped(short_name(model_name(summary, side))) for side in results}
    titles = {side: escaped(label) for side, label in labels_of(summary).items()}
    conditions = "".join(f"{escaped(name)}: {escaped(value)}. " for name, value in words.conditions)
    parts.append(
        f"Rows: {rows_words(summary)}, {results['tuned']} results of the {titles['tuned']} "
        f"({names['tuned']}), {results['base']} of the {titles['base']} ({names['base']}), {rows['paired']} with both. "
        f"{conditions}"
        f"Execution {escaped(summary['execution_arn'].rsplit('/', 1)[-1] or '–')}, "
        f"{escaped(short_time(summary['created']))}."
    )
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that stays text: one line, nothing in it formats, links, mentions or becomes HTML."""
    line = " ".join(one_line(text).split())
    line = MARKDOWN_ENTITIES.sub(lambda match: f"&#{ord(match[0])};", MARKDOWN_MARKS.sub(r"\\\g<0>", line))
    return MARKDOWN_LINE_START.sub(r"\\", line)


def worst_slices(summary: Summary) -> list[str]:
    """The slices that regressed on the primary metric, at most three, the largest loss first."""
    slices = []
    for field, values in summary["slices"].items():
        for value, cells in values.items():
            entry = cells.get(summary["primary_metric"])
            difference = entry["difference"] if entry else None
            if entry and difference and entry["verdict"] == "regressed":
                mean = difference["mean"] or 0.0
                evidence = f"{signed(mean)} ({interval_words(difference)}, {entry['n_paired']} rows)"
                slices.append((-abs(mean), f"- {escaped(field)} = {escaped(value)}: {evidence}"))
    return [text for _, text in sorted(slices)[:WORST_SLICES]]


def _markdown_table(summary: Summary, words: ReportWords) -> str:
    headings, lines = metrics_table(summary, words)
    lines = [[escaped(name), *(cell.replace("<", "&lt;") for cell in cells)] for name, *cells in lines]
    if lines:  # the metric that decides
        lines[0][0] = f"**{lines[0][0]}**"
    left = left_columns(summary)
    rule = ["---"] * left + ["---:"] * (len(headings) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *lines))


def _bullets(texts: Iterable[str]) -> str:
    return "\n".join(f"- {escaped(text)}" for text in texts)
