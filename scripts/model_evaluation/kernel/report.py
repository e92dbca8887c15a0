"""The comparison for people: a table for notebook and terminal, and the rows that changed most.

Text from datasets, models and judges is escaped wherever it becomes HTML; it never becomes markup.
"""

from __future__ import annotations

import difflib
import html
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from .analysis import Analysis
from .charts import ordered_metrics
from .verdicts import number_digits, signed

VERDICT_WORDS = {
    "improved": "better",
    "regressed": "worse",
    "equivalent": "same",
    "no_worse": "no worse",
    "inconclusive": "unclear",
}
TABLE_HEADINGS = (
    "Metric",
    "Verdict",
    "Base",
    "Fine-tuned",
    "Difference",
    "95% CI",
    "p (adjusted)",
    "Won / tied / lost",
    "Rows",
)
ONE_MODEL_HEADINGS = ("Metric", "Mean", "Scored rows", "Missing")
SIMULATED_TEXT = "SIMULATED: made with a local stand-in for AWS. No model and no judge was involved."
COMPARED_WORDS = 400  # longer answers are shown without marking what differs
SHOWN_CHARACTERS = 20_000


def metrics_table(summary: Mapping[str, Any]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Headings and lines of plain text, one per metric, the primary one first; with one model a short form."""
    names, metrics, scope = ordered_metrics(summary), summary["metrics"], summary["scope"]
    lines = [[name + (" ↓" if metrics[name]["direction"] == "lower" else "")] for name in names]
    if scope == "compare":
        return TABLE_HEADINGS, [line + entry_cells(metrics[n]) for line, n in zip(lines, names, strict=True)]
    for line, side in zip(lines, (metrics[name][scope] for name in names), strict=True):
        mean = "–" if side["mean"] is None else f"{side['mean']:.3g}"
        line += [mean, str(side["n_scored"]), str(side["n_missing"])]
    return ONE_MODEL_HEADINGS, lines


def entry_cells(entry: Mapping[str, Any]) -> list[str]:
    """The columns after the first of ``TABLE_HEADINGS``."""
    difference = entry["difference"]
    mean, low, high, p_value = (difference[key] for key in ("mean", "ci_low", "ci_high", "p_adjusted"))
    digits = number_digits(mean, low, high)
    means = [entry[side]["mean"] for side in ("base", "tuned")]
    return [
        VERDICT_WORDS[entry["verdict"]],
        *("–" if value is None else f"{value:.{digits}f}" for value in means),
        signed(mean, digits),
        "–" if low is None else f"{signed(low, digits, plus='')} to {signed(high, digits, plus='')}",
        "–" if p_value is None else "<0.001" if p_value < 0.001 else f"{p_value:.3f}",
        f"{entry['wins']} / {entry['ties']} / {entry['losses']}",
        str(entry["n_paired"]),
    ]


def comparison_text(summary: Mapping[str, Any]) -> str:
    """Verdict, table and warnings as plain text for a terminal."""
    headings, body = metrics_table(summary)
    rows = [[terminal_text(cell) for cell in row] for row in (headings, *body)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    to_left = 2 if summary["scope"] == "compare" else 1
    lines = [
        "  ".join(
            cell.ljust(width) if column < to_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    parts = [SIMULATED_TEXT, ""] if summary["simulated"] else []
    parts += [terminal_text(summary["verdict"]["sentence"]), "", *lines]
    if any(entry["direction"] == "lower" for entry in summary["metrics"].values()):
        parts += ["", "↓ lower is better"]
    if summary["warnings"]:
        parts += ["", "Take care:", *(f"- {terminal_text(text)}" for text in summary["warnings"])]
    return "\n".join(parts)


def terminal_text(text: str) -> str:
    """Text without anything a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)


