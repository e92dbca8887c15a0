"""The rows that changed most, as HTML that needs no script: folded, with both answers and what came with the scores."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from typing import NamedTuple

import pandas as pd
from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.summary import capital, labels_of, short_labels

from .markup import part
from .metrics_table import row_metrics

COMPARED_WORDS = 400  # longer answers are shown without marking what differs
SHOWN_CHARACTERS = 3_000  # of a text
NAME_CHARACTERS = 200  # of a category or an id
OPENING_CHARACTERS = 300  # of a prompt, in the line that is always seen

Cell = str | float | None
Changes = list[tuple[str, bool]]
"""An answer in pieces, each with whether the other answer lacks it in that place."""


class ChangedRows(NamedTuple):
    """Positions in ``per_example`` of rows that got worse and better, the largest change first."""

    worse: list[int]
    better: list[int]


def changed_rows(analysis: Analysis, limit: int = 10) -> ChangedRows:
    """The rows whose score on the primary metric changed most, at most ``limit`` each way; ties in file order."""
    primary = analysis.summary["primary_metric"]
    entry = analysis.summary["metrics"].get(primary)
    if entry is None or entry["difference"] is None:
        return ChangedRows([], [])
    gains = analysis.per_example[f"{primary}__difference"] * (-1 if entry["direction"] == "lower" else 1)
    worse = gains[gains < 0].sort_values(kind="stable").index[:limit]
    better = gains[gains > 0].sort_values(ascending=False, kind="stable").index[:limit]
    return ChangedRows(worse.tolist(), better.tolist())


def changed_rows_html(analysis: Analysis, limit: int = 10) -> Markup:
    """The rows that got worse, then better, as an HTML fragment."""
    rows = changed_rows(analysis, limit)
    worse, better = (
        [_row_html(analysis, row, look) for row in analysis.per_example.iloc[places].to_dict("records")]
        for places, look in ((rows.worse, "bad"), (rows.better, "good"))
    )
    return part("changed_rows", metric=analysis.summary["primary_metric"], worse=worse, better=better)


def _row_html(analysis: Analysis, row: Mapping[str, Cell], look: str) -> Markup:
    primary = analysis.summary["primary_metric"]
    base, tuned, prompt = (shown_text(row[name]) for name in ("base_response", "tuned_response", "prompt"))
    category = shown_text(row["category"], NAME_CHARACTERS)
    labels, short = labels_of(analysis.summary), short_labels(analysis.summary)
    return part(
        "row",
        change=" → ".join(shown_score(row[f"{primary}__{side}"]) for side in ("base", "tuned")),
        look=look,
        opening=" ".join(prompt[:OPENING_CHARACTERS].split()),
        titles=[capital(labels[side]) for side in ("base", "tuned")],
        place=f"row {row['record_id']}" + (f", {category}" if category else ""),
        prompt=prompt,
        reference=shown_text(row["reference"]),
        base=word_changes(base, tuned),
        tuned=word_changes(tuned, base),
        scores=[
            [
                (
                    f"{name}, {label}: {shown_score(row[f'{name}__{side}'])}",
                    shown_text(row[f"{name}__{side}_explanation"]),
                )
                for side, label in reversed(short.items())
            ]
            for name in row_metrics(analysis)
        ],
    )


def shown_score(score: Cell) -> str:
    if isinstance(score, str):
        return score  # a number too, where other rows have labels
    return "no score" if pd.isna(score) else f"{score:.4g}"


def shown_text(value: Cell, most: int = SHOWN_CHARACTERS) -> str:
    if not isinstance(value, str):
        return ""
    return value if len(value) <= most else value[:most] + " … (cut)"


def word_changes(text: str, other: str) -> Changes:
    """``text`` in pieces, each with whether it holds words that ``other`` does not have in that place."""
    words, others = re.findall(r"\s+|\S+", text), re.findall(r"\s+|\S+", other)
    if max(len(words), len(others)) > 2 * COMPARED_WORDS:
        return [(text, False)]
    pieces = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, words, others, autojunk=False).get_opcodes():
        piece = "".join(words[start:end])
        if piece:
            pieces.append((piece, kind != "equal" and not piece.isspace()))
    return pieces
