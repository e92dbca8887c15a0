"""Our cells inside somebody's notebook: appended once, replaced in place from then on. Every other cell keeps its
content."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import msgspec

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically
from model_evaluation.runtime.settings import Json

from .cells import METADATA_KEY, PARAMETERS_TAG, has_tag, notebook_bytes

FOREIGN_PARAMETERS = (
    "The notebook has a parameters cell of its own, so papermill and notebook jobs override that one; "
    "change the evaluation's values in its own parameters cell."
)


class AnyCell(msgspec.Struct):
    """What a cell of anybody's notebook must have for us to work with it."""

    cell_type: Literal["code", "markdown", "raw"]
    metadata: dict[str, Any]
    source: Any


class AnyNotebook(msgspec.Struct):
    nbformat: Literal[4]
    nbformat_minor: int
    metadata: dict[str, Any]
    cells: list[AnyCell]


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
        write_atomically(path, content)
    warnings = (FOREIGN_PARAMETERS,) if any(has_tag(cell, PARAMETERS_TAG) for cell in others) else ()
    return AppendResult(bool(own), warnings)


def check_appendable(path: Path) -> None:
    """Raises :class:`Refused` when ``path`` is not a Python notebook of format 4. Only reads."""
    _read(path)


def _read(path: Path) -> tuple[bytes, Json]:
    """The file's bytes, and the notebook in it."""
    try:
        original = path.read_bytes()
        notebook: Json = json.loads(original.decode("utf-8-sig"))
        msgspec.convert(notebook, AnyNotebook)
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror or error})") from error
    except msgspec.ValidationError as error:
        raise _refused(path, f"it is not a notebook of format 4 ({error})") from error
    except UnicodeDecodeError as error:
        raise _refused(path, f"it is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except (ValueError, RecursionError) as error:
        raise _refused(path, f"it is not valid JSON ({error})") from error
    for entry, key in (("language_info", "name"), ("kernelspec", "language")):
        content = notebook["metadata"].get(entry)
        language = content.get(key) if isinstance(content, dict) else None
        if isinstance(language, str) and language.lower() not in ("python", "ipython"):
            raise _refused(path, f"its language is {language}; the evaluation's cells are Python")
    return original, notebook


def _refused(path: Path, reason: str) -> Refused:
    return Refused(
        f"{path} cannot be appended to: {reason}. It was left as it is.",
        fix="Name another notebook, open this one in Jupyter and save it (as format 4), or answer `new` for a new one.",
        step="notebook",
    )


def _with_ids(section: list[Json], others: list[Json], minor: int) -> list[Json]:
    """The section's cells, with ids that no other cell has, or without any."""
    if minor < 5:
        return [{key: value for key, value in cell.items() if key != "id"} for cell in section]
    taken = {cell.get("id") for cell in others}
    cells = []
    for cell in section:
        numbered = (f"{cell['id']}-{number}" for number in itertools.count(2))
        cell_id = next(name for name in itertools.chain([cell["id"]], numbered) if name not in taken)
        taken.add(cell_id)
        cells.append({**cell, "id": cell_id})
    return cells
