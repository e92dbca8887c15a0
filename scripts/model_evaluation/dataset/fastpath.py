"""The fast way through clean rows: typed decoding of whole batches, checked by columns.

It only ever accepts rows it can prove clean. Whatever it cannot prove goes to the slow way
(`decoding.py`, `formats.py`), which is the authority; both must give the same answer for every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import msgspec

from model_evaluation.kernel.rows import _metadata_fields

from .formats import CONTROL_CHARACTER, NOT_METADATA, VERL_MARKS, family
from .keys import count_quotes
from .lines import Batch
from .shapes import SHAPES

_UNSET = msgspec.UNSET
_LEARN_FROM_ROWS = 32
_MAX_EXTRA_FIELDS = 32
_MAX_REBUILDS = 32
_PROMPT_FIELDS = frozenset(["messages", "query", "prompt", "completion", "chosen"])
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
    several_turns: list[int]  # positions
    categories: Counter[str]
    without_category: int
    fields: Counter[str]


class TypedReader:
    """Reads rows of one format and one set of fields."""

    def __init__(self, name: str, extra_fields: tuple[str, ...], *, duplicate_keys: bool) -> None:
        self.format = name
        self._extra_fields = extra_fields
        self._duplicate_keys = duplicate_keys
        self._shape = SHAPES[name](extra_fields)
        text = str | msgspec.UnsetType | None
        names = dict(self._shape.names) | {"category": "category"}
        fields: list[Any] = [*self._shape.fields, ("category", text, _UNSET)]
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
        return self._shape.conforming(rows)

    def clean(self, rows: list[Any], lines: list[bytes], batch: Batch) -> CleanRows | None:
        """The rows as columns when every one is free of faults, else ``None``.

        ``lines`` are theirs, from ``batch``.
        """
        texts = self._shape.texts(rows)
        if texts is None:
            return None
        given = texts.references
        if None in texts.distinct_references:
            given = [text for text in given if text is not None]
        if not (_all_say_something(texts.prompts) and _all_say_something(given)):
            return None
        distinct_systems = set(texts.systems)
        if not _all_say_something([system for system in distinct_systems if system is not None]):
            return None
        category_of = [row.category for row in rows]
        categories: Counter[Any] = Counter(category_of)
        unset, null = categories.pop(_UNSET, 0), categories.pop(None, 0)
        if not _all_say_something(list(categories)):
            return None
        extra = self._extra_columns(rows)
        escaped = [index for index, line in enumerate(lines) if _BACKSLASH in line] if batch.holds(_BACKSLASH) else []
        spelled = b"".join([lines[index] for index in escaped])
        inner = texts.joined(escaped)
        by_number = b"\\u00" in spelled
        apart = [text for i in escaped if (text := texts.references[i]) is not None] if texts.elsewhere else []
        if batch.holds(_DELETE) or _has_control_character("".join([inner, *apart]), by_number=by_number):
            return None
        if self._duplicate_keys:
            quotes = texts.quotes + 4 * len(rows) - 4 * unset - 2 * null + inner.count('"')
            quotes += sum(count * name.count('"') for name, count in categories.items())
            for column in extra.values():
                quotes += sum(2 + count_quotes(value) for value in column if value is not _UNSET)
            # A quote written as \u0022 is none in the line.
            if (by_number and b"\\u0022" in spelled) or quotes != _count_quotes_in(lines, batch):
                return None
        fields = self._fields(extra)
        without_category = unset + null
        if "metadata" in extra:
            without_category -= _read_metadata(extra["metadata"], category_of, categories, fields)
        return CleanRows(
            prompts=texts.prompts,
            references=texts.references,
            systems=texts.systems,
            prompt_lengths=list(map(len, texts.prompts)),
            reference_lengths=list(map(len, given)),
            distinct_systems=distinct_systems,
            several_turns=texts.several_turns,
            categories=categories,
            without_category=without_category,
            fields=fields,
        )

    def _extra_columns(self, rows: list[Any]) -> dict[str, list[Any]]:
        attributes = ((name, f"extra{position}") for position, name in enumerate(self._extra_fields))
        return {name: [getattr(row, attribute) for row in rows] for name, attribute in attributes}

    def _fields(self, extra: dict[str, list[Any]]) -> Counter[str]:
        """How many rows have each field that says something beside prompt and reference answer."""
        fields: Counter[str] = Counter()
        for name, column in extra.items():
            if name not in NOT_METADATA:
                fields[name] = sum(value is not _UNSET for value in column)
            elif name == "extra_info":
                fields.update(f"extra_info.{key}" for value in column if isinstance(value, dict) for key in value)
        return +fields


def _read_metadata(column: list[Any], category_of: list[Any], categories: Counter[Any], fields: Counter[str]) -> int:
    """Count the fields in ``metadata`` and the categories found only there; how many these are."""
    found = 0
    for value, category in zip(column, category_of, strict=True):
        if value is _UNSET or value is None:
            continue
        metadata = _metadata_fields(value)
        inner = metadata.pop("category", None)
        fields.update([f"metadata.{key}" for key in metadata])
        if inner is not None and not isinstance(category, str):
            categories[inner] += 1
            found += 1
    return found


def _all_say_something(texts: Iterable[Any]) -> bool:
    return all(texts) and not any(map(str.isspace, texts))


def _has_control_character(inner: str, *, by_number: bool) -> bool:
    """Whether a text holds a control character other than tab and line ends; JSON has them as escapes.

    ``inner`` are the texts of lines that hold escapes; ``by_number``: some are written as a number.
    """
    return "\b" in inner or "\f" in inner or (by_number and CONTROL_CHARACTER.search(inner) is not None)


def _count_quotes_in(lines: list[bytes], batch: Batch) -> int:
    whole = len(lines) == len(batch.lines)
    return batch.count(b'"') if whole else sum(line.count(b'"') for line in lines)


class Learner:
    """Watches rows read the slow way until it knows the file's shape, then provides a reader for it."""

    def __init__(self, *, duplicate_keys: bool) -> None:
        self.reader: TypedReader | None = None
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
        if before <= _MAX_EXTRA_FIELDS:
            own = SHAPES[name].own
            known.update(dict.fromkeys(key for key in obj if key not in own))
        if self.reader is None:
            if self._rows % _LEARN_FROM_ROWS == 0:
                self._build()
        elif name == self.reader.format and len(known) > before:
            self._build()

    def _build(self) -> None:
        name = self._formats.most_common(1)[0][0]
        extra = self._extra[name]
        never = (
            _PROMPT_FIELDS if family(name) in ("verl", "sagemaker", "openai_chat") else _PROMPT_FIELDS.union(VERL_MARKS)
        )
        usable = len(extra) <= _MAX_EXTRA_FIELDS and never.isdisjoint(extra)
        if not usable or self._rebuilds >= _MAX_REBUILDS:
            self.reader = None
            return
        self._rebuilds += 1
        self.reader = TypedReader(name, tuple(extra), duplicate_keys=self._duplicate_keys)
