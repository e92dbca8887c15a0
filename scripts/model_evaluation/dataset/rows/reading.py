"""Rows read a block of lines at a time: what each says, and every fault in its JSON and its fields.

Rows with the same fields are read as columns. A column of plain texts is taken as a whole; only the values that are
something else are looked at one by one. That is what makes it fast, and there is no second way to read a row.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, compress
from operator import not_
from typing import Any, NamedTuple

import msgspec

from model_evaluation.dataset.rows.formats import Column
from model_evaluation.runtime.rows import message_text, read_dataset_row
from model_evaluation.runtime.settings import Json

from .foreign import as_messages, foreign_prompt, holds_part, names_of, sure_references, usable_text, with_inner_fields
from .formats import (
    FIELDS_THAT_COUNT,
    NOT_METADATA,
    PROMPT_FIELDS,
    REFERENCE_FIELDS,
    Fault,
    family,
    format_with,
    safe_name,
    type_name,
)
from .json_lines import ABSENT, DecodedLines, LineDecoder
from .lines import Block, line_blocks
from .messages import read_answer, read_conversations
from .unseen import MARKS, field_fault, mark_in, unseen_content, unseen_fields

# Characters without ink that are no white space: of width zero, joiners, fillers, marks of direction.
INVISIBLE = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
UNSEEN = frozenset(["not_text", "tools"])
_ESCAPED_CONTROLS = frozenset([b"b", b"f", b"u"])


@dataclass(frozen=True)
class Terms:
    """What makes rows usable. ``needs_reference``: a chosen metric or scorer uses the reference answer;
    ``refused_formats``: those that the models' path does not take; ``unused``: parts (system, reference) that it does
    not read; ``scorers``: what those are called that score the answers, beside evaluator and grader."""

    needs_reference: bool = False
    refused_formats: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()


class UsableRows(NamedTuple):
    """Rows that can be evaluated, as columns of equal length."""

    lines: Sequence[int]
    prompts: list[str]
    references: list[str | None]
    systems: list[str | None]
    categories: list[str | None]
    formats: list[str]


@dataclass
class RowBlock:
    """Consecutive lines, read. Every list has one entry a line.

    ``prompts`` hold ``None`` for a line without a usable row. Texts that are absent or blank are ``None``. ``faults``
    are (position, fault, about where in the line). ``fields`` counts the rows that have a field beside those read,
    ``foreign`` those in which a field (first) stands in the place of another (second).
    ``objects`` are by position, where they were kept, and so is what is ``unseen``: content that is not text.
    """

    first_line: int
    lines: Sequence[bytes]
    nbytes: int
    objects: dict[int, Json] = field(default_factory=dict)
    all_usable: bool = False
    formats: list[str | None] = field(init=False)
    prompts: list[str | None] = field(init=False)
    references: list[str | None] = field(init=False)
    systems: list[str | None] = field(init=False)
    categories: list[str | None] = field(init=False)
    fields: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, Fault, int]] = field(default_factory=list)
    foreign: Counter[tuple[str, str]] = field(default_factory=Counter)
    unseen: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        size = len(self.lines)
        self.formats, self.prompts, self.references = [None] * size, [None] * size, [None] * size
        self.systems, self.categories = [None] * size, [None] * size

    def usable(self) -> UsableRows:
        """The lines that hold a usable row."""
        columns = self.prompts, self.references, self.systems, self.categories, self.formats
        lines: Sequence[int] = range(self.first_line, self.first_line + len(self.lines))
        if self.all_usable:
            return UsableRows(lines, *columns)  # type: ignore[arg-type]
        at_usable = [at for at, prompt in enumerate(self.prompts) if prompt is not None]
        return UsableRows(
            [lines[at] for at in at_usable],
            *[[column[at] for at in at_usable] for column in columns],  # type: ignore[arg-type]
        )

    def add_fault(self, position: int, kind: str, detail: str = "") -> None:
        self.faults.append((position, Fault(kind, detail), 0))


class _Layout(NamedTuple):
    """What the names of a row's fields tell. ``reference`` is the field of the reference answer, if it has one;
    ``several`` when fields of more than one format stand side by side."""

    format: str | None
    prompt: str
    reference: str | None
    names: frozenset[str]
    several: str


def read_blocks(chunks: Iterable[bytes], terms: Terms, *, keep_objects: bool = False) -> Iterator[RowBlock]:
    """All lines of a dataset, a block at a time."""
    line, decoder = 1, LineDecoder(keep_objects=keep_objects)
    for block in line_blocks(chunks):
        rows = read_block(block, line, terms, decoder)
        line += len(rows.lines)
        yield rows


def read_block(block: Block, first_line: int, terms: Terms, decoder: LineDecoder) -> RowBlock:
    """The rows in one block, whose first line has number ``first_line``."""
    lines = block.lines()
    rows = RowBlock(first_line, lines, block.nbytes)
    if block.cut:
        rows.add_fault(0, "row_too_long", f"{block.nbytes / (1 << 20):.1f} MiB")
        return rows
    decoded = decoder.decode(block.data, lines)
    rows.faults += decoded.faults
    if b"\r" in block.data:
        rows.faults += [(at, Fault("crlf"), 0) for at, line in enumerate(lines) if line.endswith(b"\r\n")]
    _fill(rows, decoded, terms)
    if b"\x7f" in block.data or not decoded.escapes.keys().isdisjoint(_ESCAPED_CONTROLS):
        _find_control_characters(rows)
    if b"<" in block.data and any(mark in block.data for mark in MARKS):
        for at, prompt in enumerate(rows.prompts):
            if prompt is not None and at not in rows.unseen and (mark := mark_in(prompt)):
                rows.add_fault(at, "not_text", f"`{mark}`")
    rows.faults.sort(key=lambda entry: entry[0])
    return rows


def read_object(obj: Json, terms: Terms | None = None) -> RowBlock:
    """One decoded object as a block of one line."""
    rows = RowBlock(0, [b""], 0)
    columns = {name: [obj[name]] for name in FIELDS_THAT_COUNT if name in obj}
    _fill(rows, DecodedLines([0], columns, Counter(list(obj)), Counter(), objects=[obj]), terms or Terms())
    _find_control_characters(rows)
    return rows


def _fill(rows: RowBlock, decoded: DecodedLines, terms: Terms) -> None:
    """Read the decoded objects into the block's columns."""
    rows.objects = dict(zip(decoded.positions, decoded.objects or [], strict=False))
    rows.fields.update({name: count for name, count in decoded.fields.items() if name not in NOT_METADATA})
    for (names, conversational), indexes in _alike(decoded).items():
        _Group(rows, decoded, indexes, _layout(names, conversational), terms).read()


