"""The fast way through clean rows: typed decoding of whole batches, checked by columns.

It only ever accepts rows it can prove clean. Whatever it cannot prove goes to the slow way
(`decoding.py`, `formats.py`), which is the authority; both must give the same answer for every row.

How repeated keys are ruled out without looking at keys one by one: a row's text is exactly as long as
its decoded fields need. The batch is encoded again and the lengths are compared; a repeated key would
make the text longer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import repeat
from typing import Any, NamedTuple

import msgspec

from .formats import CONTROL_CHARACTER, VERL_MARKS

_UNSET = msgspec.UNSET
_LEARN_FROM_ROWS = 32
_MAX_EXTRA_FIELDS = 32
_MAX_REBUILDS = 32
_REFERENCE_FIELD = {"sagemaker": "response", "prompt_completion": "completion", "preference": "chosen"}
_NEVER_EXTRA = frozenset(["messages", "query", "prompt", "completion", "chosen", "metadata", *VERL_MARKS])
_FIRST_COLON = re.compile(rb'\{"[^"\\]*": ')

DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class CleanRows(NamedTuple):
    """Columns of rows that hold no fault. ``references`` and ``systems`` are ``None`` where absent."""

    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    categories: Counter[str]
    without_category: int
    extra_fields: dict[str, int]


class FlatReader:
    """Reads rows of one plain format whose fields are texts, plus any fields nobody interprets."""

    def __init__(self, name: str, extra_fields: tuple[str, ...], *, duplicate_keys: bool) -> None:
        self.format = name
        self.extra_fields = extra_fields
        self._duplicate_keys = duplicate_keys
        optional = str | msgspec.UnsetType | None
        names = {
            "prompt": "query" if name == "sagemaker" else "prompt",
            "reference": _REFERENCE_FIELD[name],
            "system": "system",
            "category": "category",
        }
        fields: list[Any] = [("prompt", str), *((field, optional, _UNSET) for field in list(names)[1:])]
        for position, extra in enumerate(extra_fields):
            names[f"extra{position}"] = extra
            fields.append((f"extra{position}", Any, _UNSET))
        row_type = msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, gc=False)
        self._decode: Callable[[bytes], Any] = msgspec.json.Decoder(row_type).decode
        self._encoder = msgspec.json.Encoder()
        self._buffer = bytearray()

    def decode(self, lines: list[bytes]) -> list[Any]:
        """Rows up to the first line that is not of this shape."""
        rows: list[Any] = []
        with suppress(*DECODING_ERRORS):  # the rows before it stay
            rows.extend(map(self._decode, lines))
        return rows

    def clean(self, rows: list[Any], lines: list[bytes], data: bytes) -> CleanRows | None:
        """The rows as columns when every one is free of faults, else ``None``. ``data`` holds all lines."""
        prompts: list[str] = [row.prompt for row in rows]
        references: list[Any] = [row.reference for row in rows]
        systems: list[Any] = [row.system for row in rows]
        categories: Counter[Any] = Counter([row.category for row in rows])
        without_category = categories.pop(_UNSET, 0) + categories.pop(None, 0)
        present = len(rows) + sum(categories.values())
        if not all(prompts) or any(map(str.isspace, prompts)):
            return None
        if any(not category.strip() for category in categories):
            return None
        kinds = Counter(systems)
        if any(isinstance(system, str) and not system.strip() for system in kinds):
            return None
        for column in (references, systems):
            unset = column.count(_UNSET) if _UNSET in column else 0
            present += len(rows) - unset
            if unset:
                column[:] = [None if value is _UNSET else value for value in column]
        if without_category:  # written as null is present too
            present += sum(row.category is None for row in rows)
        if any(map(str.isspace, filter(None, references))) or "" in references:
            return None
        extra: dict[str, int] = {}
        nested = False
        for position, name in enumerate(self.extra_fields):
            values = [value for row in rows if (value := getattr(row, f"extra{position}")) is not _UNSET]
            present += len(values)
            nested = nested or any(isinstance(value, dict | list) for value in values)
            if values:
                extra[name] = len(values)
        if b"\x7f" in data or (b"\\" in data and _has_control_characters(lines, prompts, references, systems)):
            return None
        if self._duplicate_keys and not self._keys_are_unique(rows, lines, present, nested):
            return None
        return CleanRows(prompts, references, systems, categories, without_category, extra)

    def _keys_are_unique(self, rows: list[Any], lines: list[bytes], present: int, nested: bool) -> bool:
        """Whether no row names a key twice; ``present`` fields were found in all rows together."""
        text_bytes = sum(map(len, lines)) - len(lines)
        if not lines[-1].endswith(b"\n"):
            text_bytes += 1
        try:
            self._encoder.encode_into(rows, self._buffer)
        except (OverflowError, ValueError, TypeError):
            return all(keys_are_unique(line, msgspec.to_builtins(row)) for line, row in zip(lines, rows, strict=True))
        needed = len(self._buffer) - 1 - len(rows)  # without the list's brackets and commas
        if text_bytes == needed:
            return True
        # Written as json.dumps does: a space after each comma and colon.
        if text_bytes == needed + 2 * present - len(rows) and not nested:
            start = _FIRST_COLON.match(lines[0])
            if start is not None and all(map(bytes.startswith, lines, repeat(start.group()))):
                return True
        encode = self._encoder.encode
        return all(
            _same_length(line, encode(row)) or keys_are_unique(line, msgspec.to_builtins(row))
            for line, row in zip(lines, rows, strict=True)
        )


def keys_are_unique(line: bytes, value: Any) -> bool:
    """Whether ``line``, which decodes to ``value``, is certain to name no key twice in one object."""
    try:
        compact = msgspec.json.format(line, indent=-1)
        if len(compact) == len(msgspec.json.encode(value)):
            return True
    except (msgspec.MsgspecError, OverflowError, ValueError, TypeError, RecursionError):
        return False
    if b"\\" in compact and _has_escaped_key(value):
        return False
    # Each key is followed by its quote and a colon; inside a text that quote would be escaped.
    return compact.count(b'":') - compact.count(b'\\":') == _count_keys(value)


def _same_length(line: bytes, encoded: bytes) -> bool:
    try:
        return len(msgspec.json.format(line, indent=-1)) == len(encoded)
    except (msgspec.MsgspecError, RecursionError):
        return False


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _has_escaped_key(value: Any) -> bool:
    """Whether a key ends in a backslash, which would be taken for an escaped quote."""
    if isinstance(value, dict):
        return any(key.endswith("\\") or _has_escaped_key(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_escaped_key, value))


def _has_control_characters(lines: list[bytes], *columns: list[Any]) -> bool:
    """Whether a text holds a control character other than tab and line ends; JSON has them as escapes."""
    for index, line in enumerate(lines):
        if b"\\" not in line:
            continue
        spelled = b"\\u00" in line
        for column in columns:
            text = column[index]
            if text is None:
                continue
            if "\b" in text or "\f" in text or (spelled and CONTROL_CHARACTER.search(text)):
                return True
    return False


def quick_value(line: bytes, *, duplicate_keys: bool) -> Any:
    """A line's value when nothing is wrong with its JSON; raises one of ``DECODING_ERRORS`` otherwise."""
    value = msgspec.json.decode(line)
    if duplicate_keys and not keys_are_unique(line, value):
        raise msgspec.DecodeError("keys may repeat")
    return value


