"""Rows read a block of lines at a time, as columns.

Rows with the same fields, whose parts are texts that say something or conversations of such texts, are read as columns
at once: that makes a check as fast as decoding the JSON alone. Every other row is read on its own, by :mod:`.reading`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from io import BytesIO
from itertools import chain, filterfalse, repeat
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple

import msgspec

from model_evaluation.runtime.rows import SYSTEM_ROLES, TURN_SEPARATOR, scalar_as_text

from .foreign import usable_text
from .formats import NOT_METADATA, PROMPT_FIELDS, REFERENCE_FIELDS, Fault, family, format_of, type_name
from .json_lines import MAX_DEPTH
from .lines import Block, line_blocks
from .messages import turn_faults
from .reading import CONTROL_CHARACTER, INVISIBLE, Beside, Row, Terms, beside, cut_row, metadata_object, read_line
from .unseen import MARKS, mark_in

_WORTH_NUMPY = 8 << 20  # bytes of a file
_MOST_NAMES = 64  # of fields, with which rows are read as columns
_UNREADABLE_NAME = re.compile('["\\\\\x00-\x1f]')  # what msgspec allows in no field's name
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_CONTROLS = (b"b", b"f", b"u")  # after a backslash they may make a control character
_DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SCALARS = frozenset([str, int, float, bool])
_ABSENT = msgspec.UNSET
_CRLF = Fault("crlf")
_OF_ANY_FORMAT = frozenset(["rejected", "system", "category", "metadata"])
_TESTED_AT_ONCE = 16  # values, where one of the column fails
_MAY_BE_MESSAGES = ("messages", "prompt", "completion", "chosen")
_PROMPTS = frozenset(["query", "prompt"])
_PLAIN = frozenset(["response", "completion", "chosen", "system", "category"])  # fields that may hold any text with ink
_OF_USABLE_TURNS = frozenset(["unknown_role", "role_order", "multi_turn"])
Column = list[Any]
"""The values of one field, row by row, of whatever types the rows have."""


@dataclass
class RowBlock:
    """The rows of a ``block`` of lines, from number ``first_line`` on; ``size`` counts all of its lines.

    ``lines`` are the numbers of those that hold a usable row; the columns after it have an entry for each of them, in
    which texts that are absent or blank are ``None``. ``fields`` counts the rows that have a field beside those read.
    ``faults`` are (number of the line, fault), in order. ``foreign`` counts the lines in which a field (first) stands
    in the place of another (second). ``unseen`` content, which is not text, is by index in the columns.
    """

    block: Block
    first_line: int
    size: int
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

    def raw(self, line: int) -> bytes:
        """The line of this number as it stands in the file."""
        return self.block.lines()[line - self.first_line]


def read_blocks(chunks: Iterable[bytes], terms: Terms) -> Iterator[RowBlock]:
    """All lines of a dataset, a block at a time."""
    reader = BlockReader(terms)
    for block in line_blocks(chunks):
        yield reader.read(block)


@dataclass
class _Part:
    """Usable rows of one format, read as columns, at their positions in the block."""

    positions: Sequence[int]
    format: str
    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    categories: list[str | None]
    fields: Counter[str]
    faults: list[tuple[int, Fault]]


class _BlockFacts(NamedTuple):
    """What may be in a block: characters and marks to look for in its texts; metadata of scalars alone."""

    controls: bool
    marks: bool
    scalar_metadata: bool


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
        first_line = self._next_line
        self._nbytes += block.nbytes
        odd_rows: dict[int, Row] = {}
        if block.cut:
            size, parts, odd_rows = 1, [], {0: cut_row(block.nbytes)}
        else:
            size, positions, rows = self._decoded(block)
            parts = self._parts(block, positions, rows) if rows else []
            if sum(len(part.positions) for part in parts) < size:
                lines = block.lines()
                others = set(range(size)).difference(*(part.positions for part in parts))
                odd_rows = {at: read_line(lines[at], self._terms) for at in sorted(others)}
        self._next_line += size
        self._learn(odd_rows.values())
        return _joined(block, first_line, size, parts, odd_rows)

    def _learn(self, rows: Iterable[Row]) -> None:
        """Read further rows with the fields of these as columns."""
        names = self._names | dict.fromkeys(
            name for row in rows for name in row.obj if not _UNREADABLE_NAME.search(name)
        )
        if len(self._names) < len(names) <= _MOST_NAMES:
            self._names = names
            fields = [(f"f{at}", Any, _ABSENT) for at in range(len(names))]
            rename = {f"f{at}": name for at, name in enumerate(names)}
            row_type = msgspec.defstruct("Row", fields, rename=rename, forbid_unknown_fields=True, gc=False)
            self._decode_row = msgspec.json.Decoder(row_type).decode

    def _parts(self, block: Block, positions: Sequence[int], rows: Column) -> list[_Part]:
        """Of decoded rows all that can be read as columns; those with the same fields and turns are a part."""
        data = block.data
        if not isinstance(positions, range):
            lines = block.lines()
            data = b"".join([lines[at] for at in positions])
        columns = {name: list(map(attrgetter(f"f{at}"), rows)) for at, name in enumerate(self._names)}
        texts = {name for name, column in columns.items() if _are_texts(column)}
        absent = {name: 0 if name in texts else column.count(_ABSENT) for name, column in columns.items()}
        columns = {name: column for name, column in columns.items() if absent[name] < len(rows)}
        strings = {name: _Strings(len(rows)) if name in texts else _strings(column) for name, column in columns.items()}
        expected = 2 * sum(len(rows) - absent[name] + held.total for name, held in strings.items())
        quotes, escapes = _quotes_and_escapes(data, with_numpy=self._nbytes >= _WORTH_NUMPY)
        odd = set(_with_repeated_keys(data, columns) if quotes != expected else ())
        for name, column in columns.items():
            passes = name in texts and (name in _PLAIN or (name in _PROMPTS and not _has_invisible(column)))
            if name in _TESTS and not passes:
                odd.update(_failing(_TESTS[name], column))
        sort_by: list[Column] = [
            [value is _ABSENT for value in column] for name, column in columns.items() if absent[name]
        ]
        sort_by += [
            [() if at in odd else _roles(value) for at, value in enumerate(columns[name])]
            for name in _MAY_BE_MESSAGES
            if name not in texts and list in set(map(type, columns.get(name, ())))
        ]
        facts = _BlockFacts(
            controls=b"\x7f" in data or any(code in escapes for code in _CONTROLS),
            marks=b"<" in data and any(mark in data for mark in MARKS),
            scalar_metadata="metadata" in strings and strings["metadata"].inner_types <= _SCALARS,
        )
        read = [
            self._part(_at(columns, group), _picked(positions, group), facts)
            for group in _groups(sort_by, odd, len(rows))
        ]
        parts = [part for part in read if part is not None]
        if b"\r" in data and parts:
            covered = set().union(*(part.positions for part in parts))
            parts[0].faults += [
                (at, _CRLF)
                for at, line in zip(positions, BytesIO(data), strict=True)
                if line.endswith(b"\r\n") and at in covered
            ]
        return parts

    def _decoded(self, block: Block) -> tuple[int, Sequence[int], Column]:
        """How many lines there are, and the rows that have fields of known names only, with their positions: a range
        when that are all."""
        if self._decode_row is None:
            return len(block.lines()), [], []
        try:
            rows = list(map(self._decode_row, BytesIO(block.data)))  # which holds one line at a time
            return len(rows), range(len(rows)), rows
        except _DECODING_ERRORS:
            lines, positions, rows = block.lines(), [], []
        for at, line in enumerate(lines):
            try:
                rows.append(self._decode_row(line))
                positions.append(at)
            except _DECODING_ERRORS:
                pass
        return len(lines), positions, rows

    def _part(self, columns: dict[str, Column], positions: Sequence[int], block: _BlockFacts) -> _Part | None:
        """Rows of the same fields and turns; without those that have to be looked at one by one."""
        size, names, terms = len(positions), tuple(columns), self._terms
        name = format_of({key: column[0] for key, column in columns.items()}) or ""
        if not _is_read_as_columns(name, names):
            return None
        nothing: Column = [None] * size
        prompts, systems, references = columns[PROMPT_FIELDS.get(name, "prompt")], nothing, nothing
        turns: tuple[Fault, ...] = ()
        if isinstance(prompts[0], list):
            roles, texts = _roles(prompts[0]), _texts(prompts)
            turns = turn_faults(roles, PROMPT_FIELDS.get(name, "prompt"))
            if not _OF_USABLE_TURNS.issuperset(fault.kind for fault in turns):
                return None
            if name == "openai_chat" and roles[-1] == "assistant":
                references = texts[-1]
            prompts = _spoken_by(("user",), roles, texts)
            systems = _spoken_by(SYSTEM_ROLES, roles, texts) or nothing
        if name != "openai_chat":
            references = columns.get(REFERENCE_FIELDS[family(name)], nothing)
            if isinstance(references[0], list):
                roles, texts = _roles(references[0]), _texts(references)
                if "assistant" not in roles:
                    return None
                references = texts[len(roles) - 1 - roles[::-1].index("assistant")]
        if "system" in columns:
            own = columns["system"]
            systems = own if systems is nothing else [one or other for one, other in zip(own, systems, strict=True)]
        known = beside(names)
        if any(known) and (odd := _to_be_looked_at(known, columns, references, systems)):
            rest = [at for at in range(size) if at not in odd]
            return self._part(_at(columns, rest), [positions[at] for at in rest], block) if rest else None
        categories, fields = columns.get("category", nothing), Counter(dict.fromkeys(names, size))
        faults = [(at, fault) for fault in turns for at in positions]
        if "metadata" in columns:
            objects, all_scalars = columns["metadata"], block.scalar_metadata
            if set(map(type, objects)) != {dict}:
                all_scalars = False  # the JSON text of an object may hold anything
                for at, value in zip(positions, objects, strict=True):
                    if not isinstance(value, dict | str | None):
                        faults.append((at, Fault("wrong_type_optional", f"`metadata` is {type_name(value)}")))
                objects = list(map(metadata_object, objects))
            if all_scalars and sum(map(len, objects)) == size * len(set().union(*objects)):  # each has every name
                names_held = dict.fromkeys(objects[0], size)
            else:
                names_held = Counter(chain.from_iterable(objects if all_scalars else map(_scalars, objects)))
            fields.update({f"metadata.{key}": count for key, count in names_held.items()})
            if fields.pop("metadata.category", 0):
                held = (scalar_as_text(obj.get("category")) for obj in objects)
                categories = [own or inner for own, inner in zip(categories, held, strict=True)]
        for key in NOT_METADATA:
            fields.pop(key, None)
        for key in known.sure_references:
            for at, reference, other in zip(positions, references, map(usable_text, columns[key]), strict=True):
                if reference is not None and other is not None and other.strip() != reference.strip():
                    faults.append((at, Fault("second_reference", f"`{key}`")))
        for key in known.model_answers:
            faults += [
                (at, Fault("model_answers", f"`{key}`"))
                for at, value in zip(positions, columns[key], strict=True)
                if value
            ]
        if None in references:
            fault = Fault("missing_reference" if terms.needs_reference else "no_reference")
            faults += [(at, fault) for at, text in zip(positions, references, strict=True) if text is None]
        if name in terms.refused_formats and name == "openai_chat":
            faults += [(at, Fault("format_not_taken", f"`{name}`")) for at in positions]
        if terms.unused:
            unused = zip(*({"reference": references, "system": systems}[part] for part in terms.unused), strict=True)
            faults += [(at, Fault("part_not_used")) for at, parts in zip(positions, unused, strict=True) if any(parts)]
        if block.controls:
            for at, *parts in zip(positions, prompts, references, systems, strict=True):
                if any(map(CONTROL_CHARACTER.search, filter(None, parts))):
                    faults.append((at, Fault("control_character")))
        if block.marks:
            for at, mark in zip(positions, map(mark_in, prompts), strict=True):
                faults += [(at, Fault("not_text", f"`{mark}`"))] if mark else []
        return _Part(positions, name, prompts, references, systems, categories, fields, faults)


def _joined(block: Block, first_line: int, size: int, parts: list[_Part], odd_rows: dict[int, Row]) -> RowBlock:
    """The parts of a block and its other rows, in the order of the lines."""
    faults = [entry for part in parts for entry in part.faults]
    faults += [(at, fault) for at, row in odd_rows.items() for fault in row.faults]
    faults.sort(key=itemgetter(0))
    rows = RowBlock(block, first_line, size, [], [], [], [], [], [], Counter())
    rows.faults = [(first_line + at, fault) for at, fault in faults]
    rows.foreign = Counter(pair for row in odd_rows.values() for pair in row.renaming)
    for part in parts:
        rows.fields.update(part.fields)
    if len(parts) == 1 and not odd_rows:
        (part,) = parts
        rows.lines, rows.formats = range(first_line, first_line + size), [part.format] * size
        rows.prompts, rows.references = part.prompts, part.references
        rows.systems, rows.categories = part.systems, part.categories
        return rows
    entries: dict[int, tuple[Any, ...]] = {}
    for part in parts:
        columns = zip(part.prompts, part.references, part.systems, part.categories, repeat(part.format), strict=False)
        entries.update(zip(part.positions, columns, strict=True))
    for at, row in odd_rows.items():
        if row.prompt is not None:
            entries[at] = row.prompt, row.reference, row.system, row.category, row.format
            rows.fields.update(row.fields)
    ordered = sorted(entries)
    if ordered:
        rows.prompts, rows.references, rows.systems, rows.categories, rows.formats = map(
            list, zip(*(entries[at] for at in ordered), strict=True)
        )
    rows.lines = [first_line + at for at in ordered]
    rows.unseen = {
        index: odd_rows[at].unseen for index, at in enumerate(ordered) if at in odd_rows and odd_rows[at].unseen
    }
    return rows


@lru_cache(256)
def _is_read_as_columns(name: str, names: tuple[str, ...]) -> bool:
    """Whether rows of this format with these fields have prompt and reference answer in one place each, which no other
    field speaks for. Verl's have not."""
    if not name or name.startswith("verl"):
        return False
    places = [PROMPT_FIELDS.get(name, "prompt"), REFERENCE_FIELDS.get(family(name), "")]
    return (NOT_METADATA - _OF_ANY_FORMAT).difference(places).isdisjoint(names)


