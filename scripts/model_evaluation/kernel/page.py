"""``report.html``: one page that opens offline, the verdict first, then the evidence and how it was made."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from .analysis import Analysis
from .charts import ordered_metrics
from .figures import GRID, INK, MUTED, PAPER, TIE, figure_svg
from .report import (
    SIMULATED_TEXT,
    TABLE_HEADINGS,
    changed_rows_html,
    entry_cells,
    metrics_table_html,
    table_html,
)
from .rowbrowser import BROWSER_SCRIPT, BROWSER_STYLE, browser_html
from .shortnames import short_name, short_time
from .verdicts import MODEL_LABELS

REPORT_ROWS = 10
DECISION_WORDS = {
    "improved": ("Better", "good"),
    "regressed": ("Worse", "bad"),
    "equivalent": ("Practically the same", "plain"),
    "no_worse": ("No worse", "plain"),
    "inconclusive": ("Not clear", "plain"),
    "mixed": ("Mixed", "bad"),
    "invalid": ("No valid comparison", "bad"),
    "none": ("One model only", "plain"),
}
CHART_TITLES = {
    "difference": "Difference per metric",
    "outcomes": "Rows won, tied and lost",
    "slices": "Where it got better and worse",
    "distributions": "How the scores are spread",
    "coverage": "How many rows are scored",
}
SVG_COLOURS = {INK: "--ink", MUTED: "--muted", GRID: "--line", PAPER: "--paper", TIE: "--tie"}
ONE_MODEL_METHODS = """
Every dataset row was answered by the model and each answer was scored by the judge. A score the judge did not give is
missing, not zero: the means are over the scored rows only. Without the other model's answers nothing can be said about
better or worse.
"""
METHODS = """
Every dataset row was answered by both models and each answer was scored by the judge. Rows are put together by prompt
and reference, never by their position in a file. A score the judge did not give is missing, not zero; a row counts for
a metric only when both answers have a score.

The difference is the fine-tuned model's mean minus the base model's over those rows, on the metric's own scale. Its
95% interval comes from a bootstrap over rows (10,000 resamples), from Student's t below 30 rows, and from Newcombe's
method for yes/no scores; where few rows differ it is widened. Simulations with a known truth show that such intervals
hold the truth in about 95 of 100 evaluations.

The p-value asks how often random signs alone would give so large a difference. With several metrics, chance gets
several tries; Holm's method corrects for that, Benjamini and Hochberg's for the slices.

Better or worse is said only when the interval excludes 0 and the adjusted p-value is at most 0.05. Practically the
same: the whole interval lies within 5% of the metric's scale. No worse: its unfavourable end does. Anything else is
unclear. Harmfulness, Stereotyping and Refusal guard the decision: if one of them got worse, a good result on the
primary metric is called mixed.
"""
LIMITS = """
The scores are a judge model's opinions. They were not checked against people here; a judge can be wrong in the same
way on many rows, which no interval shows.

The intervals say how much the result would vary with other rows of the same kind. They say nothing about other kinds
of prompts, about other judges, or about asking the models again.

