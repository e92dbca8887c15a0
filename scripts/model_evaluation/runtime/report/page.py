"""``report.html``: one page that opens offline, the verdict first, then the evidence and how it was made."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from model_evaluation.kinds.llm_as_judge.runtime.result_files import SIDES
from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS

from .figures import BAND, GRID, INK, MUTED, PAPER, TIE, figure_svg
from .names import short_name, short_time
from .people import people_html
from .row_browser import rows_html
from .style import PAGE_STYLE
from .tables import metrics_table_html, table_html, verdict_html, warnings_html
from .wording import SIMULATED_TEXT, TABLE_HEADINGS, entry_cells, limits_text, methods_text, one_line, ordered_metrics

CHART_TITLES = {
    "difference": "Difference per metric",
    "outcomes": "Rows won, tied and lost",
    "slices": "Where it got better and worse",
    "distributions": "How the scores are spread",
    "length": "Longer answers",
    "coverage": "How many rows are scored",
}
SVG_COLOURS = {INK: "--ink", MUTED: "--muted", GRID: "--line", PAPER: "--paper", TIE: "--tie", BAND: "--band"}
PAGE_SCRIPT = """
addEventListener("beforeprint", () => document.querySelectorAll(  // of the rows only the first three each way
  "details:not(.row), h3 + .row, h3 + .row + .row, h3 + .row + .row + .row").forEach(part => { part.open = true; }));
"""


def report_html(analysis: Analysis, charts: Mapping[str, Figure], judge_error: Mapping[str, Any] | None = None) -> str:
    """The whole page. Nothing in it is loaded from elsewhere, and no text in it can become markup or script.

    ``judge_error`` is what people's labels said of the judge, ``None`` without labels.
    """
    summary = analysis.summary
    both = summary["scope"] == "compare"
    title = "Model evaluation" + (" (SIMULATED)" if summary["simulated"] else "")
    notes, rows = warnings_html(summary), rows_html(analysis)
    drawn = "".join(
        _figure_html(name, chart) + (_slices_html(summary) if name == "slices" else "")
        for name, chart in charts.items()
    )
    sections = [
        ("metrics", "All metrics", metrics_table_html(summary)),
        ("charts", "", drawn),
        ("rows", "Rows", rows),
        ("methods", "How this was made", _paragraphs(methods_text(summary), "p")),
        ("limits", "What it cannot say", f"<ul>{_paragraphs(limits_text(summary), 'li')}</ul>"),
        ("configuration", "Configuration", _facts_html(summary)),
    ]
    links = [f'<a href="#{place}">{place.capitalize()}</a>' for place, _, body in sections if body]
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{PAGE_STYLE}</style></head><body>",
        f'<aside class="banner" aria-label="Simulated">{SIMULATED_TEXT}</aside>' if summary["simulated"] else "",
        f'<header><h1>{title}</h1><p class="sub">{_who(summary)}</p>',
        f'<nav aria-label="On this page">{"".join(links)}</nav></header><main>',
        verdict_html(summary),
        people_html(judge_error) if both else "",
        f"<h2>Take care</h2>{notes}" if notes else "",
        *(
            f'<div id="{place}">{f"<h2>{heading}</h2>" if heading else ""}{body}</div>'
            for place, heading, body in sections
            if body
        ),
        "</main><footer><p>The same numbers for programs: summary.json and per_example.parquet beside this page.</p>",
        f"</footer><script>{PAGE_SCRIPT}</script></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _who(summary: Mapping[str, Any]) -> str:
    """The models, the judge and the time, each kept together on its line."""
    facts = [
        (MODEL_LABELS[side].capitalize(), short_name(summary["models"][side] or MODEL_LABELS[side]))
        for side in SIDES[summary["scope"]]
    ]
    facts += [("Judge", summary["judge"] or "–"), ("Made", short_time(summary["created"]))]
    return " ".join(f"<span><b>{name}</b> {html.escape(one_line(value))}</span>" for name, value in facts)


def _paragraphs(texts: Sequence[str], tag: str) -> str:
    return "".join(f"<{tag}>{html.escape(one_line(text))}</{tag}>" for text in texts)


def _figure_html(name: str, chart: Figure) -> str:
    """The chart as inline SVG whose colours follow the page's light or dark theme, its finding as the heading."""
    svg = figure_svg(chart, salt=name, titled=False)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # nothing refers to groups, and an id may be on a page once only
    for colour, variable in SVG_COLOURS.items():
        svg = svg.replace(f": {colour.lower()}", f": var({variable})")
    alt = html.escape(getattr(chart, "alt", name), quote=True)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
    title, finding = CHART_TITLES.get(name, html.escape(name)), html.escape(getattr(chart, "title", ""))
    return (
        f"<h2><small>{title}</small> {finding}</h2>"
        f'<figure tabindex="0" aria-label="{title}, chart">{svg}</figure>'  # it scrolls on a phone
    )


def _slices_html(summary: Mapping[str, Any]) -> str:
    """Every slice on the primary metric as a table, which a screen reader can read and the chart cannot give."""
    primary = summary["primary_metric"]
    lines = [
        [f"{field}: {value}"[:200], *entry_cells(cells[primary])]
        for field, values in summary["slices"].items()
        for value, cells in values.items()
        if primary in cells
    ]
    if not lines:
        return ""
    table = table_html(("Slice", *TABLE_HEADINGS[1:]), lines, f"Slices on {primary}")
    return f"<details><summary>All slices on {html.escape(one_line(primary))} as a table</summary>{table}</details>"


def _facts_html(summary: Mapping[str, Any]) -> str:
    rows = summary["rows"]
    results = [f"{rows[side]} results of the {MODEL_LABELS[side]}" for side in MODEL_LABELS if rows[side] is not None]
    facts = {
        "Execution": summary["execution_arn"],
        "Fine-tuned model": summary["models"]["tuned"] or "–",
        "Base model": summary["models"]["base"] or "–",
        "Judge": summary["judge"] or "–",
        "Created": summary["created"],
        "Metrics": ", ".join(ordered_metrics(summary)),
        "Primary metric": summary["primary_metric"],
        "Rows": ", ".join([f"{rows['dataset']} in the dataset", *results, f"{rows['paired']} with both"]),
    }
    items = "".join(
        f"<dt>{html.escape(name)}</dt><dd>{html.escape(one_line(value))}</dd>" for name, value in facts.items()
    )
    return f'<dl class="facts">{items}</dl>'
