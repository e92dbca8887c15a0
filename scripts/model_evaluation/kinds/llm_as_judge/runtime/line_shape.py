"""Lines of JSON that look alike, read without decoding them one by one.

A machine writes its lines to one pattern: the same keys in the same order, and between them values that differ. From
one line the pattern is known; a line that has the same bytes everywhere but inside the values has the same structure,
and where its values begin and end follows from where its quotes are. Lines of another shape go to another reader.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Bounds = NDArray[np.int32]
JSON_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"(\s*:)?')
PLAIN_VALUE = re.compile(rb"(\s*:\s*)([^\s,\]}\"]+)(.+)", re.DOTALL)
SHORT_ESCAPES = np.isin(np.arange(256), np.frombuffer(b'"\\/bfnrt', np.uint8))


class LineScan(NamedTuple):
    """A block with the places of its lines (``ends`` are those of the newlines) and of the quotes around strings:
    line i has ``quotes[first[i]:first[i + 1]]``. ``plain`` lines are without ``\\u``, a wrong escape, a control
    character, or bytes that are no UTF-8."""

    block: bytes
    starts: Positions
    ends: Positions
    quotes: Positions
    first: Positions
    plain: NDArray[np.bool_]

    def line(self, number: int) -> bytes:
        return self.block[self.starts[number] : self.ends[number]]


class LineShape(NamedTuple):
    """A pattern: ``fixed`` texts before, between and after the slots in which values stand.

    A line has so many ``quotes``; slot i is from its quote ``columns[2 * i]`` to ``columns[2 * i + 1]``, each moved by
    the same place of ``offsets``. ``decoded`` is one such line's object with the number of its slot in each string.
    """

    quotes: int
    columns: Positions
    offsets: Positions
    fixed: list[bytes]
    decoded: Any


def scanned_lines(block: bytes) -> LineScan:
    """Where lines and strings of the block begin and end."""
    data = np.frombuffer(block, np.uint8)
    control = np.flatnonzero(data < ord(" "))
    newline = data[control] == ord("\n")
    ends = control[newline]
    doubtful = [control[~newline]]
    if not block.endswith(b"\n"):
        ends = np.append(ends, len(block))
    starts = np.append(0, ends[:-1] + 1)
    quote = data == ord('"')
    if b"\\" in block:
        slashes = np.flatnonzero(data == ord("\\"))
        opens = np.append(True, np.diff(slashes) != 1)
        place = np.arange(len(slashes))
        escaped = slashes[(place - np.maximum.accumulate(np.where(opens, place, 0))) % 2 == 0] + 1
        escaped = escaped[escaped < len(data)]
        quote[escaped] = False
        doubtful.append(escaped[~SHORT_ESCAPES[data[escaped]]])
    try:
        block.isascii() or block.decode()
    except UnicodeDecodeError:
        doubtful.append(np.flatnonzero(data > ord("~")))
    plain = np.ones(len(starts), bool)
    plain[np.searchsorted(starts, np.concatenate(doubtful), side="right") - 1] = False
    quotes = np.flatnonzero(quote)
    return LineScan(block, starts, ends, quotes, np.append(0, _numbers_before(quotes, ends)), plain)


def _numbers_before(places: Positions, ends: Positions) -> Positions:
    """How many of the ascending places come before each end. That each line has equally many is quicker seen than
    looked for."""
    each, over = divmod(len(places), len(ends))
    if each and not over:
        lines = places.reshape(-1, each)
        if (lines[1:, 0] > ends[:-1]).all() and (lines[:, -1] < ends).all():
            return np.arange(each, len(places) + 1, each)
    return np.searchsorted(places, ends)


def line_shape(line: bytes, fixed_keys: frozenset[str], value_keys: frozenset[str]) -> LineShape | None:
    """The pattern of this line; ``None`` when it has none.

    Every string is a slot but those of ``fixed_keys``; of the other values only those of ``value_keys`` are. In
    ``decoded`` the value of a ``value_keys`` slot is ``[slot]``. What stands in such a slot may be no JSON.
    """
    columns: list[int] = []
    offsets: list[int] = []
    fixed: list[bytes] = []
    marked: list[bytes] = []
    strings = list(JSON_STRING.finditer(line))
    done = copied = 0

    def slot(start: int, end: int, quotes: tuple[int, int], moved: tuple[int, int], mark: str) -> None:
        nonlocal done, copied
        columns.extend(quotes)
        offsets.extend(moved)
        fixed.append(line[done:start])
        marked.extend((line[copied:start], mark.encode()))
        done = copied = end

    key = ""
    for number, match in enumerate(strings):
        text, colon = match[0], match[1]
        if colon is None:
            if key not in fixed_keys:
                at = len(columns) // 2
                slot(match.start() + 1, match.end() - 1, (2 * number, 2 * number + 1), (1, 0), str(at))
            continue
        key = text[1 : text.rindex(b'"')].decode("utf-8", "replace")
        if key not in value_keys or number + 1 == len(strings):
            continue
        close, following = match.end() - len(colon), strings[number + 1].start()
        value = PLAIN_VALUE.fullmatch(line[close:following])
        if value is not None:
            start, end = close + len(value[1]), following - len(value[3])
            moved = (1 + len(value[1]), -len(value[3]))
            slot(start, end, (2 * number + 1, 2 * number + 2), moved, f"[{len(columns) // 2}]")
    fixed.append(line[done:])
    try:
        decoded = json.loads(b"".join((*marked, line[copied:])))
    except (ValueError, RecursionError):
        return None
    if not columns or not isinstance(decoded, dict):
        return None
    return LineShape(2 * len(strings), np.array(columns), np.array(offsets), fixed, decoded)


def fitting_lines(scan: LineScan, shape: LineShape, lines: Positions) -> tuple[Positions, Bounds]:
    """Those of the ``lines`` that have this shape, and the bounds of their pieces, shape (lines, 2 * slots + 2): where
    the line begins, where each slot begins and ends, where the line ends."""
    lines = lines[scan.plain[lines] & (scan.first[lines + 1] - scan.first[lines] == shape.quotes)]
    bounds = np.empty((len(lines), len(shape.columns) + 2), np.int32)
    bounds[:, 0], bounds[:, -1] = scan.starts[lines], scan.ends[lines]
    bounds[:, 1:-1] = scan.quotes[scan.first[lines][:, None] + shape.columns] + shape.offsets
    fits = (bounds[:, 1::2] - bounds[:, ::2] == [len(text) for text in shape.fixed]).all(axis=1)
    for slot in np.flatnonzero(shape.offsets[1::2]):  # a value, where another line may have none
        fits &= bounds[:, 2 * slot + 2] > bounds[:, 2 * slot + 1]
    if not fits.all():
        lines, bounds = lines[fits], bounds[fits]
    if not len(lines):
        return lines, bounds
    fixed = np.frombuffer(b"".join(shape.fixed), np.uint8)
    found = _pieces(scan, bounds, range(0, bounds.shape[1], 2)).buffers()[2]
    same = np.frombuffer(found, np.uint8, len(lines) * len(fixed)).reshape(len(lines), -1) == fixed
    if same.all():
        return lines, bounds
    fits = same.all(axis=1)
    return lines[fits], bounds[fits]


def slot_reader(scan: LineScan, bounds: Bounds) -> Callable[..., Any]:
    """A function that gives the values of some slots, line by line, as text with JSON's escapes still in it."""
    return lambda *slots: _pieces(scan, bounds, [2 * slot + 1 for slot in slots])


def _pieces(scan: LineScan, bounds: Bounds, columns: Sequence[int]) -> Any:
    """What stands between these columns of the bounds and the next ones, line by line."""
    texts = pa.StringArray.from_buffers(bounds.size - 1, pa.py_buffer(bounds), pa.py_buffer(scan.block))
    places = np.add.outer(np.arange(0, bounds.size, bounds.shape[1]), np.array(columns))
    return texts.take(pa.array(places.ravel()))