def _alike(decoded: DecodedLines) -> dict[tuple[frozenset[str], bool], Sequence[int]]:
    """Indexes of the objects by their fields that count, and by whether their prompt is a conversation."""
    columns = {name: decoded.columns[name] for name in FIELDS_THAT_COUNT if decoded.fields[name]}
    size = len(decoded.positions)
    some = [name for name in columns if decoded.fields[name] < size]
    prompts = {type(value) is list for value in columns["prompt"]} if "prompt" in columns else {False}
    if size and not some and len(prompts) == 1:
        return {(frozenset(columns), prompts.pop()): range(size)}
    groups: dict[tuple[frozenset[str], bool], list[int]] = {}
    everywhere = frozenset(columns.keys() - set(some))
    for index in range(size):
        names = everywhere.union(name for name in some if columns[name][index] is not ABSENT)
        conversational = "prompt" in names and type(columns["prompt"][index]) is list
        groups.setdefault((names, conversational), []).append(index)
    return dict(groups)


@lru_cache(1024)
def _layout(names: frozenset[str], conversational: bool) -> _Layout:
    name = format_with(names, conversational=conversational)
    prompts = [f"`{key}`" for key in ("messages", "query", "prompt") if key in names]
    several = " and ".join(prompts) if len(prompts) > 1 else ""
    if not several and {"prompt", "completion", "chosen"} <= names:
        several = "`completion` and `chosen`"
    reference = REFERENCE_FIELDS.get(family(name or ""))
    return _Layout(name, PROMPT_FIELDS.get(name or "", "prompt"), reference, names, several)


