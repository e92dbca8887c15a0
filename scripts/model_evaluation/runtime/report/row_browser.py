"""The rows of the evaluation, searched, filtered and sorted without a server: in ``report.html`` and in the notebook.

What stands there without script are the rows that changed most, which can be read, folded out and printed. Where
scripts run, they give way to a browser of all rows (``templates/rows.js``). Its rows travel as JSON, which is never
read as markup; the script makes text of them, never HTML, and loads nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.summary import BOTH_MODELS, capital, evaluated_models, labels_of, short_labels

from .markup import part
from .view import row_metrics
from .words import one_line

BROWSER_BYTES = 4_000_000  # of rows: the page stays under 5 MB, whatever the answers hold
NOTEBOOK_BYTES = 2_500_000  # a notebook is saved again and again
BROWSER_SHORTEST = 80  # characters of a text that are kept at least
BROWSER_READABLE = 400  # characters of a text for which there is room, where rows must be left out
COMPARED_WORDS = 400  # longer answers are shown without marking what differs
SHOWN_CHARACTERS = 3_000  # of a text that is read without script
NAME_CHARACTERS = 200  # of a category or an id
OPENING_CHARACTERS = 300  # of a prompt, in the line that is always seen

Cell = str | float | None
Changes = list[tuple[str, bool]]
"""An answer in pieces, each with whether the other answer lacks it in that place."""


class ChangedRows(NamedTuple):
    """Positions in ``per_example`` of rows that got worse and better, the largest change first."""

    worse: list[int]
    better: list[int]


class Row(NamedTuple):
    """A row's texts, and for each metric base score, tuned score and what came with both."""

    id: str
    category: str
    prompt: str
    reference: str
    base: str
    tuned: str
    scores: tuple[tuple[Cell, ...], ...]


def rows_html(analysis: Analysis, *, changed: int = 10, budget: int = BROWSER_BYTES) -> Markup:
    """The section: up to ``changed`` rows each way that changed most, and all rows, in at most ``budget`` bytes or as
    short as they get, for the script."""
    if not analysis.summary["metrics"] or "prompt" not in analysis.table.column_names or not len(analysis.table):
        return Markup()
    both = len(evaluated_models(analysis.summary)) == 2
    still = changed_rows_html(analysis, changed) if both else ""
    return part("rows", changed=still, data=rows_json(analysis, budget))


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
    """The rows that got worse, then better, as HTML: folded, with both answers and what came with scores."""
    metric, places, names = analysis.summary["primary_metric"], changed_rows(analysis, limit), row_metrics(analysis)
    labels, short = labels_of(analysis.summary), short_labels(analysis.summary)

    def shown(rows: list[int], look: str) -> list[Markup]:
        table = analysis.per_example.iloc[rows]
        return [
            part(
                "row",
                row=row,
                look=look,
                change=" → ".join(map(shown_score, row.scores[names.index(metric)][:2])),
                opening=" ".join(row.prompt[:OPENING_CHARACTERS].split()),
                titles=[capital(labels[side]) for side in BOTH_MODELS],
                base=word_changes(row.base, row.tuned),
                tuned=word_changes(row.tuned, row.base),
                scores=[
                    [
                        (f"{name}, {short[side]}: {shown_score(score)}", words)
                        for side, score, words in zip(BOTH_MODELS, scores[:2], scores[2:], strict=True)
                    ]
                    for name, scores in zip(names, row.scores, strict=True)
                ],
            )
            for row in _rows(table, names, SHOWN_CHARACTERS, " … (cut)")
        ]

    return part("changed_rows", metric=metric, worse=shown(places.worse, "bad"), better=shown(places.better, "good"))


def shown_score(score: Cell) -> str:
    if isinstance(score, str):
        return score  # a number too, where other rows have labels
    return "no score" if score is None else f"{score:.4g}"


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


