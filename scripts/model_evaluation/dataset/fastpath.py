"""The fast way through clean rows: typed decoding, then checks of whole columns.

It only ever accepts rows it can prove clean. Whatever it cannot prove goes to the slow way
(`decoding.py`, `formats.py`), which is the authority; both must give the same answer for every row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from model_evaluation.runtime.rows import _metadata_fields

from .decoding import MAX_DEPTH
from .formats import NOT_METADATA
from .keys import count_strings, refuse_deep
from .lines import split_lines
from .octets import scanned
from .shapes import OPTIONAL_TEXT, SHAPES, PlainShape, Unproven, optional_texts

Numbers = NDArray[np.int64]

_UNSET = msgspec.UNSET
_LEARN_FROM_ROWS = 32
_MAX_EXTRA_FIELDS = 32
_MAX_REBUILDS = 32
_FEW_TEXTS = 16
_OFTEN_REPEATED = ("system", "category")  # fields that say the same few texts again and again, as a rule
_CARRIAGE_RETURN = 0x0D
_UNREADABLE_NAME = re.compile('["\\\\\x00-\x1f]')  # what msgspec allows in no field's name

DECODING_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class CleanRows(NamedTuple):
    """Columns of rows that hold no fault; positions count from 0."""

    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    prompt_lengths: Numbers
    reference_lengths: Numbers  # of those there are
    keys: tuple[Numbers, Numbers] | None  # of prompts and of references, as `Repetitions` has them
    with_system: int
    several_turns: list[int]  # positions
    crlf: list[int]  # positions
    categories: Counter[str]
    without_category: int
    fields: Counter[str]


def _each(function: Callable[[Any], int], texts: Sequence[str | None]) -> Numbers:
    return np.fromiter(map(function, texts), np.int64, len(texts))


def _one_of(texts: Iterable[str]) -> Any:
    literal: Any = Literal
    return literal[tuple(sorted(texts))]


class TypedReader:
    """Reads rows of one format and one set of fields.

    ``repeated``  for a field, all the texts it may hold; they are recognised instead of made again for every row
    """

    def __init__(
        self,
        name: str,
        extra_fields: tuple[str, ...],
        repeated: Mapping[str, Iterable[str]],
        *,
        duplicate_keys: bool,
        duplicate_rows: bool,
    ) -> None:
        self.format = name
        self._extra_fields = extra_fields
        self._duplicate_keys = duplicate_keys
        self._duplicate_rows = duplicate_rows
        self._shape = SHAPES[name](extra_fields)
        self._nested = bool(extra_fields) or not isinstance(self._shape, PlainShape)
        names = dict(self._shape.names) | {"category": "category"}
        fields = [*self._shape.fields, ("category", OPTIONAL_TEXT, _UNSET)]
        for position, (field, *_) in enumerate(fields):
            if repeated.get(field):
                fields[position] = (field, _one_of(repeated[field]) | msgspec.UnsetType | None, _UNSET)
        for position, extra in enumerate(extra_fields):
            names[f"extra{position}"] = extra
            fields.append((f"extra{position}", Any, _UNSET))
        row_type = msgspec.defstruct("Row", fields, rename=names, forbid_unknown_fields=True, gc=False)
        self._decode: Callable[[bytes], list[Any]] = msgspec.json.Decoder(row_type).decode_lines

    def read(self, data: bytes) -> CleanRows:
        """The rows in these lines as columns.

        Raises ``Unproven``, or one of ``DECODING_ERRORS``, unless every line holds one row free of faults.
        """
        crlf: list[int] = []
        if _CARRIAGE_RETURN in data:
            crlf = [i for i, line in enumerate(split_lines(data)) if line.endswith(b"\r\n")]
            data = data.replace(b"\r\n", b"\n")
        expected, quotes = scanned(data, nested=self._nested)
        rows = self._decode(data)
        if len(rows) != expected:
            raise Unproven
        texts = self._shape.texts(rows)
        prompt_lengths, reference_lengths = _each(len, texts.prompts), _each(len, texts.given_references)
        keys = None
        if self._duplicate_rows:  # soon after decoding, while texts are in the processor's cache
            keys = (
                _each(hash, texts.prompts) ^ _each(hash, texts.systems) >> 1,
                _each(hash, texts.references),
            )
        category_of = [row.category for row in rows]
        categories: Counter[Any] = Counter(category_of)
        unset, null = categories.pop(_UNSET, 0), categories.pop(None, 0)
        optional_texts(list(categories))
        extra = {
            name: [getattr(row, f"extra{position}") for row in rows] for position, name in enumerate(self._extra_fields)
        }
        for column in extra.values():
            refuse_deep(column, MAX_DEPTH - 1)
        if self._duplicate_keys:
            strings = texts.strings + 2 * (len(rows) - unset) - null
            for column in extra.values():
                strings += sum([1 + count_strings(value) for value in column if value is not _UNSET])
            if quotes != 2 * strings:
                raise Unproven
        fields = self._fields(extra)
        without_category = unset + null
        if "metadata" in extra:
            without_category -= _read_metadata(extra["metadata"], category_of, categories, fields)
        return CleanRows(
            prompts=texts.prompts,
            references=texts.references,
            systems=texts.systems,
            prompt_lengths=prompt_lengths,
            reference_lengths=reference_lengths,
            keys=keys,
            with_system=texts.with_system,
            several_turns=texts.several_turns,
            crlf=crlf,
            categories=categories,
            without_category=without_category,
            fields=fields,
        )

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
        if not isinstance(value, str | dict):
            raise Unproven
        metadata = _metadata_fields(value)
        inner = metadata.pop("category", None)
        fields.update([f"metadata.{key}" for key in metadata])
        if inner is not None and not isinstance(category, str):
            categories[inner] += 1
            found += 1
    return found


class Learner:
    """Watches rows read the slow way until it knows the file's shape, then reads rows of this shape."""

    def __init__(self, **options: bool) -> None:
        self._reader: TypedReader | None = None
        self._options = options
        self._rows = 0
        self._formats: Counter[str] = Counter()
        self._extra: dict[str, dict[str, None]] = {}
        self._repeated: dict[str, set[str]] = {field: set() for field in _OFTEN_REPEATED}
        self._rebuilds = 0

    @property
    def format(self) -> str:
        return self._reader.format if self._reader is not None else ""

    def read(self, data: bytes) -> CleanRows | None:
        """The rows in these lines, when all of them are known to be clean."""
        if self._reader is None:
            return None
        try:
            return self._reader.read(data)
        except (Unproven, *DECODING_ERRORS):
            return None

    def see(self, name: str, obj: Mapping[str, Any]) -> None:
        """One usable row."""
        self._rows += 1
        self._formats[name] += 1
        known = self._extra.setdefault(name, {})
        before = len(known)
        if before <= _MAX_EXTRA_FIELDS:
            own = SHAPES[name].own
            known.update(dict.fromkeys(key for key in obj if key not in own and not _UNREADABLE_NAME.search(key)))
        if self._reader is None:
            self._surprised(obj)
            if self._rows % _LEARN_FROM_ROWS == 0:
                self._build()
        elif name == self._reader.format and (self._surprised(obj) or len(known) > before):
            self._build()

    def _surprised(self, obj: Mapping[str, Any]) -> bool:
        """Whether a field turns out to hold more texts than those it was read with."""
        surprising = []
        for field, texts in self._repeated.items():
            text = obj.get(field)
            if isinstance(text, str) and text not in texts:
                texts.add(text)
                if self._reader is not None or len(texts) > _FEW_TEXTS:
                    surprising.append(field)
        for field in surprising:
            del self._repeated[field]
        return bool(surprising)

    def _build(self) -> None:
        name = self._formats.most_common(1)[0][0]
        extra = self._extra[name]
        usable = len(extra) <= _MAX_EXTRA_FIELDS and SHAPES[name].never.isdisjoint(extra)
        if not usable or self._rebuilds >= _MAX_REBUILDS:
            self._reader = None
            return
        self._rebuilds += 1
        self._reader = TypedReader(name, tuple(extra), self._repeated, **self._options)
