"""Our cells inside somebody's notebook: appended once, replaced in place from then on. Every other cell keeps its
content."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.runtime.settings import Json

from .cells import METADATA_KEY, PARAMETERS_TAG, has_tag, notebook_bytes

BOM = b"\xef\xbb\xbf"
CELL_TYPES = ("code", "markdown", "raw")
FOREIGN_PARAMETERS = (
    "The notebook has a parameters cell of its own, so papermill and notebook jobs override that one; "
    "change the evaluation's values in its own parameters cell."
)


class AppendResult(NamedTuple):
    """What became of the notebook. ``warnings`` are for the person whose notebook it is."""

    replaced: bool
    warnings: tuple[str, ...]


def append_section(path: Path, section: Json) -> AppendResult:
    """Appends the cells of a rendered notebook to another one, or replaces them where an earlier run put them.

    Cells of a notebook older than nbformat 4.5 have no ids, so ours get none either; an id that is taken gets a
    number. Raises :class:`Refused`, and leaves the file as it was, when it is not a Python notebook of format 4.
    """
    original, notebook = _read(path)
    cells = notebook["cells"]
    others = [cell for cell in cells if METADATA_KEY not in cell["metadata"]]
    own = [index for index, cell in enumerate(cells) if METADATA_KEY in cell["metadata"]]
    place = own[0] if own else len(cells)
    merged = [*others[:place], *_with_ids(section["cells"], others, notebook["nbformat_minor"]), *others[place:]]
    content = notebook_bytes({**notebook, "cells": merged})
    if content != notebook_bytes(notebook):
        if path.read_bytes() != original:
            raise _refused(path, "it changed while it was being edited")
        write_atomically(path, (BOM if original.startswith(BOM) else b"") + content)
    warnings = (FOREIGN_PARAMETERS,) if any(has_tag(cell, PARAMETERS_TAG) for cell in others) else ()
    return AppendResult(bool(own), warnings)


def check_appendable(path: Path) -> None:
    """Raises :class:`Refused` when ``path`` is not a Python notebook of format 4. Only reads."""
    _read(path)


def _read(path: Path) -> tuple[bytes, Json]:
    """The file's bytes, and the notebook in it."""
    try:
        original = path.read_bytes()
        notebook = json.loads(original.removeprefix(BOM).decode("utf-8"))
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise _refused(path, f"it is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"it is not valid JSON ({error})") from error
    problem = _problem(notebook)
    if problem:
        raise _refused(path, problem)
    return original, notebook


def _problem(notebook: object) -> str:
    """Why this is not a notebook that can be appended to; empty when it is."""
    if not isinstance(notebook, dict):
        return "it has no usable 'cells', which every notebook of format 4 has"
    for key, kind in (("cells", list), ("metadata", dict), ("nbformat", int), ("nbformat_minor", int)):
        if not isinstance(notebook.get(key), kind):
            old = "; it looks like a format older than 4" if "worksheets" in notebook else ""
            return f"it has no usable {key!r}, which every notebook of format 4 has{old}"
    if notebook["nbformat"] != 4:
        return f"its format is {notebook['nbformat']}; expected 4"
    for number, cell in enumerate(notebook["cells"], start=1):
        usable = isinstance(cell, dict) and cell.get("cell_type") in CELL_TYPES
        if not usable or not isinstance(cell.get("metadata"), dict) or "source" not in cell:
            return f"its cell {number} is not a notebook cell"
    for entry, key in (("language_info", "name"), ("kernelspec", "language")):
        content = notebook["metadata"].get(entry)
        language = content.get(key) if isinstance(content, dict) else None
        if isinstance(language, str) and language.lower() not in ("python", "ipython"):
            return f"its language is {language}; the evaluation's cells are Python"
    return ""


def _refused(path: Path, reason: str) -> Refused:
    return Refused(
        f"{path} cannot be appended to: {reason}. It was left as it is.",
        fix="Name another notebook, repair this one in Jupyter, or answer `new` to create a notebook.",
        step="notebook",
    )


def _with_ids(section: list[Json], others: list[Json], minor: int) -> list[Json]:
    """The section's cells, with ids that no other cell has, or without any."""
    bare = [{key: value for key, value in cell.items() if key != "id"} for cell in section]
    if minor < 5:
        return bare
    others_ids = {cell.get("id") for cell in others}
    ids: list[str] = []
    for cell in section:
        candidates = (
            cell["id"] if number == 1 else f"{cell['id']}-{number}" for number in range(1, len(others_ids) + 2)
        )
        ids.append(next(candidate for candidate in candidates if candidate not in others_ids))
        others_ids.add(ids[-1])
    return [{**cell, "id": cell_id} for cell, cell_id in zip(bare, ids, strict=True)]