def _groups(sort_by: list[Column], odd: set[int], size: int) -> list[Sequence[int]]:
    """The rows but for the odd ones, by what the columns of ``sort_by`` hold; all of them as a range."""
    if not odd and not sort_by:
        return [range(size)] if size else []
    groups: dict[object, list[int]] = {}
    for at, key in enumerate(zip(*sort_by, strict=True) if sort_by else repeat((), size)):
        if at not in odd:
            groups.setdefault(key, []).append(at)
    return [*groups.values()]


def _picked(positions: Sequence[int], indexes: Sequence[int]) -> Sequence[int]:
    return positions if isinstance(indexes, range) else [positions[at] for at in indexes]


def _at(columns: dict[str, Column], indexes: Sequence[int]) -> dict[str, Column]:
    """The columns of these rows, which have the same fields."""
    present = {name: column for name, column in columns.items() if column[indexes[0]] is not _ABSENT}
    if isinstance(indexes, range):  # all of them
        return present
    return {name: [column[at] for at in indexes] for name, column in present.items()}


def _to_be_looked_at(known: Beside, columns: dict[str, Column], references: Column, systems: Column) -> set[int]:
    """Rows in which a field may stand in the place of a part, or holds what is not text."""
    odd: set[int] = set()
    for names, column in ((known.references, references), (known.systems, systems)):
        odd.update(at for at, text in enumerate(column) if names and text is None)
    for name in known.unseen:
        odd.update(at for at, value in enumerate(columns[name]) if value)
    return odd


