"""Which cells a notebook consists of, in order. Reading this tuple explains the notebook.

A cell is one file in ``templates/``. Another evaluation type is another tuple of :class:`Cell`; files it has
in common with this one live in ``templates/shared/``.
"""

from __future__ import annotations

from typing import NamedTuple


class Cell(NamedTuple):
    """One cell: its stable id, its template below ``templates/``, and what kind of cell it becomes.

    ``hidden`` collapses the source in JupyterLab and Studio: what a reader opens only when curious.
    """

    id: str
    template: str
    kind: str = "code"
    tags: tuple[str, ...] = ()
    hidden: bool = False


def _heading(cell_id: str, template: str) -> Cell:
    return Cell(cell_id, template, kind="markdown")


LLM_AS_JUDGE_CELLS: tuple[Cell, ...] = (
    _heading("title", "llm_as_judge/title.md.j2"),
    Cell("parameters", "llm_as_judge/parameters.py.j2", tags=("parameters",)),
    _heading("setup-heading", "shared/setup_heading.md.j2"),
    Cell("install", "shared/install.py.j2", hidden=True),
    Cell("library", "shared/library.py.j2", hidden=True),
    Cell("setup", "llm_as_judge/setup.py.j2"),
    _heading("checks-heading", "shared/checks_heading.md.j2"),
    Cell("checks", "llm_as_judge/checks.py.j2"),
    _heading("launch-heading", "llm_as_judge/launch_heading.md.j2"),
    Cell("launch", "llm_as_judge/launch.py.j2"),
    _heading("wait-heading", "shared/wait_heading.md.j2"),
    Cell("wait", "shared/wait.py.j2"),
    _heading("results-heading", "llm_as_judge/results_heading.md.j2"),
    Cell("results", "llm_as_judge/results.py.j2"),
    _heading("comparison-heading", "llm_as_judge/comparison_heading.md.j2"),
    Cell("comparison", "llm_as_judge/comparison.py.j2"),
    _heading("charts-heading", "llm_as_judge/charts_heading.md.j2"),
    Cell("charts", "llm_as_judge/charts.py.j2"),
    _heading("rows-heading", "llm_as_judge/rows_heading.md.j2"),
    Cell("rows", "llm_as_judge/rows.py.j2"),
    _heading("export-heading", "shared/export_heading.md.j2"),
    Cell("export", "llm_as_judge/export.py.j2"),
)
