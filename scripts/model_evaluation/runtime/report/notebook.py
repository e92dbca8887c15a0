"""What the notebook's cells show of an analysis, beside charts and rows."""

from __future__ import annotations

from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis

from .markup import part
from .metrics_table import fairness_lines
from .page import metrics_table_html, planned_html, verdict_html


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
