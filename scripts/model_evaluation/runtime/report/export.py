"""Writes an analysis to disk: ``RESULTS_DIR/<execution id>/``, complete or not at all."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from model_evaluation.runtime.analysis import Analysis

from .charts import draw_charts
from .charts.look import Chart, figure_png, figure_svg
from .markdown import report_markdown
from .page import report_html
from .people import ScorerError, error_file, read_scorer_error

ABANDONED = 600.0  # seconds after which an unfinished export belongs to a kernel that died


Writer = Callable[[Analysis, Path, ScorerError | None], None]


def export_analysis(analysis: Analysis, results_dir: str | os.PathLike[str], write: Writer | None = None) -> Path:
    """Write every file of the analysis and return its folder. ``write`` takes the place of :func:`write_files` where
    results have another shape.

    The folder appears (or replaces an older export of the same execution) in one rename, so a reader never
    sees half of it. What people's labels said of this execution is taken over. The CSV holds the same values as the
    Parquet file: text that a spreadsheet would take for a formula is not altered, so import it as text rather than
    opening it by double click.
    """
    root = Path(results_dir)
    root.mkdir(parents=True, exist_ok=True)
    name = analysis.summary["execution_arn"].rsplit("/", 1)[-1] or "execution"
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "execution"
    fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
    try:
        target = root / name
        error = read_scorer_error(target, analysis.summary["execution_arn"], analysis.words)
        if error is not None:
            shutil.copy(target / error_file(analysis.words), fresh)
        (write or write_files)(analysis, fresh, error)
        fresh.chmod(0o755)
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{name}-old-", dir=root))
            target.replace(old / name)
            fresh.replace(target)
            shutil.rmtree(old)
        else:
            fresh.replace(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for rest in root.glob(f".{name}-*"):
        if time.time() - rest.stat().st_mtime > ABANDONED:
            shutil.rmtree(rest, ignore_errors=True)
    return target


def write_files(analysis: Analysis, folder: Path, error: ScorerError | None = None) -> None:
    """The files of two models' scores on the same records, or of one model's."""
    charts = draw_charts(analysis)
    page = report_html(analysis, charts, error)
    write_results(analysis, folder, charts, page, report_markdown(analysis.summary, analysis.words, error))


def write_results(analysis: Analysis, folder: Path, charts: Mapping[str, Chart], page: str, short: str) -> None:
    """Summary, table, charts, ``report.html`` and ``report.md``."""
    summary = json.dumps(analysis.summary, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "summary.json").write_text(f"{summary}\n", encoding="utf-8", errors="backslashreplace")
    write_tables(analysis, folder)
    for name, content in analysis.files().items():
        (folder / name).write_text(content, encoding="utf-8", errors="backslashreplace")
    (folder / "figures").mkdir()
    for name, chart in charts.items():
        (folder / "figures" / f"{name}.png").write_bytes(figure_png(chart))
        (folder / "figures" / f"{name}.svg").write_text(figure_svg(chart), encoding="utf-8")
    (folder / "report.html").write_text(page, encoding="utf-8", errors="replace")
    (folder / "report.md").write_text(short, encoding="utf-8", errors="replace")


def write_tables(analysis: Analysis, folder: Path) -> None:
    """``per_example.parquet`` and ``per_example.csv``. In the CSV a missing text is an empty cell without quotes."""
    pyarrow.parquet.write_table(analysis.table, folder / "per_example.parquet")
    pyarrow.csv.write_csv(analysis.table, folder / "per_example.csv")
