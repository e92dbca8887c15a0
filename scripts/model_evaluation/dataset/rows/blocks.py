"""Rows read a block of lines at a time, as columns.

A block in which every row is plain (the format is no conversation, every part is one text, and nothing is to be said of
any) is read as columns at once: that makes a check as fast as decoding the JSON alone. Any other block is read row by
row, by :mod:`.reading`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from .formats import NOT_METADATA, PROMPT_FIELDS, REFERENCE_FIELDS, Fault, format_of
from .lines import Block, line_blocks
from .reading import CONTROL_CHARACTER, INVISIBLE, Terms, beside, cut_row, read_line
from .unseen import MARKS

_WORTH_NUMPY = 8 << 20  # bytes of a file
_MOST_NAMES = 64  # of fields, with which rows are read as columns
_UNREADABLE_NAME = re.compile('["\\\\\x00-\x1f]')  # what msgspec allows in no field's name
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS = (b"b", b"f", b"u")  # after a backslash they may make a control character
_DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SCALARS = frozenset([str, int, float, bool, type(None)])
_ABSENT = msgspec.UNSET
ROLES = frozenset(["system", "user", "assistant"])
Column = list[Any]
"""The values of one field, row by row, of whatever types the rows have."""


@dataclass
class RowBlock:
    """Consecutive lines, read: ``raw``, from number ``first_line`` on.

    ``lines`` are the numbers of those that hold a usable row; the columns after it have an entry for each of them, in
    which texts that are absent or blank are ``None``. ``fields`` counts the rows that have a field beside those read.
    ``faults`` are (number of the line, fault), in order. ``foreign`` counts the lines in which a field (first) stands
    in the place of another (second). ``unseen`` content, which is no text, is by index in the columns.
    """

    raw: Sequence[bytes]
    nbytes: int
    first_line: int
    lines: Sequence[int]
    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    categories: list[str | None]
    formats: list[str]
    fields: Counter[str]
    faults: list[tuple[int, Fault]] = field(default_factory=list)
    foreign: Counter[tuple[str, str]] = field(default_factory=Counter)
    unseen: dict[int, str] = field(default_factory=dict)


def read_blocks(chunks: Iterable[bytes], terms: Terms) -> Iterator[RowBlock]:
    """All lines of a dataset, a block at a time."""
    reader = BlockReader(terms)
    for block in line_blocks(chunks):
        yield reader.read(block)


class BlockReader:
    """Reads the blocks of one file, in order."""

    def __init__(self, terms: Terms) -> None:
        self._terms = terms
        self._next_line = 1
        self._nbytes = 0
        self._names: dict[str, None] = {}  # of all fields of the rows that were read one by one
        self._decode_row: Any = None

    def read(self, block: Block) -> RowBlock:
        """The rows in the next block."""
        lines, first_line = block.lines(), self._next_line
        self._next_line += len(lines)
        self._nbytes += block.nbytes
        plain = None if block.cut else self._read_plain(block, lines, first_line)
        return plain or self._read_each(block, lines, first_line)

    def _read_each(self, block: Block, lines: list[bytes], first_line: int) -> RowBlock:
        rows = [cut_row(block.nbytes)] if block.cut else [read_line(line, self._terms) for line in lines]
        names = self._names | dict.fromkeys(
            name for row in rows for name in row.obj if not _UNREADABLE_NAME.search(name)
        )
        if len(self._names) < len(names) <= _MOST_NAMES:
            self._names = names
            fields = [(f"f{at}", Any, _ABSENT) for at in range(len(names))]
            rename = {f"f{at}": name for at, name in enumerate(names)}
            row_type = msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, gc=False)
            self._decode_row = msgspec.json.Decoder(row_type).decode
        usable = [(number, row) for number, row in enumerate(rows, first_line) if row.prompt is not None]
        return RowBlock(
            lines,
            block.nbytes,
            first_line,
            [number for number, _ in usable],
            [row.prompt or "" for _, row in usable],
            [row.reference for _, row in usable],
            [row.system for _, row in usable],
            [row.category for _, row in usable],
            [row.format or "" for _, row in usable],
            Counter(name for _, row in usable for name in row.fields),
            [(number, fault) for number, row in enumerate(rows, first_line) for fault in row.faults],
            Counter(pair for row in rows for pair in row.renaming),
            {at: row.unseen for at, (_, row) in enumerate(usable) if row.unseen},
        )

    def _read_plain(self, block: Block, lines: list[bytes], first_line: int) -> RowBlock | None:
        """The block when all of its rows are plain; ``None`` when one has to be looked at."""
        columns = self._columns(lines)
        names = tuple(columns)
        layout = _layout(names)
        if layout is None or layout.format in self._terms.refused_formats or self._terms.unused or b"\r" in block.data:
            return None
        keys = len(lines) * len(columns)
        roles = 0
        if layout.format == "openai_chat":
            columns |= _unfolded(columns.pop("messages"))
            roles = len(lines) * sum(role in columns for role in ROLES)
        metadata = columns.pop("metadata", [])
        if set(map(type, metadata)) - {dict}:
            return None
        values = list(chain.from_iterable(map(dict.values, metadata)))
        inner = Counter(chain.from_iterable(metadata))
        texts = 0
        for column in (*columns.values(), values):
            types = list(map(type, column))
            if not set(types) <= _SCALARS:
                return None
            texts += types.count(str)
        quotes, escapes = _quotes_and_escapes(block.data, with_numpy=self._nbytes >= _WORTH_NUMPY)
        if quotes != 2 * (keys + inner.total() + texts + 3 * roles) or "category" in inner or None in values:
            return None  # an object names a key twice, or metadata are to be looked at
        nothing: list[str | None] = [None] * len(lines)
        parts = [columns.get(name, nothing) for name in layout.fields]
        if None in parts[1] or not all(_all_say_something(part) for part in parts if part is not nothing):
            return None
        if (b"\x7f" in block.data or any(code in escapes for code in _CONTROLS)) and any(
            CONTROL_CHARACTER.search(text) for text in chain(*parts[:3]) if text is not None
        ):
            return None
        if any(INVISIBLE.fullmatch(prompt) for prompt in parts[0] if not prompt.isascii()):
            return None
        if b"<" in block.data and any(mark in block.data for mark in MARKS):
            return None
        fields = Counter({name: len(lines) for name in names if name not in NOT_METADATA})
        fields.update({f"metadata.{name}": count for name, count in inner.items()})
        numbers = range(first_line, first_line + len(lines))
        formats = [layout.format] * len(lines)
        prompts, references, systems, categories = parts
        return RowBlock(
            lines, block.nbytes, first_line, numbers, prompts, references, systems, categories, formats, fields
        )

    def _columns(self, lines: list[bytes]) -> dict[str, Column]:
        """The values of each field, when all rows have the same ones; else nothing."""
        if self._decode_row is None:
            return {}
        try:
            rows = list(map(self._decode_row, lines))
        except _DECODING_ERRORS:
            return {}
        columns = {name: list(map(attrgetter(f"f{at}"), rows)) for at, name in enumerate(self._names)}
        counts = {name: len(rows) - column.count(_ABSENT) for name, column in columns.items()}
        if set(counts.values()) - {0, len(rows)}:
            return {}
        return {name: column for name, column in columns.items() if counts[name]}


class _Layout(NamedTuple):
    """A format, and the fields of its rows with prompt, reference answer, system text and category."""

    format: str
    fields: tuple[str, str, str, str]


@lru_cache(64)
def _layout(names: tuple[str, ...]) -> _Layout | None:
    """How a row with these fields is read; ``None`` when more than that is to be read, or said."""
    name = format_of(dict.fromkeys(names)) or ""
    reference = REFERENCE_FIELDS.get(name, "assistant")
    fields = ("user" if name == "openai_chat" else PROMPT_FIELDS.get(name, "prompt"), reference, "system", "category")
    if name == "openai_chat":
        others = NOT_METADATA - {"messages", "category", "metadata", "rejected"} | ROLES
    elif reference in names:
        others = NOT_METADATA - {*fields, "metadata", "rejected"}
    else:
        return None
    return _Layout(name, fields) if others.isdisjoint(names) and not any(beside(names)) else None


def _unfolded(conversations: Column) -> dict[str, Column]:
    """The texts of each role in conversations of one user turn and its answer; nothing when some are longer, or hold
    anything else."""
    try:
        messages = list(chain.from_iterable(conversations))
        roles = [message["role"] for message in messages]
        texts = [message["content"] for message in messages]
        pattern = tuple(roles[: len(conversations[0])])
    except (TypeError, KeyError):
        return {}
    width, size = len(pattern), len(conversations)
    plain = pattern in (("user", "assistant"), ("system", "user", "assistant")) and set(map(len, messages)) == {2}
    if not plain or set(map(len, conversations)) != {width} or roles != list(pattern) * size:
        return {}
    return {role: texts[at::width] for at, role in enumerate(pattern)}


def _all_say_something(column: Column) -> bool:
    try:
        return all(map(str.strip, column))
    except TypeError:  # one is not a text
        return False


def _quotes_and_escapes(data: bytes, *, with_numpy: bool) -> tuple[int, bytes]:
    """How many quotes begin or end a text, and the bytes that follow a backslash. Numpy, once it is loaded, takes half
    the time."""
    if with_numpy:
        import numpy as np

        octets = np.frombuffer(data, np.uint8)
        escapes = octets[np.flatnonzero(octets[:-1] == ord("\\")) + 1].tobytes()
        if b"\\" not in escapes:  # else what follows an escaped backslash is no escape
            return int(np.count_nonzero(octets == ord('"'))) - escapes.count(b'"'), escapes
    escapes = b"".join(_ESCAPE.findall(data)) if b"\\" in data else b""
    return data.count(b'"') - escapes.count(b'"'), escapes