def _roles(messages: Any) -> tuple[str, ...]:
    """Who speaks in a conversation, turn by turn; nobody in anything else."""
    return tuple([message["role"] for message in messages]) if isinstance(messages, list) else ()


def _texts(conversations: Column) -> list[Column]:
    """What is said in conversations, by turns; all have the same."""
    return [[messages[at]["content"] for messages in conversations] for at in range(len(conversations[0]))]


def _spoken_by(who: Iterable[str], roles: tuple[str, ...], texts: list[Column]) -> Column:
    said = [column for role, column in zip(roles, texts, strict=True) if role in who]
    return said[0] if len(said) == 1 else list(map(TURN_SEPARATOR.join, zip(*said, strict=True)))


def _scalars(obj: Mapping[str, object]) -> list[str]:
    """The fields that hold a text, a number or a truth value."""
    return [name for name, value in obj.items() if type(value) in _SCALARS]


def _are_texts(column: Column) -> bool:
    """Whether every value is a text that is not blank."""
    try:
        return all(column) and not any(map(str.isspace, column))
    except TypeError:
        return False


def _has_invisible(column: Column) -> bool:
    """Whether one of these texts has no ink."""
    return any(map(INVISIBLE.fullmatch, filterfalse(str.isascii, column)))


def _says_something(column: Column) -> bool:
    """Whether every value is absent, or a text that is not blank."""
    return _are_texts([value for value in column if value is not None and value is not _ABSENT])


