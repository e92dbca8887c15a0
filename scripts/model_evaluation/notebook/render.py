"""Parameters in, notebook out: the same parameters always give the same bytes.

Values enter through one cell, the one tagged ``parameters``, and through one filter, ``python``
(:func:`~model_evaluation.notebook.values.python_literal`). Every other cell is the same text whatever the
parameters are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

from .cells import LLM_AS_JUDGE_CELLS, Cell
from .library import Library, notebook_library
from .values import python_literal

if TYPE_CHECKING:
    import jinja2


NBFORMAT, NBFORMAT_MINOR = 4, 5
METADATA_KEY = "model_evaluation"  # marks every cell that is ours; the section is found by it again
PARAMETERS_TAG = "parameters"
LIBRARY = ("model_evaluation.runtime", "model_evaluation.kinds.llm_as_judge.runtime")
OPTIONAL = frozenset({"DATASET_NOTES"})  # left out of the cell when there is nothing to say


def render_notebook(parameters: Mapping[str, object], cells: Sequence[Cell] = LLM_AS_JUDGE_CELLS) -> bytes:
    """The file's bytes, those that nbformat would write, without the cost of importing it."""
    return notebook_bytes(notebook_content(parameters, cells))


def notebook_content(parameters: Mapping[str, object], cells: Sequence[Cell] = LLM_AS_JUDGE_CELLS) -> dict[str, Any]:
    """The notebook for these parameters as plain JSON values, cell sources as single strings.

    Raises ``ValueError`` when a parameter is missing or unknown, and what :func:`python_literal` raises for a value
    that is no JSON.
    """
    library = notebook_library(LIBRARY)
    return {
        "cells": [_cell_content(cell, parameters, library) for cell in cells],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": NBFORMAT,
        "nbformat_minor": NBFORMAT_MINOR,
    }


def notebook_bytes(notebook: Mapping[str, Any]) -> bytes:
    """A notebook in Jupyter's own layout. Lone surrogates, which UTF-8 cannot hold, become JSON escapes."""
    content = {**notebook, "cells": [_with_source_lines(cell) for cell in notebook["cells"]]}
    try:
        return _dumps(content, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return _dumps(content, ensure_ascii=True).encode("ascii")


def has_tag(cell: Mapping[str, Any], tag: str) -> bool:
    """Whether a cell of anybody's notebook has this tag."""
    tags = cell["metadata"].get("tags")
    return isinstance(tags, list) and tag in tags


def parameter_names(cell: Cell) -> frozenset[str]:
    """The names a parameters cell needs, read from its template."""
    from jinja2 import meta

    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, cell.template)
    return frozenset(meta.find_undeclared_variables(environment.parse(source)))


def _cell_content(cell: Cell, parameters: Mapping[str, object], library: Library) -> dict[str, Any]:
    is_parameters = PARAMETERS_TAG in cell.tags
    if is_parameters:
        _check_names(parameters, parameter_names(cell))
    template = _environment().get_template(cell.template)
    source = template.render(parameters if is_parameters else {"library": library})
    metadata: dict[str, Any] = {METADATA_KEY: {"cell": cell.id}}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.hidden:
        metadata["jupyter"] = {"source_hidden": True}
    content: dict[str, Any] = {
        "cell_type": cell.kind,
        "id": cell.id,
        "metadata": metadata,
        "source": source.strip("\n"),
    }
    if cell.kind == "code":
        content |= {"execution_count": None, "outputs": []}
    return content


def _check_names(parameters: Mapping[str, object], needed: frozenset[str]) -> None:
    for problem, names in (("missing", needed - parameters.keys() - OPTIONAL), ("unknown", parameters.keys() - needed)):
        if names:
            raise ValueError(f"{problem} parameters: {', '.join(sorted(names))}")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    from model_evaluation.resources import resource

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # the output is Python and Markdown; values pass the `python` filter
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["python"] = python_literal
    environment.globals.clear()
    return environment


def _with_source_lines(cell: Mapping[str, Any]) -> dict[str, Any]:
    return {**cell, "source": cell["source"].splitlines(keepends=True)}


def _dumps(content: Mapping[str, Any], *, ensure_ascii: bool) -> str:
    return json.dumps(content, ensure_ascii=ensure_ascii, indent=1, sort_keys=True) + "\n"
