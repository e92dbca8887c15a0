"""``report.html``: one page that opens offline, the verdict first, then the evidence and how it was made; and what the
notebook's cells show of it.

The page is a list of sections. A kind whose results have another shape takes those that fit and adds its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.summary import (
    BOTH_MODELS,
    Side,
    Summary,
    capital,
    evaluated_models,
    labels_of,
    model_name,
    scope_of,
)

from .charts.look import Chart, page_svg
from .markup import ENVIRONMENT, part
from .methods import limits_text, methods_text
from .metrics_table import (
    DECISIONS,
    entry_cells,
    fairness_lines,
    left_columns,
    metrics_table,
    ordered_metrics,
    planned_text,
    rows_words,
    sound_rows_text,
    table_headings,
    table_note,
)
from .people import ScorerError, people_html
from .plain_text import short_name, short_time
from .row_browser import rows_html
from .words import ReportWords

WORD_LOOKS = {decision.verdict: decision.look for decision in DECISIONS.values()}


class Section(NamedTuple):
    """A part of the page. ``id`` is the anchor to which the page's head links; empty where it does not."""

    id: str
    heading: str
    body: Markup


def report_html(analysis: Analysis, charts: Mapping[str, Chart], error: ScorerError | None = None) -> str:
    """The whole page of two models' scores on the same records, or of one model's.

    ``error`` is what people's labels said of who gave the scores, ``None`` without labels.
    """
    summary, words = analysis.summary, analysis.words
    sections = [Section("", "", verdict_html(summary)), fairness_section(summary, words)]
    if words.scorer and scope_of(summary) == "compare":
        sections.append(Section("", "", people_html(error, words)))
    sections += [
        Section("", "Take care", part("bullets", texts=summary["warnings"])),
        Section("metrics", "All metrics", metrics_table_html(summary, words) + planned_html(summary)),
        charts_section(charts, {"slices": slices_html(summary)}),
        *(Section(*own) for own in analysis.sections()),
        Section("rows", "Rows", rows_html(analysis)),
        Section("methods", "How this was made", part("paragraphs", texts=methods_text(summary, words))),
        Section("limits", "What it cannot say", part("bullets", texts=limits_text(summary, words))),
        Section("configuration", "Configuration", facts_html(summary, words)),
    ]
    return page_html(summary, words, sections)


def page_html(summary: Summary, words: ReportWords, sections: Sequence[Section]) -> str:
    """The page of these sections, those left out that have no body. Nothing in it is loaded from elsewhere."""
    return ENVIRONMENT.get_template("page.html.j2").render(
        title="Model evaluation" + (" (SIMULATED)" if summary["simulated"] else ""),
        notice=words.simulated if summary["simulated"] else "",
        facts=[
            *(
                (model_title(summary, side), short_name(model_name(summary, side) or labels_of(summary)[side]))
                for side in reversed(evaluated_models(summary))
            ),
            *words.conditions,
            ("Made", short_time(summary["created"])),
        ],
        sections=[section for section in sections if section.body],
    )


def model_title(summary: Summary, side: Side) -> str:
    """What stands before a model's name."""
    label = labels_of(summary)[side]
    return capital(label.removesuffix(short_name(model_name(summary, side))).strip() or label)


def verdict_html(summary: Summary) -> Markup:
    decision = DECISIONS[summary["verdict"]["decision"]]
    sentence, look = summary["verdict"]["sentence"], decision.look or "plain"
    return part("verdict", decision=decision.headline, sentence=sentence, look=look)


def fairness_section(summary: Summary, words: ReportWords) -> Section:
    """Whether the comparison was fair; empty where the summary does not say."""
    checks = (summary.get("fairness") or {"checks": ()})["checks"]
    body = part("fairness", checks=checks, sentence=sound_rows_text(summary)) if checks else Markup()
    return Section(words.checks_id, words.checks_heading, body)


def metrics_table_html(summary: Summary, words: ReportWords) -> Markup:
    headings, lines = metrics_table(summary, words)
    return part(
        "table",
        headings=headings,
        lines=lines,
        caption=table_note(summary),
        left=left_columns(summary),
        decides=0 if len(lines) > 1 else -1,
        looks=WORD_LOOKS,
    )


def planned_html(summary: Summary) -> Markup:
    return part("paragraphs", texts=[text for text in [planned_text(summary)] if text])


def charts_section(charts: Mapping[str, Chart], notes: Mapping[str, Markup]) -> Section:
    """Every chart, each with the note of its name below it."""
    body = Markup().join(
        part("chart", subject=chart.subject, title=chart.title, svg=page_svg(chart, name)) + notes.get(name, "")
        for name, chart in charts.items()
    )
    return Section("charts", "", body)


def slices_html(summary: Summary) -> Markup:
    """Every slice on the primary metric as a table, which a screen reader can read and the chart cannot give."""
    primary = summary["primary_metric"]
    lines = [
        [f"{field}: {value}"[:200], *entry_cells(cells[primary])]
        for field, values in summary["slices"].items()
        for value, cells in values.items()
        if primary in cells
    ]
    if not lines:
        return Markup()
    headings = ("Slice", *table_headings(summary)[1:])
    table = part("table", headings=headings, lines=lines, caption=f"Slices on {primary}", left=2, looks=WORD_LOOKS)
    return part("folded", title=f"All slices on {primary} as a table", content=table)


def facts_html(summary: Summary, words: ReportWords) -> Markup:
    """The configuration as the summary has it."""
    rows = summary["rows"]
    labels = labels_of(summary)
    results = [f"{rows[side]} results of the {labels[side]}" for side in BOTH_MODELS[::-1] if rows[side] is not None]
    facts = [
        ("Execution", summary["execution_arn"]),
        *((model_title(summary, side), model_name(summary, side) or "–") for side in ("tuned", "base")),
        *words.conditions,
        ("Created", summary["created"]),
        ("Metrics", ", ".join(ordered_metrics(summary, words))),
        ("Primary metric", summary["primary_metric"]),
        ("Rows", ", ".join([rows_words(summary), *results, f"{rows['paired']} with both"])),
    ]
    return part("facts", facts=facts)


def in_notebook(fragment: Markup) -> str:
    """A fragment with its style, for a notebook's cell."""
    return part("notebook_cell", fragment=fragment)


def comparison_html(analysis: Analysis) -> Markup:
    """Verdict, what was not fair, table and warnings."""
    summary, words = analysis.summary, analysis.words
    return part(
        "comparison",
        notice=words.simulated if summary["simulated"] else "",
        verdict=verdict_html(summary),
        table=metrics_table_html(summary, words) + planned_html(summary),
        heading=words.checks_heading,
        unfair=part("bullets", texts=fairness_lines(summary)),
        warnings=part("bullets", texts=summary["warnings"]),
    )
