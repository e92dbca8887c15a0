"""What a notebook is made of, and its file. A kind's tuple of cells, read from top to bottom, explains its notebook."""

from __future__ import annotations

import json
from typing import NamedTuple

from model_evaluation.runtime.settings import Json

PARAMETERS_TAG = "parameters"
NBFORMAT, NBFORMAT_MINOR = 4, 5
METADATA_KEY = "model_evaluation"  # marks every cell that is ours; the section is found by it again


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


def notebook_bytes(notebook: Json) -> bytes:
    """A notebook in Jupyter's own layout. Lone surrogates, which UTF-8 cannot hold, become JSON escapes."""
    cells = [{**cell, "source": _lines(cell["source"])} for cell in notebook["cells"]]
    text = json.dumps({**notebook, "cells": cells}, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return text.encode("utf-8", errors="backslashreplace")


def has_tag(cell: Json, tag: str) -> bool:
    """Whether a cell of anybody's notebook has this tag."""
    tags = cell["metadata"].get("tags")
    return isinstance(tags, list) and tag in tags


def _lines(source: object) -> object:
    return source.splitlines(keepends=True) if isinstance(source, str) else source
