"""One analysis, and its charts, for all tests that only look at them: drawing takes most of their time."""

from __future__ import annotations

import pytest
from matplotlib.figure import Figure

from model_evaluation.kernel.analysis import Analysis
from model_evaluation.kernel.charts import draw_charts
from unit.kernel.results_world import analysis_of, make_world


@pytest.fixture(scope="session")
def ordinary() -> Analysis:
    return analysis_of(make_world())


@pytest.fixture(scope="session")
def charts(ordinary: Analysis) -> dict[str, Figure]:
    return draw_charts(ordinary)