def rows_json(analysis: Analysis, budget: int) -> Markup:
    """The browser's data. The longest texts are cut where there is too much text, and where that does not do, the rows
    that changed least on the primary metric are left out; the introduction says so."""
    whole = table = analysis.per_example
    cut = 0
    while True:
        data = _browser_data(analysis, table, cut)
        size = len(data.encode("utf-8", "replace"))
        if size <= budget or (cut == BROWSER_SHORTEST and table is not whole):
            return data
        if cut == BROWSER_SHORTEST:
            texts_per_row = 4 + 2 * len(analysis.summary["metrics"])
            table, cut = _most_changed(analysis, max(1, budget // (BROWSER_READABLE * texts_per_row))), 0
        else:
            lengths = table.map(lambda value: len(value) if isinstance(value, str) else 0)
            longest = cut or int(lengths.to_numpy().max())
            cut = max(BROWSER_SHORTEST, int(longest * min(0.8, budget / size)))


def _browser_data(analysis: Analysis, table: pd.DataFrame, cut: int) -> Markup:
    """``table`` as JSON that is safe inside a script element; texts longer than ``cut`` are cut, none where it is 0."""
    summary = analysis.summary
    names = row_metrics(analysis)
    explanations = analysis.words.explanations
    marks = {one_line(name): own.loc[table.index].to_numpy(bool) for name, own in analysis.marks().items()}
    marks = {name: own for name, own in marks.items() if own.any()}
    data = {
        "metrics": [one_line(name) for name in names],
        "lower": [summary["metrics"][name]["direction"] == "lower" for name in names],
        "models": evaluated_models(summary),
        "titles": {side: one_line(capital(label)) for side, label in labels_of(summary).items()},
        "short": {side: one_line(label) for side, label in short_labels(summary).items()},
        "explanations": capital(explanations),
        "intro": _intro(analysis, len(table), cut),
        "marks": list(marks),
        "rows": [
            {**row._asdict(), "marks": [number for number, own in enumerate(marks.values()) if own[at]]}
            for at, row in enumerate(_rows(table, names, cut))
        ],
    }
    return htmlsafe_json_dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _intro(analysis: Analysis, rows: int, cut: int) -> str:
    models, labels = evaluated_models(analysis.summary), labels_of(analysis.summary)
    answers = "both answers, what differs in them," if len(models) == 2 else f"the {labels[models[0]]}'s answer"
    parts = [f"Open a row for {answers} and {analysis.words.explanations}."]
    total = len(analysis.per_example)
    if rows < total:
        parts.append(f"These are the {rows:,} of {total:,} rows that changed most; per_example.csv has all.")
    if cut:
        parts.append(f"Texts longer than {cut:,} characters are cut; per_example.csv has them whole.")
    return " ".join(parts)


def _most_changed(analysis: Analysis, room: int) -> pd.DataFrame:
    """The ``room`` rows with the largest change on the primary metric, in the table's order."""
    table = analysis.per_example
    column = f"{analysis.summary['primary_metric']}__difference"
    if column not in table:
        return table.iloc[:room]
    changes = table[column].abs().fillna(-1.0).sort_values(ascending=False, kind="stable")
    return table.loc[sorted(changes.index[:room])]


def _rows(table: pd.DataFrame, names: Sequence[str], cut: int, end: str = " …") -> list[Row]:
    """The table's rows; texts longer than ``cut`` are cut, none where it is 0."""

    def texts(column: str, most: int = cut, end: str = end) -> list[str]:
        values = [value if isinstance(value, str) else "" for value in table[column].tolist()]
        return [value[:most] + end if most and len(value) > most else value for value in values]

    def scores(name: str) -> list[tuple[Cell, ...]]:
        numbers = [[_score(value) for value in table[f"{name}__{side}"].tolist()] for side in BOTH_MODELS]
        return list(zip(*numbers, *(texts(f"{name}__{side}_explanation") for side in BOTH_MODELS), strict=True))

    ids = [str(value)[:NAME_CHARACTERS] for value in table["record_id"].tolist()]
    columns = map(texts, ("prompt", "reference", "base_response", "tuned_response"))
    by_row = zip(*map(scores, names), strict=True)
    return list(map(Row, ids, texts("category", NAME_CHARACTERS, ""), *columns, by_row))


def _score(value: Cell) -> Cell:
    return value if isinstance(value, str) or not pd.isna(value) else None