def table_html(headings: tuple[str, ...], lines: list[list[str]], caption: str) -> str:
    """A table of text cells, the first of each line its heading; scrolls sideways on a narrow screen."""
    head = "".join(f'<th scope="col">{html.escape(heading)}</th>' for heading in headings)
    body = ""
    for first, *rest in lines:
        cells = "".join(f"<td>{html.escape(cell)}</td>" for cell in rest)
        body += f'<tr><th scope="row">{html.escape(first)}</th>{cells}</tr>'
    title = html.escape(caption, quote=True)
    return (
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0"><table><caption>{title}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def comparison_table_html(summary: Mapping[str, Any]) -> str:
    """Verdict, table and warnings as an HTML fragment for a notebook."""
    banner = f"<p><strong>{html.escape(SIMULATED_TEXT)}</strong></p>" if summary["simulated"] else ""
    return (
        f"{banner}<p><strong>{html.escape(summary['verdict']['sentence'])}</strong></p>"
        f"{metrics_table_html(summary)}{warnings_html(summary)}"
    )


def metrics_table_html(summary: Mapping[str, Any]) -> str:
    headings, lines = metrics_table(summary)
    caption = "Mean scores over the scored rows"
    if summary["scope"] == "compare":
        caption = "Fine-tuned minus base, over the rows that both models have a score for"
    lower = any(entry["direction"] == "lower" for entry in summary["metrics"].values())
    return table_html(headings, lines, caption + ("; ↓ lower is better" if lower else ""))


def warnings_html(summary: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{html.escape(text)}</li>" for text in summary["warnings"])
    return f"<p>Take care:</p><ul>{notes}</ul>" if notes else ""


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
    gains = analysis.per_example[f"{summary['primary_metric']}__difference"]
    gains = (-gains if entry["direction"] == "lower" else gains).reset_index(drop=True)
    worse = gains[gains < 0].sort_values(kind="stable").index[:limit]
    better = gains[gains > 0].sort_values(ascending=False, kind="stable").index[:limit]
    return ChangedRows([int(i) for i in worse], [int(i) for i in better])


def changed_rows_html(analysis: Analysis, limit: int = 10) -> str:
    """The rows that got worse, then better, with both answers and the judge's words, as an HTML fragment."""
    rows = changed_rows(analysis, limit)
    primary = analysis.summary["primary_metric"]
    parts = []
    for word, positions in (("worse", rows.worse), ("better", rows.better)):
        parts.append(f"<h3>Rows that got {word} on {html.escape(primary)}</h3>")
        parts += [row_html(analysis, position) for position in positions] or [f"<p>No row got {word}.</p>"]
    return "".join(parts)


def row_html(analysis: Analysis, position: int) -> str:
    """One record, folded: prompt, reference, both answers with what differs marked, scores, judge's words."""
    row = analysis.per_example.iloc[position]
    primary = analysis.summary["primary_metric"]
    base, tuned = (_text_of(row[f"{side}_response"]) for side in ("base", "tuned"))
    opening = " ".join(_text_of(row["prompt"]).split())[:110]
    score = " → ".join(f"{row[f'{primary}__{side}']:.4g}" for side in ("base", "tuned"))
    scores = "".join(_score_html(analysis, row, name) for name in ordered_metrics(analysis.summary))
    where = f"row {row['record_id']}" + (f", {row['category']}" if isinstance(row["category"], str) else "")
    return (
        f'<details class="row"><summary><b>{html.escape(score)}</b> <bdi>{html.escape(opening)}</bdi> '
        f"<small><bdi>{html.escape(where)}</bdi></small></summary>"
        f"{_block('Prompt', html.escape(_text_of(row['prompt'])))}"
        f"{_block('Reference', html.escape(_text_of(row['reference'])))}"
        f'<div class="pair">{_block("Base model", marked_words(base, tuned))}'
        f"{_block('Fine-tuned model', marked_words(tuned, base))}</div>{scores}</details>"
    )


def _score_html(analysis: Analysis, row: Any, name: str) -> str:
    lines = []
    for side, label in (("base", "base"), ("tuned", "fine-tuned")):
        score, reason = row[f"{name}__{side}"], _text_of(row[f"{name}__{side}_explanation"])
        shown = score if isinstance(score, str) else "no score" if score is None or score != score else f"{score:.4g}"
        lines.append(
            f"<dt>{html.escape(name)}, {label}: {html.escape(shown)}</dt><dd>{html.escape(reason) or '–'}</dd>"
        )
    return f"<dl>{''.join(lines)}</dl>"


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
