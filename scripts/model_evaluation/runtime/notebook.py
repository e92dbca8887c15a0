"""What the cells of a notebook call, whatever it evaluates. A kind has a module like this for what only it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from .checks import run_checks
from .display import show, show_chart, show_simulated_banner
from .launch.launcher import launch_once
from .launch.waiting import wait_for_results
from .report.charts import draw_charts
from .report.export import export_analysis
from .report.metrics_table import comparison_text
from .report.page import comparison_html, in_notebook
from .report.row_browser import NOTEBOOK_BYTES, rows_html
from .session import AwsClients, connect
from .settings import Settings

if TYPE_CHECKING:
    from .analysis import Analysis

__all__ = [
    "connect",
    "export_results",
    "launch_once",
    "prepare",
    "run_checks",
    "show_charts",
    "show_comparison",
    "show_rows",
    "wait_for_results",
]
AnySettings = TypeVar("AnySettings", bound=Settings)


def prepare(settings_class: type[AnySettings], parameters: Mapping[str, object]) -> tuple[AnySettings, AwsClients]:
    """The parameters cell, checked, and clients of its region; prints the configuration."""
    settings = settings_class.from_parameters(parameters)
    aws = connect(settings)
    settings = settings.resolved(aws)
    show_simulated_banner(aws.simulated)
    print(settings.summary())  # noqa: T201
    return settings, aws


def show_comparison(analysis: Analysis) -> None:
    """The verdict and the table of metrics."""
    show(in_notebook(comparison_html(analysis)), comparison_text(analysis.summary, analysis.words))


def show_charts(analysis: Analysis) -> None:
    """Every chart that these results have."""
    for chart in draw_charts(analysis).values():
        show_chart(chart)


def show_rows(analysis: Analysis) -> None:
    """The rows, to be filtered and opened."""
    elsewhere = "The rows are in report.html, written by the next cell, and in per_example.csv."
    show(in_notebook(rows_html(analysis, budget=NOTEBOOK_BYTES)), elsewhere)


def export_results(analysis: Analysis, settings: Settings) -> None:
    """Writes the results into a folder below RESULTS_DIR; prints its files, and the verdict once more."""
    folder = export_analysis(analysis, settings.results_dir)
    print(f"Written to {folder}:", ", ".join(sorted(file.name for file in folder.iterdir())))  # noqa: T201
    print(f"\n{analysis.summary['verdict']['sentence']}")  # noqa: T201
