"""Lines of bytes as JSON values, or the exact reason why one cannot be read."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain
from math import isinf
from operator import attrgetter
from typing import Any, NoReturn

import msgspec

from model_evaluation.dataset.rows.formats import Column
from model_evaluation.runtime.settings import Json

from .formats import FIELDS_THAT_COUNT, Fault, safe_name, type_name

BOM = b"\xef\xbb\xbf"
MAX_DEPTH = 500  # of nested objects and arrays; Pythons differ in how many they can read
ABSENT = msgspec.UNSET
DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_WORTH_NUMPY = 8 << 20  # bytes of a file
_MOST_NAMES = 64  # of fields, with which rows are read as columns
_MOST_DECODERS = 32
_UNREADABLE_NAME = re.compile('["\\\\\x00-\x1f]')  # what msgspec allows in no field's name
_ESCAPE = re.compile(rb"\\(.)", re.DOTALL)
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
# A text without its closing quote goes to the end: looked for again at each quote it would take hours in 8 MiB.
_TEXT_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.?)*"?|[\[\]{}]')

_decode = msgspec.json.Decoder().decode


@dataclass
class DecodedLines:
    """The objects in lines of JSON, as columns.

    ``positions`` are those of the lines that hold an object; every column has an entry for each of them, ``ABSENT``
    where the object has no such field. ``fields`` counts all fields. ``faults`` are (position of the line, fault,
    about where in the line), in order. ``escapes`` counts the bytes that follow a backslash.
    """

    positions: Sequence[int]
    columns: dict[str, Column]
    fields: Counter[str]
    escapes: Counter[bytes]
    faults: list[tuple[int, Fault, int]] = field(default_factory=list)
    objects: list[Json] | None = None

    def object(self, index: int) -> Json:
        """The ``index``-th object."""
        if self.objects is not None:
            return self.objects[index]
        return {name: column[index] for name, column in self.columns.items() if column[index] is not ABSENT}


class LineDecoder:
    """Decodes the lines of one file, block by block. Rows whose fields have been seen before are read as columns at
    once; ``keep_objects`` if they are wanted as objects, as they are written."""

    def __init__(self, *, keep_objects: bool = False) -> None:
        self._keep_objects = keep_objects
        self._names: dict[str, None] = {}
        self._decode_row: Any = None
        self._decoders_made = 0
        self._nbytes = 0

    def decode(self, data: bytes, lines: Sequence[bytes]) -> DecodedLines:
        """The values of all ``lines``, which together are ``data``."""
        self._nbytes += len(data)
        quotes, escapes = (_quotes_and_escapes if self._nbytes < _WORTH_NUMPY else _many_quotes_and_escapes)(data)
        if self._decode_row is not None:
            with suppress(*DECODING_ERRORS):
                rows = list(map(self._decode_row, lines))
                columns = {name: list(map(attrgetter(f"f{at}"), rows)) for at, name in enumerate(self._names)}
                fields = Counter({name: len(rows) - column.count(ABSENT) for name, column in columns.items()})
                strings = fields.total() + sum(count_strings(column, MAX_DEPTH - 1) for column in columns.values())
                if quotes - escapes[b'"'] == 2 * strings:  # else an object names a key twice
                    return DecodedLines(range(len(lines)), columns, +fields, escapes)
        return self._decode_with_care(lines, escapes)

    def _decode_with_care(self, lines: Sequence[bytes], escapes: Counter[bytes]) -> DecodedLines:
        positions, objects, faults = [], [], []
        for position, line in enumerate(lines):
            value, own, at = _decoded(line)
            faults += [(position, fault, at) for fault in own]
            if type(value) is dict:
                positions.append(position)
                objects.append(value)
            elif value is not ABSENT:
                faults.append((position, Fault("not_an_object", f"found {type_name(value)}"), 0))
        fields = Counter(chain.from_iterable(objects))
        columns = {name: [obj.get(name, ABSENT) for obj in objects] for name in FIELDS_THAT_COUNT if name in fields}
        if not self._keep_objects:
            self._learn(fields)
        return DecodedLines(positions, columns, fields, escapes, faults, objects)

    def _learn(self, fields: Counter[str]) -> None:
        names = self._names | dict.fromkeys(name for name in fields if not _UNREADABLE_NAME.search(name))
        if len(names) == len(self._names) or len(names) > _MOST_NAMES or self._decoders_made == _MOST_DECODERS:
            return
        self._names = names
        self._decoders_made += 1
        row_type = msgspec.defstruct(
            "Row",
            [(f"f{at}", Any, ABSENT) for at in range(len(names))],
            rename={f"f{at}": name for at, name in enumerate(names)},
            forbid_unknown_fields=True,
            gc=False,
        )
        self._decode_row = msgspec.json.Decoder(row_type).decode


def _quotes_and_escapes(data: bytes) -> tuple[int, Counter[bytes]]:
    """How many quotes there are, and how often each byte follows a backslash."""
    return data.count(b'"'), Counter(_ESCAPE.findall(data)) if b"\\" in data else Counter()


def _many_quotes_and_escapes(data: bytes) -> tuple[int, Counter[bytes]]:
    """The same, twice as fast once numpy is loaded."""
    import numpy as np

    octets = np.frombuffer(data, np.uint8)
    counts = np.bincount(octets[np.flatnonzero(octets[:-1] == b"\\"[0]) + 1])
    escapes = Counter({bytes([octet]): int(counts[octet]) for octet in np.flatnonzero(counts).tolist()})
    if b"\\" in escapes:  # what follows an escaped backslash is no escape
        return _quotes_and_escapes(data)
    return int(np.count_nonzero(octets == b'"'[0])), escapes


def count_strings(values: Column, levels: int) -> int:
    """The keys and texts in JSON values. Raises ``RecursionError`` when one has more than ``levels`` levels."""
    strings = 0
    for _ in range(levels + 1):
        kinds = set(map(type, values))
        if kinds == {str}:
            return strings + len(values)
        if str in kinds:
            strings += list(map(type, values)).count(str)
        if dict not in kinds and list not in kinds:
            return strings
        objects = values if kinds == {dict} else [value for value in values if type(value) is dict]
        arrays = [value for value in values if type(value) is list] if list in kinds else []
        strings += sum(map(len, objects))
        values = list(chain.from_iterable(chain(map(dict.values, objects), arrays)))
    raise RecursionError


def _decoded(line: bytes) -> tuple[object, list[Fault], int]:
    """The value of one line, ``ABSENT`` if there is none, its faults, and about where they are."""
    if not line.strip():
        return ABSENT, [Fault("blank_line")], 0
    with suppress(*DECODING_ERRORS):
        value = _decode(line)
        if line.count(b'"') - _ESCAPE.findall(line).count(b'"') == 2 * count_strings([value], MAX_DEPTH):
            return value, [], 0
    return _explained(line)


class _RefusedValueError(ValueError):
    """A value that JSON may hold and no row: kind of the fault, detail."""


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedValueError("not_a_number", name)


def _finite(digits: str) -> float:
    value = float(digits)
    if isinf(value):
        raise _RefusedValueError("huge_number", digits[:20])
    return value


def _integer(digits: str) -> int:
    try:
        return int(digits)
    except ValueError:  # over sys.get_int_max_str_digits()
        raise _RefusedValueError("huge_number", f"{len(digits)} digits") from None


def _unique(pairs: list[tuple[str, object]]) -> Json:
    obj = dict(pairs)
    if len(obj) != len(pairs):
        repeated = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise _RefusedValueError("duplicate_key", f"`{safe_name(repeated)}`")
    return obj


_STRICT = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_integer
)


def _explained(line: bytes) -> tuple[object, list[Fault], int]:
    """Decode strictly what was refused, and name the fault. Without a line end it is the last line of the file and
    may be cut off."""
    faults: list[Fault] = []
    complete = line.endswith(b"\n")
    body = line.rstrip(b"\r\n")
    if body.startswith(BOM):
        faults.append(Fault("bom"))
        body = body[len(BOM) :]
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        fault = Fault("invalid_utf8", f"byte 0x{body[error.start]:02x} at byte {error.start + 1}")
        if not complete and error.reason == "unexpected end of data":
            fault = Fault("truncated_last_line")
        return ABSENT, [*faults, fault], error.start
    if _nested_too_deep(text):
        return ABSENT, [*faults, Fault("too_deep")], 0
    try:
        value = _STRICT.decode(text)
    except json.JSONDecodeError as error:
        return ABSENT, [*faults, _syntax_fault(error, text, may_be_cut=not complete)], error.pos
    except _RefusedValueError as error:
        return ABSENT, [*faults, Fault(*error.args)], 0
    if _SURROGATE_ESCAPE.search(text) and _has_lone_surrogate(value):
        return ABSENT, [*faults, Fault("lone_surrogate")], 0
    return value, faults, 0


def _nested_too_deep(text: str) -> bool:
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return False
    depth = 0
    for match in _TEXT_OR_BRACKET.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(match[0], 0)
        if depth > MAX_DEPTH:
            return True
    return False


def _syntax_fault(error: json.JSONDecodeError, text: str, *, may_be_cut: bool) -> Fault:
    at_end = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    if may_be_cut and at_end and text.lstrip().startswith("{"):
        return Fault("truncated_last_line")
    if error.msg.startswith("Invalid control character"):
        return Fault("raw_control_character", f"U+{ord(text[error.pos]):04X}" if error.pos < len(text) else "")
    there = text[error.pos : error.pos + 1]
    before = text[: error.pos].rstrip()
    if error.msg.startswith("Extra data"):
        reason = "several values on one line" if there in "{[" else "text after the JSON value"
    elif there == "'":
        reason = "single quotes instead of double quotes"
    elif error.msg.startswith("Illegal trailing comma") or (there in "}]" and there and before.endswith(",")):
        reason = "trailing comma"
    elif text[error.pos :].startswith(("True", "False", "None")):
        reason = "Python literal instead of true, false or null"
    elif at_end:
        reason = "breaks off before its end"
    else:
        reason = error.msg[:1].lower() + error.msg[1:]
    return Fault("invalid_json", reason)


def _has_lone_surrogate(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
