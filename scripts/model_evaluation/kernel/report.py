"""The comparison for people: a table for notebook and terminal, the rows that changed, and ``report.html``."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from .analysis import Analysis
from .charts import figure_svg
from .verdicts import signed

VERDICT_WORDS = {
    "improved": "better",
    "regressed": "worse",
    "equivalent": "the same",
    "no_worse": "no worse",
    "inconclusive": "unclear",
    None: "–",
}
TABLE_HEADINGS = (
    "Metric",
    "Base",
    "Fine-tuned",
    "Difference",
    "95% CI",
    "p (adjusted)",
    "Wins/ties/losses",
    "Rows",
    "Verdict",
)
SIMULATED_TEXT = "SIMULATED: these results come from a local stand-in for AWS, not from a model or a judge."


def table_cells(summary: Mapping[str, Any]) -> list[list[str]]:
    """One line of plain text per metric, under ``TABLE_HEADINGS``; the primary metric first."""
    lines = []
    for name in sorted(summary["metrics"], key=lambda n: n != summary["primary_metric"]):
        entry = summary["metrics"][name]
        difference = entry["difference"] or {}
        low, high, p = (difference.get(key) for key in ("ci_low", "ci_high", "p_adjusted"))
        means = [
            f"{side['mean']:.2f}" if side and side["mean"] is not None else "–"
            for side in (entry["base"], entry["tuned"])
        ]
        lines.append(
            [
                name + (" ↓" if entry["direction"] == "lower" else ""),
                *means,
                signed(difference.get("mean")),
                f"{signed(low)} to {signed(high)}" if low is not None else "–",
                "–" if p is None else "<0.001" if p < 0.001 else f"{p:.3f}",
                f"{entry['wins']}/{entry['ties']}/{entry['losses']}" if entry["wins"] is not None else "–",
                str(entry["n_paired"])
                if entry["difference"]
                else str((entry["tuned"] or entry["base"])["n_scored"]),
                VERDICT_WORDS[entry["verdict"]],
            ]
        )
    return lines


def comparison_text(summary: Mapping[str, Any]) -> str:
    """The table, the verdict and the warnings as plain text for a terminal."""

    def plain(text: str) -> str:
        return "".join(c if c.isprintable() else " " for c in text)

    rows = [list(TABLE_HEADINGS), *([plain(cell) for cell in line] for line in table_cells(summary))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(TABLE_HEADINGS))]
    lines = [
        "  ".join(
            cell.ljust(width) if i in (0, 8) else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    parts = [SIMULATED_TEXT, ""] if summary["simulated"] else []
    parts += [summary["verdict"]["sentence"], "", *lines]
    if any(entry["direction"] == "lower" for entry in summary["metrics"].values()):
        parts += ["", "↓ lower is better"]
    if summary["warnings"]:
        parts += ["", "Take care:", *(f"- {plain(text)}" for text in summary["warnings"])]
    return "\n".join(parts)


def comparison_table_html(summary: Mapping[str, Any]) -> str:
    """Verdict, table and warnings as an HTML fragment; all text escaped."""
    head = "".join(f'<th scope="col">{html.escape(h)}</th>' for h in TABLE_HEADINGS)
    body = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{html.escape(cell)}</th>' if i == 0 else f"<td>{html.escape(cell)}</td>"
            for i, cell in enumerate(line)
        )
        + "</tr>"
        for line in table_cells(summary)
    )
    banner = f"<p><strong>{html.escape(SIMULATED_TEXT)}</strong></p>" if summary["simulated"] else ""
    notes = "".join(f"<li>{html.escape(text)}</li>" for text in summary["warnings"])
    return (
        f"{banner}<p><strong>{html.escape(summary['verdict']['sentence'])}</strong></p>"
        f'<table class="comparison"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
        + (f"<p>Take care:</p><ul>{notes}</ul>" if notes else "")
    )


def changed_rows(analysis: Analysis, limit: int = 10) -> tuple[list[int], list[int]]:
    """Positions in ``per_example`` of the rows that got worse and better on the primary metric, most first."""
    summary = analysis.summary
    entry = summary["metrics"].get(summary["primary_metric"])
    if entry is None or entry["difference"] is None:
        return [], []
    gains = analysis.per_example[f"{summary['primary_metric']}__difference"]
    gains = -gains if entry["direction"] == "lower" else gains
    ordered = gains.sort_values(kind="stable")
    worse = [int(i) for i in ordered.index[ordered < 0][:limit]]
    better = [int(i) for i in ordered.index[ordered > 0][::-1][:limit]]
    return worse, better


def changed_rows_html(analysis: Analysis, limit: int = 10) -> str:
    """The rows that got worse, then better, with answers and the judge's words; all text escaped."""
    worse, better = changed_rows(analysis, limit)
    parts = []
    for title, positions in (("Rows that got worse", worse), ("Rows that got better", better)):
        parts.append(f"<h3>{title}</h3>")
        parts += [row_html(analysis, position) for position in positions] or ["<p>None.</p>"]
    return "".join(parts)


def row_html(analysis: Analysis, position: int) -> str:
    row = analysis.per_example.iloc[position]
    primary = analysis.summary["primary_metric"]

    def text(value: Any) -> str:
        return html.escape(value) if isinstance(value, str) else "–"

    parts = [
        f"<details><summary>{html.escape(signed(row[f'{primary}__difference']))} {text(row['prompt'])[:120]}</summary>",
        f"<h4>Prompt</h4><pre>{text(row['prompt'])}</pre><h4>Reference</h4><pre>{text(row['reference'])}</pre>",
        f"<h4>Base model</h4><pre>{text(row['base_response'])}</pre><p>{text(row[f'{primary}__base_explanation'])}</p>",
        f"<h4>Fine-tuned model</h4><pre>{text(row['tuned_response'])}</pre><p>{text(row[f'{primary}__tuned_explanation'])}</p>",
        "</details>",
    ]
    return "".join(parts)


def report_html(analysis: Analysis, charts: Mapping[str, Figure]) -> str:
    """A whole page that opens offline."""
    pictures = "".join(f"<figure>{figure_svg(chart)}</figure>" for chart in charts.values())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Model evaluation</title></head><body>'
        f"<h1>Model evaluation</h1>{comparison_table_html(analysis.summary)}{pictures}{changed_rows_html(analysis)}"
        f"<pre>{html.escape(json.dumps(analysis.summary['models']))}</pre></body></html>"
    )