class _Group:
    """Objects with the same fields, on their way into the block's columns. ``at`` counts within the group."""

    def __init__(
        self, rows: RowBlock, decoded: DecodedLines, indexes: Sequence[int], layout: _Layout, terms: Terms
    ) -> None:
        self.rows = rows
        self.decoded = decoded
        self.indexes = indexes
        self.layout = layout
        self.terms = terms
        self.size = len(indexes)
        self.unusable: set[int] = set()
        self.empty_references: dict[int, str] = {}

    def column(self, name: str) -> Column:
        column = self.decoded.columns[name]
        return column.copy() if self.size == len(column) else [column[index] for index in self.indexes]

    def object(self, at: int) -> Json:
        return self.decoded.object(self.indexes[at])

    def fault(self, at: int, kind: str, detail: str = "") -> None:
        self.rows.add_fault(self.decoded.positions[self.indexes[at]], kind, detail)

    def refuse(self, at: int, kind: str, detail: str = "") -> None:
        self.fault(at, kind, detail)
        self.unusable.add(at)

    def read(self) -> None:
        layout = self.layout
        if layout.format is None:
            for at in range(self.size):
                self._refuse_foreign(at, self.object(at))
            self._do_not_count_unusable()
            return
        prompts, systems, answers = self._prompts()
        for at in _not_ascii(prompts):
            if INVISIBLE.fullmatch(prompts[at] or ""):
                self.refuse(at, "blank_prompt", f"`{layout.prompt}` holds invisible characters only")
        references = answers if layout.format == "openai_chat" else self._references()
        if "system" in layout.names:
            systems = [own or spoken for own, spoken in zip(self._own_systems(), systems, strict=True)]
        categories = self._categories()
        if layout.several:
            self._read_several(prompts, references, systems)
        self._name_foreign(references, systems)
        self._name_unseen()
        self._apply_terms(references, systems)
        for at in self.unusable:
            prompts[at] = None
        self._do_not_count_unusable()
        self._store(prompts, references, systems, categories)

    def _do_not_count_unusable(self) -> None:
        for at in self.unusable:
            self.rows.fields.subtract(name for name in self.object(at) if name not in NOT_METADATA)

    def _store(self, *columns: list[str | None]) -> None:
        rows, into = self.rows, ("prompts", "references", "systems", "categories")
        if self.size == len(rows.lines):
            rows.formats = [self.layout.format] * self.size
            rows.all_usable = not self.unusable
            for name, column in zip(into, columns, strict=True):
                setattr(rows, name, column)
            return
        positions = [self.decoded.positions[index] for index in self.indexes]
        for name, column in zip((*into, "formats"), (*columns, [self.layout.format] * self.size), strict=True):
            whole = getattr(rows, name)
            for position, text in zip(positions, column, strict=True):
                whole[position] = text

    def _prompts(self) -> tuple[list[str | None], list[str | None], list[str | None]]:
        """Prompts, and system texts and answers of those that are conversations."""
        column = self.column(self.layout.prompt)
        if self.layout.prompt == "messages" or self.layout.format in _CONVERSATIONAL:
            return self._conversations(column)
        for at in _odd(column):
            self._refuse_prompt(at, column[at])
        return column, [None] * self.size, [None] * self.size

    def _refuse_prompt(self, at: int, value: Any) -> None:
        name = self.layout.prompt
        if value is None or value == []:
            self.refuse(at, "missing_prompt", f"`{name}` is {'null' if value is None else 'an empty list'}")
        elif isinstance(value, str) and name != "messages":
            self.refuse(at, "blank_prompt", f"`{name}`")
        else:
            self.refuse(at, "wrong_type", f"`{name}` is {type_name(value)}")

    def _conversations(self, column: Column) -> tuple[list[str | None], list[str | None], list[str | None]]:
        strange = [at for at, value in enumerate(column) if type(value) is not list or not value]
        for at in strange:
            self._refuse_prompt(at, column[at])
            column[at] = _NOTHING_SAID
        prompts, systems, answers, faults = read_conversations(column, self.layout.prompt)
        for at, own in enumerate(faults):
            if own:
                self._note(at, own)
                if any(fault.kind in UNSEEN for fault in own):
                    self._keep_unseen(at, unseen_content(column[at]))
        if None in prompts:
            self.unusable.update(at for at, prompt in enumerate(prompts) if prompt is None)
        return prompts, systems, answers

    def _note(self, at: int, faults: Iterable[Fault]) -> None:
        for kind, detail in faults:
            if kind == "empty_reference":
                self.empty_references[at] = detail
            elif kind == "wrong_type":
                self.refuse(at, kind, detail)
            else:
                self.fault(at, kind, detail)

    def _references(self) -> list[str | None]:
        name = self.layout.reference
        if name is None:
            return [self._verl_answer(at, self.object(at)) for at in range(self.size)]
        if name not in self.layout.names:
            return [None] * self.size
        column = self.column(name)
        for at in _odd(column):
            column[at] = self._odd_reference(at, name, column[at])
            if column[at] is None and at not in self.unusable:
                column[at] = self._as_the_notebook_reads(at)[1]  # of another place, if there is one
        return column

    def _odd_reference(self, at: int, name: str, value: Any) -> str | None:
        if isinstance(value, str) or value == []:
            self.empty_references[at] = f"`{name}`"
        elif isinstance(value, list) and self.layout.format != "sagemaker":
            answer, faults = read_answer(value, name)
            self._note(at, faults)
            return answer
        elif value is not None:
            self.refuse(at, "wrong_type", f"`{name}` is {type_name(value)}")
        return None

    def _verl_answer(self, at: int, obj: Json) -> str | None:
        answers = []
        for name, inner in (("extra_info", "answer"), ("reward_model", "ground_truth")):
            value = obj.get(name)
            if value is None:
                continue
            if not isinstance(value, dict):
                self.refuse(at, "wrong_type", f"`{name}` is {type_name(value)}")
                continue
            answer = value.get(inner)
            if answer is None:
                continue
            if isinstance(answer, str) and not answer.strip():
                self.empty_references[at] = f"`{name}.{inner}`"
            elif not isinstance(answer, str | int | float):
                self.refuse(at, "wrong_type", f"`{name}.{inner}` is {type_name(answer)}")
            answers.append(answer if isinstance(answer, str) else json.dumps(answer))
        return answers[0] if answers and answers[0].strip() else None

    def _own_systems(self) -> list[str | None]:
        column = self.column("system")
        for at in _odd(column):
            if isinstance(column[at], str):
                self.fault(at, "empty_text", "`system`")
            elif isinstance(column[at], list) and message_text(column[at]):
                self.refuse(at, "foreign_conversation", "`system` is a list of parts")
            elif column[at] is not None:
                self.refuse(at, "wrong_type", f"`system` is {type_name(column[at])}")
            column[at] = None
        return column

    def _categories(self) -> list[str | None]:
        categories: list[str | None] = [None] * self.size
        if "category" in self.layout.names:
            categories = self.column("category")
            for at in _odd(categories):
                categories[at] = self._odd_category(at, categories[at])
        if "metadata" in self.layout.names:
            self._read_metadata(categories)
        if "extra_info" in self.layout.names:
            infos = [value for value in self.column("extra_info") if isinstance(value, dict)]
            self.rows.fields.update(f"extra_info.{key}" for key in chain.from_iterable(infos))
        return categories

    def _odd_category(self, at: int, value: Any) -> str | None:
        if isinstance(value, str):
            self.fault(at, "empty_text", "`category`")
        elif value is not None:
            self.fault(at, "wrong_type_optional", f"`category` is {type_name(value)}")
        return _category_text(value)

    def _read_metadata(self, categories: list[str | None]) -> None:
        """Count the fields that hold something, and take the categories that stand nowhere else."""
        column = self.column("metadata")
        if str in set(map(type, column)):
            column = [_from_text(value) if type(value) is str else value for value in column]
        for at, value in enumerate(column if set(map(type, column)) != {dict} else ()):
            if type(value) is not dict:
                column[at] = {}
                if value is not None:
                    self.fault(at, "wrong_type_optional", f"`metadata` is {type_name(value)}")
        names, values = list(chain.from_iterable(column)), list(chain.from_iterable(map(dict.values, column)))
        if not set(map(type, values)) <= _SCALARS:
            names = [name for name, value in zip(names, values, strict=True) if type(value) in _SCALARS]
        counts = Counter(names)
        if counts.pop("category", 0):
            for at in [at for at, own in enumerate(categories) if own is None]:
                categories[at] = _category_text(column[at].get("category"))
        self.rows.fields.update({f"metadata.{name}": count for name, count in counts.items()})

    def _read_several(self, prompts: list[str | None], references: list[str | None], systems: list[str | None]) -> None:
        """Fields of several formats: whatever the notebook would read counts."""
        for at in range(self.size):
            self.fault(at, "ambiguous_format", self.layout.several)
            if at not in self.unusable:
                prompts[at], references[at], systems[at] = self._as_the_notebook_reads(at)

    def _as_the_notebook_reads(self, at: int) -> tuple[str, str | None, str | None]:
        row = read_dataset_row(self.object(at), 0)
        return row.prompt, row.reference if (row.reference or "").strip() else None, row.system

    def _refuse_foreign(self, at: int, obj: Json) -> None:
        """Say where the prompt of a row in no format may be."""
        if as_messages(obj) is not None:
            return self.refuse(at, "foreign_conversation", _what_it_has(obj))
        fields = with_inner_fields(obj)
        renaming = foreign_prompt([name for name, value in fields.items() if holds_part(name, value)])
        self.rows.foreign.update(renaming)
        if renaming:
            return self.refuse(at, "foreign_prompt", " and ".join(f"`{name}`" for name in renaming[0][0].split("+")))
        return self.refuse(at, "unknown_format", _what_it_has(obj))

    def _name_foreign(self, references: list[str | None], systems: list[str | None]) -> None:
        """Say where reference answer and system text may be, in usable rows without, and that a model has answered."""
        fields = self.decoded.fields
        known = self.layout.reference or ("response" if self.layout.format == "openai_chat" else "completion")
        for role, column, target in (("reference", references, known), ("system", systems, "system")):
            names = [name for name in names_of(role, fields) if name not in NOT_METADATA]
            for at, text in enumerate(column if names else ()):
                if text is None and at not in self.unusable:
                    obj = self.object(at)
                    if name := next((name for name in names if usable_text(obj.get(name)) is not None), None):
                        self.fault(at, f"foreign_{role}", f"`{name}`")
                        self.rows.foreign[name, target] += 1
        for name in sure_references(fields):
            for at, text in enumerate(references):
                if text is not None and at not in self.unusable:
                    other = usable_text(self.object(at).get(name))
                    if other is not None and other.strip() != text.strip():
                        self.fault(at, "second_reference", f"`{name}`")
        for name in names_of("model answer", fields):
            for at in range(self.size):
                if self.object(at).get(name):
                    self.fault(at, "model_answers", f"`{name}`")

    def _name_unseen(self) -> None:
        """Say which fields hold something that is not text."""
        for name in unseen_fields(self.decoded.fields):
            for at in range(self.size):
                value = self.object(at).get(name)
                if fault := field_fault(name, value):
                    self.fault(at, *fault)
                    self._keep_unseen(at, repr(value))

    def _keep_unseen(self, at: int, content: str) -> None:
        position = self.decoded.positions[self.indexes[at]]
        self.rows.unseen[position] = self.rows.unseen.get(position, "") + content

    def _apply_terms(self, references: list[str | None], systems: list[str | None]) -> None:
        """What the terms say about the usable rows."""
        terms = self.terms
        if None in references:
            for at, reference in enumerate(references):
                if reference is not None or at in self.unusable:
                    continue
                if terms.needs_reference:
                    self.fault(at, "missing_reference")
                elif at in self.empty_references:
                    self.fault(at, "empty_reference", self.empty_references[at])
                else:
                    self.fault(at, "no_reference")
        if self.layout.format in terms.refused_formats and not {"prompt", "query"} & self.layout.names:
            for at in range(self.size):
                self.fault(at, "format_not_taken", f"`{self.layout.format}`")
        if terms.unused:
            parts = {"reference": references, "system": systems}
            for at in range(self.size):
                if at not in self.unusable and any(parts[name][at] is not None for name in terms.unused):
                    self.fault(at, "part_not_used")