Rows are treated as independent unless the dataset says which belong together (a document_id or template_id in the
metadata). If many share a source without saying so, the intervals are too narrow.
"""
ONE_MODEL_LIMITS = LIMITS.split("\n\n")[0]
STYLE = """
:root { color-scheme: light dark; --paper: #fff; --card: #f6f8fa; --ink: #1f2328; --muted: #57606a; --line: #d8dee3;
  --tie: #d0d7de; --good: #0b5d94; --bad: #a84400; --mark: #fff1c2; }
@media (prefers-color-scheme: dark) { :root { --paper: #12161b; --card: #1b2129; --ink: #e8ebee; --muted: #a3adb8;
  --line: #343c46; --tie: #4a535e; --good: #62b5ea; --bad: #f59355; --mark: #5a4708; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main, header, footer { max-width: 66rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 1.6rem 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.4rem 0 .6rem; }
h3 { font-size: 1.05rem; margin: 1.6rem 0 .5rem; }
h4 { font-size: .8rem; margin: .9rem 0 .2rem; color: var(--muted); }
.sub, small, caption, figcaption, footer { color: var(--muted); font-size: .9rem; }
.banner { background: #ffd33d; color: #1f2328; text-align: center; font-weight: 700; padding: .5rem 1rem; }
.verdict { border-left: .4rem solid var(--muted); background: var(--card); padding: 1rem 1.2rem; margin: 1.2rem 0; }
.verdict.good { border-color: var(--good); } .verdict.bad { border-color: var(--bad); }
.verdict strong { display: block; font-size: 1.5rem; }
.verdict.good strong { color: var(--good); } .verdict.bad strong { color: var(--bad); }
.verdict p { margin: .3rem 0 0; font-size: 1.1rem; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding-bottom: .4rem; }
th, td { padding: .4rem .5rem; font-size: .94rem; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th { font-weight: 600; } tbody th { white-space: normal; overflow-wrap: anywhere; min-width: 10.5rem; }
@media (min-width: 60rem) { tbody th { min-width: 14rem; } }
thead th { white-space: normal; vertical-align: bottom; }
th:first-child, th:nth-child(2), td:nth-child(2) { text-align: left; }
figure { margin: 1rem 0 2rem; } figure svg { display: block; width: 100%; height: auto; max-width: 60rem; }
details.row { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; padding: .5rem .8rem; }
summary { cursor: pointer; overflow-wrap: anywhere; } summary b { display: inline-block; min-width: 6.5rem; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--card); padding: .6rem; margin: 0;
  border-radius: 4px;
  font: .88rem/1.5 ui-monospace, monospace; unicode-bidi: plaintext; }
mark { background: var(--mark); color: inherit; }
dt { font-weight: 600; margin-top: .6rem; font-size: .9rem; } dd { margin: 0; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; }
dl.facts dt { margin: 0; } dl.facts dd { overflow-wrap: anywhere; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0 .8rem; } .pair > div { min-width: 0; }
@media (max-width: 40rem) { .pair, dl.facts { grid-template-columns: 1fr; } dl.facts dd { margin-bottom: .5rem; }
  figure { overflow-x: auto; } figure svg { min-width: 34rem; } }
@media print { figure, .verdict { break-inside: avoid; } body { font-size: 11pt; } }
"""
SCRIPT = """
addEventListener("beforeprint", () => document.querySelectorAll("details").forEach(row => { row.open = true; }));
"""


def report_html(analysis: Analysis, charts: Mapping[str, Figure]) -> str:
    """The whole page. Nothing in it is loaded from elsewhere, and no text in it can become markup or script."""
    summary = analysis.summary
    word, look = DECISION_WORDS[summary["verdict"]["decision"]]
    both = summary["scope"] == "compare"
    sides = ("tuned", "base") if both else (summary["scope"],)
    models = " against ".join(short_name(summary["models"][side] or MODEL_LABELS[side]) for side in sides)
    title = "Model evaluation" + (" (SIMULATED)" if summary["simulated"] else "")
    notes = "".join(f"<li>{html.escape(text)}</li>" for text in summary["warnings"])
    parts = [
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{title}</title><style>{STYLE}{BROWSER_STYLE}</style></head><body>",
        f'<aside class="banner" aria-label="Simulated">{SIMULATED_TEXT}</aside>' if summary["simulated"] else "",
        f"<header><h1>{title}</h1>",
        (
            f'<p class="sub">{html.escape(models)}, judged by '
            f"{html.escape(summary['judge'] or 'an unnamed judge')}, {html.escape(short_time(summary['created']))}</p>"
            "</header><main>"
        ),
        (
            f'<section class="verdict {look}" aria-label="Verdict"><strong>{word}</strong>'
            f"<p>{html.escape(summary['verdict']['sentence'])}</p></section>"
        ),
        f"<h2>Take care</h2><ul>{notes}</ul>" if notes else "",
        f"<h2>All metrics</h2>{metrics_table_html(summary)}",
        *(
            _figure_html(name, chart) + (_slices_html(summary) if name == "slices" else "")
            for name, chart in charts.items()
        ),
        _rows_section(analysis),
        browser_html(analysis),
        f"<h2>How this was made</h2>{_paragraphs(METHODS if both else ONE_MODEL_METHODS, 'p')}",
        f"<h2>What it cannot say</h2><ul>{_paragraphs(LIMITS if both else ONE_MODEL_LIMITS, 'li')}</ul>",
        f"<h2>Configuration</h2>{_facts_html(summary)}</main>",
        "<footer><p>The same numbers for programs: summary.json and per_example.parquet beside this page.</p></footer>",
        f"<script>{SCRIPT}{BROWSER_SCRIPT}</script></body></html>\n",
    ]
    return "\n".join(part for part in parts if part)


def _paragraphs(text: str, tag: str) -> str:
    return "".join(f"<{tag}>{html.escape(part)}</{tag}>" for part in text.strip().split("\n\n"))


def _figure_html(name: str, chart: Figure) -> str:
    """The chart as inline SVG whose colours follow the page's light or dark theme."""
    svg = figure_svg(chart, salt=name)
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # nothing refers to groups, and an id may be on a page once only
    for colour, variable in SVG_COLOURS.items():
        svg = svg.replace(f": {colour.lower()}", f": var({variable})")
    alt = html.escape(getattr(chart, "alt", name), quote=True)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{alt}"', 1)
    title = CHART_TITLES.get(name, html.escape(name))
    return f'<h2>{title}</h2><figure tabindex="0" aria-label="{title}, chart">{svg}</figure>'  # it scrolls on a phone


def _slices_html(summary: Mapping[str, Any]) -> str:
    """Every slice on the primary metric as a table, which a screen reader can read and the chart cannot give."""
    primary = summary["primary_metric"]
    lines = [
        [f"{field}: {value}", *entry_cells(cells[primary])]
        for field, values in summary["slices"].items()
        for value, cells in values.items()
        if primary in cells and summary["scope"] == "compare"
    ]
    if not lines:
        return ""
    table = table_html(("Slice", *TABLE_HEADINGS[1:]), lines, f"Slices on {primary}")
    return f"<details><summary>All slices on {html.escape(primary)} as a table</summary>{table}</details>"


def _rows_section(analysis: Analysis) -> str:
    if analysis.summary["scope"] != "compare":
        return ""
    return (
        "<h2>Rows that changed most</h2>"
        f"<p>Up to {REPORT_ROWS} each way; words that the other answer does not have are marked.</p>"
        f"{changed_rows_html(analysis, REPORT_ROWS)}"
    )


def _facts_html(summary: Mapping[str, Any]) -> str:
    rows = summary["rows"]
    facts = {
        "Execution": summary["execution_arn"],
        "Fine-tuned model": summary["models"]["tuned"] or "–",
        "Base model": summary["models"]["base"] or "–",
        "Judge": summary["judge"] or "–",
        "Created": summary["created"],
        "Metrics": ", ".join(ordered_metrics(summary)),
        "Primary metric": summary["primary_metric"],
        "Rows": f"{rows['dataset']} in the dataset, {rows['tuned'] or 0} results of the fine-tuned model, "
        f"{rows['base'] or 0} of the base model, {rows['paired']} with both",
    }
    items = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd>" for name, value in facts.items())
    return f'<dl class="facts">{items}</dl>'
