"""Writes an analysis to disk: ``RESULTS_DIR/<execution id>/``, complete or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from model_evaluation.runtime.analysis import Analysis

from .charts.drawing import figure_svg
from .markdown import report_markdown
from .page import report_html
from .people import ScorerError, error_file, read_scorer_error

ABANDONED = 600.0  # seconds after which an unfinished export belongs to a kernel that died


def export_analysis(analysis: Analysis, results_dir: str | os.PathLike[str]) -> Path:
    """Write every file of the analysis and return its folder.

    The folder appears (or replaces an older export of the same execution) in one rename, so a reader never
    sees half of it. What people's labels said of this execution is taken over. The CSV holds the same values as the
    Parquet file: text that a spreadsheet would take for a formula is not altered, so import it as text rather than
    opening it by double click.
    """
    execution = analysis.summary["execution_arn"]
    name = re.sub(r"[^\w.-]", "_", execution.rpartition("/")[2]).lstrip(".") or "execution"
    root = Path(results_dir)
    target = root / name
    root.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
    try:
        error = read_scorer_error(target, execution, analysis.words)
        if error is not None:
            shutil.copy(target / error_file(analysis.words), fresh)
        write_files(analysis, fresh, error)
        fresh.chmod(0o755)
        old = Path(tempfile.mkdtemp(prefix=f".{name}-old-", dir=root))
        if target.exists():
            target.replace(old / name)
        fresh.replace(target)
        shutil.rmtree(old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for rest in root.glob(f".{name}-*"):
        if time.time() - rest.stat().st_mtime > ABANDONED:
            shutil.rmtree(rest, ignore_errors=True)
    return target


def write_files(analysis: Analysis, folder: Path, error: ScorerError | None) -> None:
    """Summary, table, the kind's own files, charts, ``report.html`` and ``report.md``. ``error`` is what labels said of
    who gave the scores."""
    texts = {
        "summary.json": json.dumps(analysis.summary, indent=2, ensure_ascii=False, allow_nan=False) + "\n",
        **analysis.files(),
    }
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8", errors="backslashreplace")
    write_tables(analysis, folder)
    (folder / "figures").mkdir()
    for name, chart in analysis.charts.items():
        (folder / "figures" / f"{name}.png").write_bytes(chart.png)
        (folder / "figures" / f"{name}.svg").write_text(figure_svg(chart), encoding="utf-8")
    reports = {
        "report.html": report_html(analysis, analysis.charts, error),
        "report.md": report_markdown(analysis.summary, analysis.words, error),
    }
    for name, text in reports.items():
        (folder / name).write_text(text, encoding="utf-8", errors="replace")


def write_tables(analysis: Analysis, folder: Path) -> None:
    """``per_example.parquet`` and ``per_example.csv``. In the CSV a missing text is an empty cell without quotes."""
    pyarrow.parquet.write_table(analysis.table, folder / "per_example.parquet")
    pyarrow.csv.write_csv(analysis.table, folder / "per_example.csv")
