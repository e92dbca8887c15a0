"""The comparison for people: as text for a terminal, as fragments of HTML for notebook and page.

Text from datasets, models and judges is escaped wherever it becomes HTML; it never becomes markup.
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

from .wording import DECISION_WORDS, SIMULATED_TEXT, VERDICT_WORDS, metrics_table, one_line, scope_of, table_note

DECISION_LOOKS = {"improved": "good", "regressed": "bad", "mixed": "bad", "invalid": "bad"}
WORD_LOOKS = {word: DECISION_LOOKS.get(verdict, "") for verdict, word in VERDICT_WORDS.items()}


def comparison_text(summary: Mapping[str, Any]) -> str:
    """Verdict, table and warnings as plain text for a terminal."""
    headings, body = metrics_table(summary)
    rows = [[one_line(cell) for cell in row] for row in (headings, *body)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    to_left = 2 if scope_of(summary) == "compare" else 1
    lines = [
        "  ".join(
            cell.ljust(width) if column < to_left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    parts = [SIMULATED_TEXT, ""] if summary["simulated"] else []
    parts += [one_line(summary["verdict"]["sentence"]), "", *lines]
    if any(entry["direction"] == "lower" for entry in summary["metrics"].values()):
        parts += ["", "↓ lower is better"]
    if summary["warnings"]:
        parts += ["", "Take care:", *(f"- {one_line(text)}" for text in summary["warnings"])]
    return "\n".join(parts)


def text_html(text: str) -> str:
    """A text from outside on one line, escaped; long names may break after an underscore."""
    return html.escape(one_line(text)).replace("_", "_<wbr>").replace(" ↓", "&nbsp;↓")


def table_html(headings: Sequence[str], lines: Sequence[Sequence[str]], caption: str, decides: int = -1) -> str:
    """A table of text cells, the first of each line its heading; it scrolls sideways on a narrow screen.

    The second column is left-aligned when it is the verdict; line number ``decides`` stands out.
    """
    head = "".join(f'<th scope="col"{_words(heading)}>{html.escape(heading)}</th>' for heading in headings)
    body = ""
    for at, (first, *rest) in enumerate(lines):
        cells = "".join(map(_cell_html, rest, headings[1:]))
        row = ' class="decides"' if at == decides else ""
        body += f'<tr{row}><th scope="row">{text_html(first)}</th>{cells}</tr>'
    title = html.escape(one_line(caption), quote=True)
    return (
        f'<div class="scroll" role="region" aria-label="{title}" tabindex="0"><table>'
        f"<caption><span>{title}</span></caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _words(heading: str, look: str = "") -> str:
    return f' class="words {look}"' if heading == "Verdict" else ""


def _cell_html(text: str, heading: str) -> str:
    return f"<td{_words(heading, WORD_LOOKS.get(text, ''))}>{text_html(text)}</td>"


def verdict_html(summary: Mapping[str, Any]) -> str:
    decision = summary["verdict"]["decision"]
    return (
        f'<section class="verdict {DECISION_LOOKS.get(decision, "plain")}" aria-label="Verdict">'
        f"<strong>{DECISION_WORDS[decision]}</strong>"
        f"<p>{html.escape(one_line(summary['verdict']['sentence']))}</p></section>"
    )


def metrics_table_html(summary: Mapping[str, Any]) -> str:
    headings, lines = metrics_table(summary)
    return table_html(headings, lines, table_note(summary), decides=0 if len(lines) > 1 else -1)


def comparison_table_html(summary: Mapping[str, Any]) -> str:
    """Verdict, table and warnings as an HTML fragment for a notebook."""
    banner = f"<p><strong>{html.escape(SIMULATED_TEXT)}</strong></p>" if summary["simulated"] else ""
    notes = warnings_html(summary)
    notes = f"<p><strong>Take care</strong></p>{notes}" if notes else ""
    return f"{banner}{verdict_html(summary)}{metrics_table_html(summary)}{notes}"


def warnings_html(summary: Mapping[str, Any]) -> str:
    notes = "".join(f"<li>{html.escape(one_line(text))}</li>" for text in summary["warnings"])
    return f"<ul>{notes}</ul>" if notes else ""