def _is_prompt(column: Column) -> bool:
    texts = [value for value in column if value is not _ABSENT]
    return _are_texts(texts) and not _has_invisible(texts)


def _is_spoken(column: Column) -> bool:
    """Whether every value is absent, or a conversation of texts that are not blank."""
    conversations = [value for value in column if value is not _ABSENT]
    if set(map(type, conversations)) - {list}:
        return False
    messages: Column = list(chain.from_iterable(conversations))
    try:
        texts, roles = map(itemgetter("content"), messages), map(itemgetter("role"), messages)
        return (
            all(conversations)
            and set(map(len, messages)) <= {2}
            and all(map(str.strip, texts))
            and set(map(type, roles)) <= {str}
        )
    except (TypeError, KeyError):
        return False


def _is_either(column: Column, *, test: Callable[[Column], bool]) -> bool:
    """Whether every value passes the test, or is a conversation."""
    lists = [value for value in column if type(value) is list]
    return test([value for value in column if type(value) is not list] if lists else column) and _is_spoken(lists)


_TESTS: dict[str, Callable[[Column], bool]] = {
    "messages": _is_spoken,
    "query": _is_prompt,
    "prompt": partial(_is_either, test=_is_prompt),
    "response": _says_something,
    "completion": partial(_is_either, test=_says_something),
    "chosen": partial(_is_either, test=_says_something),
    "system": _says_something,
    "category": _says_something,
}
"""By field, whether values can be read as a column."""


