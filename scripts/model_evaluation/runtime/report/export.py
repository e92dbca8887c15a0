"""Writes an analysis to disk: ``RESULTS_DIR/<execution id>/``, complete or not at all."""

from __future__ import annotations

import contextlib
import json
import operator
import os
import pathlib
import shutil
import tempfile
import time
from collections.abc import Mapping
from typing import Any

import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.blocks import in_order

from .charts import draw_charts
from .figures import figure_png, figure_svg
from .markdown import report_markdown
from .page import report_html
from .people import JUDGE_ERROR, read_judge_error
from .per_example import Examples

ABANDONED = 600.0  # seconds after which an unfinished export belongs to a kernel that died


def export_analysis(analysis: Analysis, results_dir: str | os.PathLike[str]) -> pathlib.Path:
    """Write every file of the analysis and return its folder.

    The folder appears (or replaces an older export of the same execution) in one rename, so a reader never
    sees half of it. What people's labels said of this execution's judge is taken over. The CSV holds the same
    values as the Parquet file: text that a spreadsheet would take for a formula is not altered, so import it as
    text rather than opening it by double click.
    """
    root = pathlib.Path(results_dir)
    root.mkdir(parents=True, exist_ok=True)
    name = analysis.summary["execution_arn"].rsplit("/", 1)[-1] or "execution"
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in name).lstrip(".") or "execution"
    fresh = pathlib.Path(tempfile.mkdtemp(prefix=f".{name}-", dir=root))
    try:
        target = root / name
        judged = read_judge_error(target, analysis.summary["execution_arn"])
        if judged is not None:
            shutil.copy(target / JUDGE_ERROR, fresh)
        write_files(analysis, fresh, judged)
        fresh.chmod(0o755)
        if target.exists():
            old = pathlib.Path(tempfile.mkdtemp(prefix=f".{name}-old-", dir=root))
            target.replace(old / name)
            fresh.replace(target)
            shutil.rmtree(old)
        else:
            fresh.replace(target)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    for left in root.glob(f".{name}-*"):
        if time.time() - left.stat().st_mtime > ABANDONED:
            shutil.rmtree(left, ignore_errors=True)
    return target


def write_tables(examples: Examples, folder: pathlib.Path) -> None:
    """``per_example.parquet`` and ``per_example.csv``, a piece at a time. In the CSV a missing text is an empty cell
    without quotes."""
    with contextlib.ExitStack() as files:
        writers: list[Any] = []
        for piece in examples.pieces():
            if not writers:
                writers = [
                    files.enter_context(pa_parquet.ParquetWriter(folder / "per_example.parquet", piece.schema)),
                    files.enter_context(pa_csv.CSVWriter(folder / "per_example.csv", piece.schema)),
                ]
            list(in_order(writers, operator.methodcaller("write_table", piece)))


def write_files(analysis: Analysis, folder: pathlib.Path, judge_error: Mapping[str, Any] | None = None) -> None:
    text = json.dumps(analysis.summary, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8", errors="backslashreplace")
    write_tables(analysis.examples, folder)
    figures = folder / "figures"
    figures.mkdir()
    charts = draw_charts(analysis)
    for name, figure in charts.items():
        (figures / f"{name}.png").write_bytes(figure_png(figure))
        (figures / f"{name}.svg").write_text(figure_svg(figure), encoding="utf-8")
    page, short = report_html(analysis, charts, judge_error), report_markdown(analysis.summary, judge_error)
    for name, content in (("report.html", page), ("report.md", short)):
        (folder / name).write_text(content, encoding="utf-8", errors="replace")
