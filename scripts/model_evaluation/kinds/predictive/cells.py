"""The notebook's cells: those of what takes place in this evaluation."""

from __future__ import annotations

from collections.abc import Mapping

from model_evaluation.notebook.cells import (
    CHARTS,
    CHECKS,
    COMPARISON,
    EXPORT,
    LAUNCH,
    LIBRARY,
    PARAMETERS,
    RESULTS,
    SETUP,
    WAIT,
    Cell,
    heading,
)

ASK = (heading("ask-heading"), Cell("ask"))
TITLE = (heading("title"), PARAMETERS)
FILES_SETUP = (heading("setup-heading"), LIBRARY, Cell("setup"))  # without the SDK: no model is asked
ERRORS = (heading("errors-heading"), Cell("errors"))
AFTER = (*RESULTS, *COMPARISON, *CHARTS, *ERRORS, *EXPORT)
EVERY_CELL = (*TITLE, *SETUP, *CHECKS, *LAUNCH, *WAIT, *ASK, *AFTER)


def cells_for(parameters: Mapping[str, object]) -> tuple[Cell, ...]:
    """With a launch where a job predicts, with a request where an endpoint does, with neither for files."""
    sources = (parameters["MODEL_SOURCE"], parameters["REFERENCE_SOURCE"])
    batch, endpoint = "batch" in sources, "endpoint" in sources
    if not batch and not endpoint:
        return (*TITLE, *FILES_SETUP, *AFTER)
    return (*TITLE, *SETUP, *CHECKS, *(LAUNCH + WAIT if batch else ()), *(ASK if endpoint else ()), *AFTER)
