"""Our cells inside somebody's notebook: appended once, replaced in place from then on.

The file is edited as text. Every cell that is not ours keeps its exact bytes, and so does everything around the
cells.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from json.decoder import JSONDecodeError, JSONDecoder
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.files import write_atomically

from .render import METADATA_KEY, PARAMETERS_TAG, has_tag, notebook_content

if TYPE_CHECKING:
    from .cells import Cell


_WHITESPACE = re.compile(r"[ \t\r\n]*")
_BOM = b"\xef\xbb\xbf"
CELL_TYPES = ("code", "markdown", "raw")


class _Span(NamedTuple):
    """A JSON value and where its text is."""

    value: Any
    start: int
    end: int


class AppendResult(NamedTuple):
    """What became of the notebook. ``warnings`` are for the person whose notebook it is."""

    replaced: bool
    warnings: tuple[str, ...]


def append_section(path: Path, parameters: Mapping[str, object], cells: Sequence[Cell]) -> AppendResult:
    """Appends the evaluation's cells to the notebook, or replaces them where an earlier run put them.

    Cells of a notebook older than nbformat 4.5 have no ids, so ours get none either; an id that is taken gets a
    number. Raises :class:`Refused`, and leaves the file as it was, when it is no Python notebook of format 4.
    """
    original, bom, text, members, spans = _read(path)
    own = [index for index, span in enumerate(spans) if METADATA_KEY in span.value["metadata"]]
    kept = [span for span in spans if METADATA_KEY not in span.value["metadata"]]
    place = own[0] if own else len(kept)
    section = notebook_content(parameters, cells)["cells"]
    _settle_ids(section, [span.value for span in kept], members["nbformat_minor"].value)
    texts = [text[span.start : span.end] for span in kept]
    texts[place:place] = [_cell_text(cell) for cell in section]
    joined = "[\n  " + ",\n  ".join(texts) + "\n ]"
    content = bom + (text[: members["cells"].start] + joined + text[members["cells"].end :]).encode("utf-8")
    if content != original:
        if path.read_bytes() != original:
            raise _refused(path, "it changed while it was being edited")
        write_atomically(path, content)
    return AppendResult(bool(own), tuple(_warnings([span.value for span in kept])))


def check_appendable(path: Path) -> None:
    """Raises :class:`Refused` when ``path`` is no Python notebook of format 4. Only reads."""
    _read(path)


def _read(path: Path) -> tuple[bytes, bytes, str, dict[str, _Span], list[_Span]]:
    """The file's bytes, its byte-order mark, its text, the top-level members, and the cells with their places."""
    try:
        original = path.read_bytes()
    except OSError as error:
        raise _refused(path, f"it cannot be read ({error.strerror or error})") from error
    bom = _BOM if original.startswith(_BOM) else b""
    try:
        text = original[len(bom) :].decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(path, f"it is not UTF-8 text ({error.reason} at byte {error.start})") from error
    members = _notebook_members(path, text)
    spans = [_Span(*item) for item in _array_items(text, members["cells"].start)]
    _check_notebook(path, members, [span.value for span in spans])
    return original, bom, text, members, spans


def _warnings(others: list[dict[str, Any]]) -> Iterator[str]:
    if any(has_tag(cell, PARAMETERS_TAG) for cell in others):
        yield (
            "The notebook has a parameters cell of its own, so papermill and notebook jobs override that one; "
            "change the evaluation's values in its own parameters cell."
        )


def _notebook_members(path: Path, text: str) -> dict[str, _Span]:
    members: dict[str, _Span] = {}
    try:
        json.loads(text)  # the whole file, so that damage anywhere is found before anything is changed
        for key, start, end, value in _object_members(text):
            if key in members:
                raise _refused(path, f"it has {key!r} twice")
            members[key] = _Span(value, start, end)
    except (JSONDecodeError, RecursionError) as error:
        raise _refused(path, f"it is not valid JSON ({error})") from error
    for key, kind in (("cells", list), ("metadata", dict), ("nbformat", int), ("nbformat_minor", int)):
        if key not in members or not isinstance(members[key].value, kind):
            old = "; it looks like a format older than 4" if "worksheets" in members else ""
            raise _refused(path, f"it has no usable {key!r}, which every notebook of format 4 has{old}")
    return members


def _check_notebook(path: Path, members: dict[str, _Span], cells: list[Any]) -> None:
    if members["nbformat"].value != 4:
        raise _refused(path, f"its format is {members['nbformat'].value}; expected 4")
    for number, cell in enumerate(cells, start=1):
        usable = isinstance(cell, dict) and cell.get("cell_type") in CELL_TYPES
        if not usable or not isinstance(cell.get("metadata"), dict) or "source" not in cell:
            raise _refused(path, f"its cell {number} is not a notebook cell")
    metadata = members["metadata"].value
    for entry, key in (("language_info", "name"), ("kernelspec", "language")):
        language = metadata.get(entry, {}).get(key) if isinstance(metadata.get(entry), dict) else None
        if isinstance(language, str) and language.lower() not in ("python", "ipython"):
            raise _refused(path, f"its language is {language}; the evaluation's cells are Python")


def _refused(path: Path, reason: str) -> Refused:
    return Refused(
        f"{path} cannot be appended to: {reason}. It was left as it is.",
        fix="Name another notebook, repair this one in Jupyter, or answer `new` to create a notebook.",
        step="notebook",
    )


def _settle_ids(section: list[dict[str, Any]], others: list[dict[str, Any]], minor: int) -> None:
    taken = {cell.get("id") for cell in others}
    for cell in section:
        wanted = cell.pop("id")
        if minor >= 5:
            number = 2
            cell_id = wanted
            while cell_id in taken:
                cell_id, number = f"{wanted}-{number}", number + 1
            cell["id"] = cell_id
            taken.add(cell_id)


def _cell_text(cell: dict[str, Any]) -> str:
    content = {**cell, "source": cell["source"].splitlines(keepends=True)}
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True).replace("\n", "\n  ")


def _object_members(text: str) -> Iterator[tuple[str, int, int, Any]]:
    """Key, start and end of the value's text, and value, for each member of the object that is the text."""
    at = _skip(text, 0)
    if not text.startswith("{", at):
        raise JSONDecodeError("expected an object", text, at)
    decoder = JSONDecoder()
    at = _skip(text, at + 1)
    while not text.startswith("}", at):
        key, at = decoder.raw_decode(text, at)
        start = _skip(text, _skip(text, at) + 1)  # past the colon
        value, at = decoder.raw_decode(text, start)
        yield key, start, at, value
        at = _skip(text, at)
        if text.startswith(",", at):
            at = _skip(text, at + 1)


def _array_items(text: str, at: int) -> Iterator[tuple[Any, int, int]]:
    """Value, start and end of each item of the array that begins at ``at``; the text is known to be valid."""
    decoder = JSONDecoder()
    at = _skip(text, at + 1)
    while not text.startswith("]", at):
        start = at
        value, at = decoder.raw_decode(text, start)
        yield value, start, at
        at = _skip(text, at)
        if text.startswith(",", at):
            at = _skip(text, at + 1)


def _skip(text: str, at: int) -> int:
    match = _WHITESPACE.match(text, at)
    return match.end() if match else at