def _what_it_has(obj: Json) -> str:
    if not obj:
        return "the object is empty"
    return "has " + ", ".join(f"`{safe_name(key)}`" for key in sorted(obj)[:4])


_NOTHING_SAID = [{"role": "user", "content": "-"}]  # in the place of what is not a conversation
_CONVERSATIONAL = frozenset(["prompt_completion_conversational", "preference_conversational", "verl"])
_SCALARS = frozenset([str, int, float, bool])


def _odd(column: Column) -> list[int]:
    """Positions of what is not a text that says something."""
    try:
        if all(map(str.strip, column)):
            return []
    except TypeError:
        pass
    return [at for at, value in enumerate(column) if type(value) is not str or not value.strip()]


def _not_ascii(column: Column) -> list[int]:
    """Positions of texts with other than ASCII characters."""
    try:
        return list(compress(range(len(column)), map(not_, map(str.isascii, column))))
    except TypeError:
        return [at for at, value in enumerate(column) if type(value) is str and not value.isascii()]


def _category_text(value: object) -> str | None:
    if isinstance(value, str):
        return value if value.strip() else None
    return json.dumps(value) if isinstance(value, bool | int | float) else None


def _from_text(text: str) -> object:
    """The object that a text of JSON holds; ``None`` for any other text."""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    return value if type(value) is dict else None


def _find_control_characters(rows: RowBlock) -> None:
    for at, texts in enumerate(zip(rows.prompts, rows.references, rows.systems, strict=True)):
        if texts[0] is not None and any(text is not None and CONTROL_CHARACTER.search(text) for text in texts):
            rows.add_fault(at, "control_character")
