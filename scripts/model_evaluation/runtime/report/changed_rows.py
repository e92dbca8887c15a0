"""The rows that changed most, as HTML that needs no script: folded, with both answers and the judge's words.

Text from datasets, models and judges is escaped wherever it becomes HTML; it never becomes markup.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from model_evaluation.runtime.analysis import Analysis

from .wording import one_line, ordered_metrics

COMPARED_WORDS = 400  # longer answers are shown without marking what differs
SHOWN_CHARACTERS = 3_000  # of a text
NAME_CHARACTERS = 200  # of a category or an id
OPENING_CHARACTERS = 300  # of a prompt, in the line that is always seen


class ChangedRows(NamedTuple):
    """Positions in ``per_example`` of rows that got worse and better, the largest change first."""

    worse: list[int]
    better: list[int]


def changed_rows(analysis: Analysis, limit: int = 10) -> ChangedRows:
    """The rows whose score on the primary metric changed most, at most ``limit`` each way; ties in file order."""
    summary = analysis.summary
    entry = summary["metrics"].get(summary["primary_metric"])
    if entry is None or entry["difference"] is None:
        return ChangedRows([], [])
    gains = analysis.scores[f"{summary['primary_metric']}__difference"]
    gains = -gains if entry["direction"] == "lower" else gains
    worse = gains[gains < 0].sort_values(kind="stable").index[:limit]
    better = gains[gains > 0].sort_values(ascending=False, kind="stable").index[:limit]
    return ChangedRows([int(i) for i in worse], [int(i) for i in better])


def changed_rows_html(analysis: Analysis, limit: int = 10) -> str:
    """The rows that got worse, then better, with both answers and the judge's words, as an HTML fragment."""
    rows = changed_rows(analysis, limit)
    table = analysis.rows([*rows.worse, *rows.better]).to_dict("records")
    primary = analysis.summary["primary_metric"]
    parts = []
    worse = len(rows.worse)
    for word, found in (("worse", table[:worse]), ("better", table[worse:])):
        parts.append(f"<h3>Rows that got {word} on {html.escape(one_line(primary))}</h3>")
        parts += [row_html(analysis, row, word == "worse") for row in found] or [f"<p>No row got {word}.</p>"]
    return "".join(parts)


def row_html(analysis: Analysis, row: Mapping[str, Any], at_a_loss: bool) -> str:
    """One line of ``per_example``, folded: prompt, reference, both answers with what differs marked, scores, words."""
    primary = analysis.summary["primary_metric"]
    base, tuned = (_text_of(row[f"{side}_response"]) for side in ("base", "tuned"))
    opening = " ".join(_text_of(row["prompt"])[:OPENING_CHARACTERS].split())
    score = " → ".join(_shown(row[f"{primary}__{side}"]) for side in ("base", "tuned"))
    scores = "".join(_score_html(analysis, row, name) for name in ordered_metrics(analysis.summary))
    category = row["category"][:NAME_CHARACTERS] if isinstance(row["category"], str) else ""
    where = f"row {row['record_id']}" + (f", {one_line(category)}" if category else "")
    look = "bad" if at_a_loss else "good"
    return (
        f'<details class="row"><summary><b class="{look}">{html.escape(score)}</b> '
        f'<bdi class="opening">{html.escape(opening)}</bdi> '
        f"<small><bdi>{html.escape(where)}</bdi></small></summary>"
        f"{_block('Prompt', html.escape(_text_of(row['prompt'])))}"
        f"{_block('Reference', html.escape(_text_of(row['reference'])))}"
        f'<div class="pair">{_block("Base model", marked_words(base, tuned))}'
        f"{_block('Fine-tuned model', marked_words(tuned, base))}</div>{scores}</details>"
    )


def _score_html(analysis: Analysis, row: Mapping[str, Any], name: str) -> str:
    lines = []
    for side, label in (("base", "base"), ("tuned", "fine-tuned")):
        score, reason = row[f"{name}__{side}"], _text_of(row[f"{name}__{side}_explanation"])
        heading = html.escape(f"{one_line(name)}, {label}: {_shown(score)}")
        lines.append(f"<dt>{heading}</dt><dd>{html.escape(reason) or '–'}</dd>")
    return f"<dl>{''.join(lines)}</dl>"


def _shown(score: Any) -> str:
    if isinstance(score, str):
        return score  # a number too, where other rows have labels
    return "no score" if score is None or score != score else f"{score:.4g}"


def _block(title: str, content: str) -> str:
    return f"<div><h4>{title}</h4><pre>{content or '–'}</pre></div>"


def _text_of(value: Any) -> str:
    if not isinstance(value, str):
        return ""
    return value if len(value) <= SHOWN_CHARACTERS else value[:SHOWN_CHARACTERS] + " … (cut)"


def marked_words(text: str, other: str) -> str:
    """``text`` escaped, with the words ``other`` does not have in that place in ``<mark>``."""
    mine, theirs = re.findall(r"\s+|\S+", text), re.findall(r"\s+|\S+", other)
    if max(len(mine), len(theirs)) > 2 * COMPARED_WORDS:
        return html.escape(text)
    parts = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        words = html.escape("".join(mine[start:end]))
        parts.append(words if kind == "equal" or not words.strip() else f"<mark>{words}</mark>")
    return "".join(parts)
