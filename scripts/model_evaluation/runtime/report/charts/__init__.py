"""Charts of an analysis, drawn for reading: the title says what was found, the axis which way is good."""

from __future__ import annotations

import functools

from model_evaluation.runtime.analysis import Analysis

from .drawing import Chart, chart_style, finish
from .metric_charts import coverage_chart, difference_chart, outcomes_chart
from .score_charts import distributions_chart, length_chart, slices_chart

CHARTS = {
    "difference": difference_chart,
    "outcomes": outcomes_chart,
    "slices": slices_chart,
    "distributions": distributions_chart,
    "length": length_chart,
    "coverage": coverage_chart,
}


def draw_charts(analysis: Analysis) -> dict[str, Chart]:
    """The analysis' own charts, else those of ``CHARTS`` that it has data for; of these with one model only
    ``distributions`` and ``coverage``."""
    drawings = analysis.drawings()
    if drawings is None:
        drawings = {name: functools.partial(draw, analysis) for name, draw in CHARTS.items()}
    with chart_style():
        charts = {name: chart for name, draw in drawings.items() if (chart := draw()) is not None}
        for chart in charts.values():
            finish(chart, simulated=analysis.summary["simulated"])
    return charts