class Learner:
    """Watches rows read the slow way until it knows the file's shape, then provides a reader for it."""

    def __init__(self, *, duplicate_keys: bool) -> None:
        self.reader: FlatReader | None = None
        self._duplicate_keys = duplicate_keys
        self._rows = 0
        self._formats: Counter[str] = Counter()
        self._extra: dict[str, dict[str, None]] = {}
        self._rebuilds = 0

    def see(self, name: str, obj: Mapping[str, Any]) -> None:
        """One usable row."""
        self._rows += 1
        self._formats[name] += 1
        known = self._extra.setdefault(name, {})
        before = len(known)
        if name in _REFERENCE_FIELD and len(known) <= _MAX_EXTRA_FIELDS:
            own = ("query" if name == "sagemaker" else "prompt", _REFERENCE_FIELD[name], "system", "category")
            known.update(dict.fromkeys(key for key in obj if key not in own))
        if self.reader is None:
            if self._rows % _LEARN_FROM_ROWS == 0:
                self._build()
        elif name == self.reader.format and len(known) > before:
            self._build()

    def _build(self) -> None:
        name = self._formats.most_common(1)[0][0]
        extra = self._extra[name]
        usable = name in _REFERENCE_FIELD and len(extra) <= _MAX_EXTRA_FIELDS and _NEVER_EXTRA.isdisjoint(extra)
        if not usable or self._rebuilds >= _MAX_REBUILDS:
            self.reader = None
            return
        self._rebuilds += 1
        self.reader = FlatReader(name, tuple(extra), duplicate_keys=self._duplicate_keys)
