"""What the cells of a notebook call, whatever it evaluates. A kind has a module like this for what only it has."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

# What is imported "as" itself is for the cells.
from .checks import run_checks as run_checks
from .launch.launcher import launch_once as launch_once
from .launch.progress import in_jupyter
from .launch.waiting import wait_for_results as wait_for_results
from .report.export import export_analysis
from .report.page import comparison_html, in_notebook
from .report.row_browser import NOTEBOOK_BYTES, rows_html
from .report.view import comparison_text
from .session import AwsClients
from .session import connect as connect
from .settings import Json, Settings, well_formed

if TYPE_CHECKING:
    from .analysis import Analysis
    from .report.charts.drawing import Chart

BANNER_STYLE = "background:#fff3cd;color:#664d03;border-left:4px solid #d98c00;padding:8px 12px;margin:0"
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
    for chart in analysis.charts.values():
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


def show(html: str, text: str) -> None:
    """HTML with the same content as text for front ends, and readers, that do without."""
    show_bundle({"text/html": html, "text/plain": text})


def show_chart(chart: Chart) -> None:
    """A chart as an image, with its ``alt`` text for whoever cannot see it."""
    data = base64.b64encode(chart._repr_png_()).decode("ascii")
    width, _ = chart.get_size_inches()
    show_bundle({"image/png": data, "text/plain": chart.alt}, {"image/png": {"width": round(width * 96)}})


def show_simulated_banner(simulated: bool) -> None:
    """Says that nothing here comes from AWS; silent when it does."""
    if simulated:
        text = "SIMULATED: this notebook talks to a local stand-in for AWS, not to AWS."
        show(f'<p style="{BANNER_STYLE}">{text}</p>', text)


def show_bundle(bundle: dict[str, str], metadata: Json | None = None) -> None:
    """A Jupyter display message; outside Jupyter its plain text is printed."""
    bundle = {kind: well_formed(content) for kind, content in bundle.items()}
    if in_jupyter():
        from IPython.display import display

        display(bundle, raw=True, metadata=metadata or {})  # type: ignore[no-untyped-call]
    else:
        print(bundle["text/plain"])  # noqa: T201
