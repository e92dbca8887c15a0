"""The fast way through clean rows: typed decoding of whole batches, checked by columns.

It only ever accepts rows it can prove clean. Whatever it cannot prove goes to the slow way
(`decoding.py`, `formats.py`), which is the authority; both must give the same answer for every row.

How repeated keys are ruled out without looking at keys one by one: by counting quotes. Every key and
every text a row was found to have takes two quotes, and every quote inside a text one more (written
``\\"``). A repeated key would leave quotes that nothing accounts for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from .formats import CONTROL_CHARACTER, NOT_METADATA, VERL_MARKS
from .lines import Batch

_UNSET = msgspec.UNSET
_LEARN_FROM_ROWS = 32
_MAX_EXTRA_FIELDS = 32
_MAX_REBUILDS = 32
_REFERENCE_FIELD = {"sagemaker": "response", "prompt_completion": "completion", "preference": "chosen"}
_NEVER_EXTRA = frozenset(["messages", "query", "prompt", "completion", "chosen", "metadata", *VERL_MARKS])
_BACKSLASH, _DELETE = 0x5C, 0x7F

DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class CleanRows(NamedTuple):
    """Columns of rows that hold no fault. ``references`` and ``systems`` are ``None`` where absent."""

    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    prompt_lengths: list[int]
    reference_lengths: list[int]  # of those there are
    distinct_systems: set[str | None]
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

    def decode(self, lines: list[bytes]) -> list[Any]:
        """Rows up to the first line that is not of this shape."""
        rows: list[Any] = []
        with suppress(*DECODING_ERRORS):  # the rows before it stay
            rows.extend(map(self._decode, lines))
        return rows

    def clean(self, rows: list[Any], lines: list[bytes], batch: Batch) -> CleanRows | None:
        """The rows as columns when every one is free of faults, else ``None``.

        ``lines`` are theirs, from ``batch``.
        """
        prompts: list[str] = [row.prompt for row in rows]
        if not _all_say_something(prompts):
            return None
        references, absent_references = _without_unset([row.reference for row in rows])
        given = [text for text in references if text is not None] if absent_references.rows else references
        if not _all_say_something(given):
            return None
        systems: list[Any] = [row.system for row in rows]
        distinct_systems = set(systems)
        absent_systems = _Absent(0, 0)
        if not distinct_systems.isdisjoint((None, _UNSET)):
            systems, absent_systems = _without_unset(systems)
            distinct_systems = set(systems)
        categories: Counter[Any] = Counter([row.category for row in rows])
        absent_categories = _Absent(categories.pop(_UNSET, 0), categories.pop(None, 0))
        if not _all_say_something(system for system in distinct_systems if system is not None):
            return None
        if not _all_say_something(categories):
            return None
        present = texts = 4 * len(rows)
        for absent in (absent_references, absent_systems, absent_categories):
            present -= absent.unset
            texts -= absent.rows
        extra: dict[str, int] = {}
        extra_columns: list[list[Any]] = []
        nested = False
        for position, name in enumerate(self.extra_fields):
            column = [getattr(row, f"extra{position}") for row in rows]
            count = len(rows) - sum(value is _UNSET for value in column)
            if not count:
                continue
            if name not in NOT_METADATA:
                extra[name] = count
            present += count
            texts += sum(isinstance(value, str) for value in column)
            nested = nested or any(isinstance(value, dict | list) for value in column)
            extra_columns.append(column)
        columns = [prompts, references, systems]
        escaped = [index for index, line in enumerate(lines) if _BACKSLASH in line] if batch.holds(_BACKSLASH) else []
        spelled = b""
        if escaped:
            spelled = b"".join([lines[index] for index in escaped])
            columns = [[column[index] for index in escaped] for column in columns]
        if batch.holds(_DELETE) or (escaped and _has_control_character(spelled, columns)):
            return None
        if self._duplicate_keys:
            quotes = 2 * (present + texts)
            if escaped:
                columns.append([rows[index].category for index in escaped])
                columns.extend([column[index] for index in escaped] for column in extra_columns)
                quotes += sum(_joined(column).count('"') for column in columns)
            if nested or not _accounted_for(quotes, lines, spelled, batch):
                rest = zip(lines, rows, strict=True)
                if not all(keys_are_unique(line, msgspec.to_builtins(row)) for line, row in rest):
                    return None
        return CleanRows(
            prompts=prompts,
            references=references,
            systems=systems,
            prompt_lengths=list(map(len, prompts)),
            reference_lengths=list(map(len, given)),
            distinct_systems=distinct_systems,
            categories=categories,
            without_category=absent_categories.rows,
            extra_fields=extra,
        )


class _Absent(NamedTuple):
    """How many rows do not have a field, or have it as null."""

    unset: int
    null: int

    @property
    def rows(self) -> int:
        return self.unset + self.null


def _without_unset(column: list[Any]) -> tuple[list[Any], _Absent]:
    """The column with ``None`` for what is absent, and how much of it is."""
    try:
        sum(map(len, column))
    except TypeError:  # neither has a length
        unset = sum(value is _UNSET for value in column)
        column = [None if value is _UNSET else value for value in column]
        return column, _Absent(unset, column.count(None) - unset)
    return column, _Absent(0, 0)


def _all_say_something(texts: Iterable[Any]) -> bool:
    texts = list(texts) if not isinstance(texts, list) else texts
    return all(texts) and not any(map(str.isspace, texts))


def _joined(column: list[Any]) -> str:
    return "".join([value for value in column if isinstance(value, str)])


def _has_control_character(spelled: bytes, columns: list[list[Any]]) -> bool:
    """Whether a text holds a control character other than tab and line ends; JSON has them as escapes.

    ``spelled`` are the lines that hold escapes, ``columns`` their texts.
    """
    by_number = b"\\u00" in spelled
    for column in columns:
        text = _joined(column)
        if "\b" in text or "\f" in text or (by_number and CONTROL_CHARACTER.search(text) is not None):
            return True
    return False


def _accounted_for(quotes: int, lines: list[bytes], spelled: bytes, batch: Batch) -> bool:
    """Whether the lines hold exactly so many quotes, none of them written as ``\\u0022``."""
    whole = len(lines) == len(batch.lines)
    found = batch.count(b'"') if whole else sum(line.count(b'"') for line in lines)
    return found == quotes and b"\\u0022" not in spelled


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


def _count_keys(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_count_keys, value.values()))
    return sum(map(_count_keys, value)) if isinstance(value, list) else 0


def _has_escaped_key(value: Any) -> bool:
    """Whether a key ends in a backslash, which would be taken for an escaped quote."""
    if isinstance(value, dict):
        return any(key.endswith("\\") or _has_escaped_key(item) for key, item in value.items())
    return isinstance(value, list) and any(map(_has_escaped_key, value))


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
        usable = usable and not any('"' in key or "\\" in key for key in extra)
        if not usable or self._rebuilds >= _MAX_REBUILDS:
            self.reader = None
            return
        self._rebuilds += 1
        self.reader = FlatReader(name, tuple(extra), duplicate_keys=self._duplicate_keys)
