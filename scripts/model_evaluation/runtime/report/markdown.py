"""``report.md``: the report as a comment on a pull request holds it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from model_evaluation.runtime.statistics.verdicts import interval_words, signed

from .names import short_name, short_time
from .people import people_sentences
from .wording import DECISION_WORDS, SIMULATED_TEXT, margin_text, metrics_table, one_line, scope_of, table_note

WORST_SLICES = 3
MARKDOWN_MARKS = re.compile(r"[\\`*_{}\[\]!~]")
# As entities: HTML, table cells, formulas, and what GitHub and GitLab take for people, issues and links.
MARKDOWN_ENTITIES = re.compile(r"[<>&@#|$]|(?<=[A-Za-z]):(?=//)|(?<=www)\.", re.IGNORECASE)
MARKDOWN_LINE_START = re.compile(r"^(?=[-+=])|(?<=^\d)(?=[.)])|(?<=^\d\d)(?=[.)])")


def report_markdown(summary: Mapping[str, Any], judge_error: Mapping[str, Any] | None = None) -> str:
    """Verdict, table, people's labels, slices that got worse, warnings and rows. Every text from outside is escaped.

    ``judge_error`` is what labels said of the judge, ``None`` without labels.
    """
    both = scope_of(summary) == "compare"
    parts = [f"## Model evaluation: {DECISION_WORDS[summary['verdict']['decision']].lower()}"]
    if summary["simulated"]:
        parts.append(f"> **{SIMULATED_TEXT}**")
    parts.append(f"**{escaped(summary['verdict']['sentence'])}**")
    parts.append(_markdown_table(summary))
    parts.append(table_note(summary) + ".")
    if both:
        parts.append("Against people:\n\n" + _bullets(people_sentences(judge_error)))
    worse = worst_slices(summary)
    if worse:
        parts.append("Slices that got worse (p-values corrected over all slices):\n\n" + "\n".join(worse))
    if summary["warnings"]:
        parts.append("Take care:\n\n" + _bullets(summary["warnings"]))
    if both:
        parts.append(escaped(margin_text(summary)))
    rows, models = summary["rows"], summary["models"]
    parts.append(
        f"Rows: {rows['dataset']} in the dataset, {_row_count(rows['tuned'])} results of the fine-tuned model "
        f"({escaped(short_name(models['tuned']))}), {_row_count(rows['base'])} of the base model "
        f"({escaped(short_name(models['base']))}), {rows['paired']} with both. Judge: "
        f"{escaped(summary['judge'] or '–')}. Execution {escaped(summary['execution_arn'].rsplit('/', 1)[-1] or '–')}, "
        f"{escaped(short_time(summary['created']))}."
    )
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    """Text that stays text: one line, nothing in it formats, links, mentions or becomes HTML."""
    line = " ".join(one_line(text).split())
    line = MARKDOWN_ENTITIES.sub(lambda found: f"&#{ord(found[0])};", MARKDOWN_MARKS.sub(r"\\\g<0>", line))
    return MARKDOWN_LINE_START.sub(r"\\", line)


def worst_slices(summary: Mapping[str, Any]) -> list[str]:
    """The slices that regressed on the primary metric, at most three, the largest loss first."""
    primary = summary["primary_metric"]
    found = []
    for title, values in summary["slices"].items():
        for value, cell in values.items():
            entry = cell.get(primary)
            if entry and entry["verdict"] == "regressed":
                difference = entry["difference"]
                text = f"- {escaped(title)} = {escaped(value)}: {signed(difference['mean'])} "
                text += f"({interval_words(difference)}, {entry['n_paired']} rows)"
                found.append((-abs(difference["mean"]), text))
    return [text for _, text in sorted(found)[:WORST_SLICES]]


def _markdown_table(summary: Mapping[str, Any]) -> str:
    headings, lines = metrics_table(summary)
    lines = [[escaped(name), *(cell.replace("<", "&lt;") for cell in cells)] for name, *cells in lines]
    if lines:  # the metric that decides
        lines[0][0] = f"**{lines[0][0]}**"
    left = 2 if scope_of(summary) == "compare" else 1
    rule = ["---"] * left + ["---:"] * (len(headings) - left)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (headings, rule, *lines))


def _bullets(texts: Any) -> str:
    return "\n".join(f"- {escaped(text)}" for text in texts)


def _row_count(value: int | None) -> str:
    return "no" if value is None else str(value)
