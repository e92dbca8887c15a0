"""The notebook, or the program, of a set of parameters: the same parameters always give the same bytes.

Values enter through one cell, the one tagged ``parameters``, whose template calls ``assign`` with their names: each is
written by :func:`~model_evaluation.notebook.values.python_literal`. Every other cell is the same text whatever the
parameters are. A program is in percent format: editors show its cells, plain Python runs it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2

from model_evaluation.runtime.settings import Json

from .cells import (
    LAUNCH_HEADING,
    LIBRARY,
    METADATA_KEY,
    NBFORMAT,
    NBFORMAT_MINOR,
    OPTIONS,
    PARAMETERS,
    Cell,
    notebook_bytes,
)
from .values import python_literal
from .wheel import Library, notebook_library

if TYPE_CHECKING:
    from model_evaluation.kinds.kind import Kind


Takes = Sequence[Sequence[str]]
"""(name, text): what the evaluation takes, such as its cost, and what nobody could check beforehand."""
IMPORT = re.compile(r"(?m)^from (model_evaluation\.[\w.]+) import")
EMBED, BESIDE = "embed", "beside"  # where the library is
TEMPLATES = Path(__file__).parent / "templates"


def library_of(kind: Kind, *, program: bool = True) -> Library:
    """What notebooks of this kind carry: its own packages, and of the shared ones what these and the cells import. What
    lies beside them, and what a ``program`` carries, is fit for programs too."""
    folders = (kind.templates, TEMPLATES)
    files = [
        path for folder in folders for path in folder.glob("*.py.j2") if program or path.name != _template(OPTIONS)
    ]
    modules = {module for path in files for module in IMPORT.findall(path.read_text(encoding="utf-8"))}
    return notebook_library(kind.runtime, tuple(sorted(modules)))


def render_notebook(kind: Kind, parameters: Mapping[str, object], library: str = EMBED, takes: Takes = ()) -> bytes:
    """The file's bytes, those that nbformat would write, without the cost of importing it."""
    return notebook_bytes(notebook_content(kind, parameters, library, takes=takes))


def notebook_content(
    kind: Kind, parameters: Mapping[str, object], library: str = EMBED, *, program: bool = False, takes: Takes = ()
) -> Json:
    """The notebook for these parameters as plain JSON values, cell sources as single strings. ``library`` is
    ``embed`` or ``beside``; a ``program`` has a further cell, which reads its command line. ``takes`` stands before the
    launch.

    Raises what :func:`python_literal` raises for a value that is not JSON.
    """
    return {
        "cells": list(_cells(kind, parameters, library, program, takes)),
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": NBFORMAT,
        "nbformat_minor": NBFORMAT_MINOR,
    }


def _cells(kind: Kind, parameters: Mapping[str, object], library: str, program: bool, takes: Takes) -> Iterator[Json]:
    environment = _environment(kind.templates)
    for cell in kind.cells_for(parameters):
        if cell == PARAMETERS:
            template = environment.get_template(_template(cell))
            yield _content(cell, template.render(parameters, assign=partial(_assignments, parameters)))
        elif cell == LIBRARY:
            template = environment.get_template(f"library_{library}.py.j2")
            yield _content(cell, template.render(library=library_of(kind, program=program or library == BESIDE)))
            if program:
                yield _content(OPTIONS, environment.get_template(_template(OPTIONS)).render())
        else:
            source = environment.get_template(_template(cell)).render()
            yield _content(
                cell, f"{source.rstrip()}\n\n{_block(takes)}" if cell == LAUNCH_HEADING and takes else source
            )


def _block(takes: Takes) -> str:
    """(name, text) as an indented block, in which Markdown and HTML are nothing but text."""
    width = max(len(name) for name, _ in takes)
    lines = [f"    {name:<{width}}  {' '.join(str(text).split())}" for name, text in takes]
    return "\n".join(["As it stood on the card when it was confirmed:", "", *lines])


def _assignments(parameters: Mapping[str, object], names: str) -> str:
    """A line for each of the names: the parameter with its value."""
    return "\n".join(f"{name} = {python_literal(parameters[name])}" for name in names.split())


def _template(cell: Cell) -> str:
    return f"{cell.id.replace('-', '_')}.{'py' if cell.kind == 'code' else 'md'}.j2"


def _content(cell: Cell, source: str) -> Json:
    metadata: Json = {METADATA_KEY: {"cell": cell.id}}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    if cell.hidden:
        metadata["jupyter"] = {"source_hidden": True}
    content = {"cell_type": cell.kind, "id": cell.id, "metadata": metadata, "source": source.strip("\n")}
    return content if cell.kind == "markdown" else content | {"execution_count": None, "outputs": []}


@cache
def _environment(folder: Path) -> jinja2.Environment:
    """Templates of a kind's folder, and behind them the shared ones."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder, TEMPLATES]),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  # the output is Python and Markdown; values pass the `python` filter
        keep_trailing_newline=True,
        auto_reload=False,
    )
    environment.filters["python"] = python_literal
    environment.globals.clear()
    return environment


INTRODUCTION = (
    '"""Run with `python FILE` from the folder that shall hold the results; `python FILE --help` lists its options.\n\n'
    'Editors show the `# %%` cells."""'
)
HOW_TO_RUN = ("**Run > Run All Cells** does everything", "Running this program does everything")  # the title's words


def notebook_script(notebook: Json) -> str:
    """Source of the program: the code of every cell in order."""
    parts = [INTRODUCTION]
    for cell in notebook["cells"]:
        title = cell.get("id", "")
        if cell["cell_type"] == "markdown":
            text = cell["source"].replace(*HOW_TO_RUN)
            parts.append(f"# %% [markdown] {title}".rstrip() + "\n" + _commented(text))
        elif cell["cell_type"] == "code":
            tags = cell["metadata"].get("tags", [])
            marker = f"# %% {title} tags={tags}".replace("'", '"') if tags else f"# %% {title}"
            source = cell["source"].strip("\n")
            parts.append(f"{marker.rstrip()}\n{source}")
    return "\n\n".join(parts) + "\n"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())
