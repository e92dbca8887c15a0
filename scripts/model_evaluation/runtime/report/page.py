"""``report.html``: one page that opens offline, the verdict first, then the evidence and how it was made; and what the
notebook's cells show of it."""

from __future__ import annotations

from collections.abc import Mapping

from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis

from .charts.drawing import Chart, page_svg
from .markup import ENVIRONMENT, part
from .people import ScorerError, people_html
from .row_browser import rows_html
from .view import ReportView


def report_html(analysis: Analysis, charts: Mapping[str, Chart], error: ScorerError | None = None) -> str:
    """The whole page of two models' scores on the same records, or of one model's. Nothing in it is loaded from
    elsewhere.

    ``error`` is what people's labels said of who gave the scores, ``None`` without labels.
    """
    view = ReportView(analysis.summary, analysis.words, error)
    return ENVIRONMENT.get_template("page.html.j2").render(
        view=view,
        people=people_html(error, view.words) if view.people else "",
        charts=[(name, chart.subject, chart.title, page_svg(chart, name)) for name, chart in charts.items()],
        own=list(analysis.sections()),
        rows=rows_html(analysis),
    )


def in_notebook(fragment: Markup) -> str:
    """A fragment with its style, for a notebook's cell."""
    return part("notebook_cell", fragment=fragment)


def comparison_html(analysis: Analysis) -> Markup:
    """Verdict, what was not fair, table and warnings."""
    return part("comparison", view=ReportView(analysis.summary, analysis.words))
