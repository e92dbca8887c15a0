"""The rows of the evaluation, searched, filtered and sorted without a server: in ``report.html`` and in the notebook.

What stands there without script are the rows that changed most, which can be read, folded out and printed. Where
scripts run, they give way to a browser of all rows (``templates/rows.js``). Its rows travel as JSON, which is never
read as markup; the script makes text of them, never HTML, and loads nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.summary import BOTH_MODELS, capital, evaluated_models, labels_of, short_labels

from .changed_rows import NAME_CHARACTERS, Cell, changed_rows_html
from .markup import part
from .metrics_table import row_metrics
from .plain_text import one_line

BROWSER_BYTES = 4_000_000  # of rows: the page stays under 5 MB, whatever the answers hold
NOTEBOOK_BYTES = 2_500_000  # a notebook is saved again and again
BROWSER_SHORTEST = 80  # characters of a text that are kept at least
BROWSER_READABLE = 400  # characters of a text for which there is room, where rows must be left out


def rows_html(analysis: Analysis, *, changed: int = 10, budget: int = BROWSER_BYTES) -> Markup:
    """The section: up to ``changed`` rows each way that changed most, and all rows, in at most ``budget`` bytes or as
    short as they get, for the script."""
    if not analysis.summary["metrics"] or "prompt" not in analysis.table.column_names or not len(analysis.table):
        return Markup()
    both = len(evaluated_models(analysis.summary)) == 2
    still = changed_rows_html(analysis, changed) if both else ""
    return part("rows", changed=still, data=rows_json(analysis, budget))


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
    data = {
        "metrics": [one_line(name) for name in names],
        "lower": [summary["metrics"][name]["direction"] == "lower" for name in names],
        "models": evaluated_models(summary),
        "titles": {side: one_line(capital(label)) for side, label in labels_of(summary).items()},
        "short": {side: one_line(label) for side, label in short_labels(summary).items()},
        "explanations": explanations[:1].upper() + explanations[1:],
        "intro": _intro(analysis, len(table), cut),
        "rows": _rows(table, names, cut),
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


def _rows(table: pd.DataFrame, names: Sequence[str], cut: int) -> list[dict[str, object]]:
    """For each row its texts, and for each metric base score, tuned score and what came with both."""

    def texts(column: str, most: int = cut, end: str = " …") -> list[str]:
        values = [value if isinstance(value, str) else "" for value in table[column].tolist()]
        return [value[:most] + end if most and len(value) > most else value for value in values]

    def scores(name: str) -> list[tuple[Cell, ...]]:
        numbers = [[_score(value) for value in table[f"{name}__{side}"].tolist()] for side in BOTH_MODELS]
        return list(zip(*numbers, *(texts(f"{name}__{side}_explanation") for side in BOTH_MODELS), strict=True))

    columns = {
        "id": [str(value)[:NAME_CHARACTERS] for value in table["record_id"].tolist()],
        "category": texts("category", NAME_CHARACTERS, ""),
        "prompt": texts("prompt"),
        "reference": texts("reference"),
        "base": texts("base_response"),
        "tuned": texts("tuned_response"),
        "scores": list(zip(*map(scores, names), strict=True)),
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _score(value: Cell) -> Cell:
    return value if isinstance(value, str) or not pd.isna(value) else None