def _failing(test: Callable[[Column], bool], column: Column) -> Iterator[int]:
    """Where a value of the column fails the test."""
    if test(column):
        return
    for start in range(0, len(column), _TESTED_AT_ONCE):
        piece = column[start : start + _TESTED_AT_ONCE]
        if not test(piece):
            yield from (at for at, value in enumerate(piece, start) if not test([value]))


def _with_repeated_keys(data: bytes, columns: dict[str, Column]) -> Iterator[int]:
    """Rows that name a key twice, or are nested too deep."""
    for at, (line, values) in enumerate(zip(BytesIO(data), zip(*columns.values(), strict=True), strict=True)):
        expected = 2 * sum(1 + _strings([value]).total for value in values if value is not _ABSENT)
        if _quotes_and_escapes(line, with_numpy=False)[0] != expected:
            yield at


class _Strings(NamedTuple):
    """How many keys and texts values of a field hold, and the types of what is in its objects and arrays."""

    total: int
    inner_types: frozenset[type] = frozenset()


def _strings(column: Column) -> _Strings:
    """Counts them; the total is one that no row has where values are nested too deep."""
    strings, inner_types = 0, frozenset[type]()
    pieces: list[Iterable[Any]] = [column]
    for depth in range(MAX_DEPTH):
        types = list(map(type, chain.from_iterable(pieces)))  # which takes half the time of counting them
        kinds = frozenset(types)
        inner_types = kinds if depth == 1 else inner_types
        strings += types.count(str) if str in kinds else 0
        if kinds.isdisjoint((dict, list)):
            return _Strings(strings, inner_types)
        values = list(chain.from_iterable(pieces))
        objects = values if kinds == {dict} else [value for value in values if type(value) is dict]
        arrays = [value for value in values if type(value) is list] if list in kinds else []
        strings += sum(map(len, objects))
        pieces = [*map(dict.values, objects), *arrays]
    return _Strings(sys.maxsize)


def _quotes_and_escapes(data: bytes, *, with_numpy: bool) -> tuple[int, bytes]:
    """How many quotes begin or end a text, and the bytes that follow a backslash. Numpy, once it is loaded, takes half
    the time."""
    escaped = b"\\" in data
    if with_numpy:
        import numpy as np

        octets = np.frombuffer(data, np.uint8)
        escapes = octets[np.flatnonzero(octets[:-1] == ord("\\")) + 1].tobytes() if escaped else b""
        if b"\\" not in escapes:  # else what follows an escaped backslash is not an escape
            return int(np.count_nonzero(octets == ord('"'))) - escapes.count(b'"'), escapes
    escapes = b"".join(_ESCAPE.findall(data)) if escaped else b""
    return data.count(b'"') - escapes.count(b'"'), escapes
