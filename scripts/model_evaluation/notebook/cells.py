"""What a notebook is made of. A kind's tuple of cells, read from top to bottom, explains its notebook."""

from __future__ import annotations

from typing import NamedTuple

PARAMETERS_TAG = "parameters"


class Cell(NamedTuple):
    """One cell: its stable id, what kind of cell it becomes, and its tags.

    Its template is ``<id>.py.j2`` or ``<id>.md.j2`` in the kind's folder of templates or in this package's, with ``_``
    for ``-``. ``hidden`` collapses the source in JupyterLab and Studio: what a reader opens only when curious.
    """

    id: str
    kind: str = "code"
    tags: tuple[str, ...] = ()
    hidden: bool = False


def heading(cell_id: str) -> Cell:
    return Cell(cell_id, kind="markdown")


PARAMETERS = Cell("parameters", tags=(PARAMETERS_TAG,))
LIBRARY = Cell("library", hidden=True)
OPTIONS = Cell("options")  # in a program only, after the library
SETUP = (heading("setup-heading"), LIBRARY, Cell("install"), Cell("setup"))
CHECKS = (heading("checks-heading"), Cell("checks"))
LAUNCH_HEADING = heading("launch-heading")
LAUNCH = (LAUNCH_HEADING, Cell("launch"))
WAIT = (heading("wait-heading"), Cell("wait"))
RESULTS = (heading("results-heading"), Cell("results"))
COMPARISON = (heading("comparison-heading"), Cell("comparison"))
CHARTS = (heading("charts-heading"), Cell("charts"))
ROWS = (heading("rows-heading"), Cell("rows"))
EXPORT = (heading("export-heading"), Cell("export"))
EVERY_CELL = (
    heading("title"),
    PARAMETERS,
    *SETUP,
    *CHECKS,
    *LAUNCH,
    *WAIT,
    *RESULTS,
    *COMPARISON,
    *CHARTS,
    *ROWS,
    *EXPORT,
)
"""The cells of a notebook that starts something, waits for it, and compares two models row by row."""
