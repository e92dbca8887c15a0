"""One row read: what it says, as the notebook will read it, and every fault in its JSON and its fields."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

from model_evaluation.dataset.findings import FAULT_KINDS
from model_evaluation.runtime.rows import message_text, read_dataset_row
from model_evaluation.runtime.settings import Json

from .foreign import (
    Renaming,
    as_messages,
    foreign_prompt,
    holds_part,
    names_of,
    sure_references,
    usable_text,
    with_inner_fields,
)
from .formats import (
    NOT_METADATA,
    PROMPT_FIELDS,
    REFERENCE_FIELDS,
    VERL_PLACES,
    Fault,
    family,
    format_of,
    safe_name,
    type_name,
)
from .json_lines import decode_line
from .messages import answer_faults, prompt_faults
from .unseen import field_fault, mark_in, unseen_content

# Characters without ink that are not white space: of width zero, joiners, fillers, marks of direction.
INVISIBLE = re.compile(
    "[\\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\U000e0000-\U000e0fff]+"
)
CONTROL_CHARACTER = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MENDED_BY_CONVERT = frozenset(["foreign_prompt", "foreign_conversation"])
_NOT_USABLE = MENDED_BY_CONVERT | {"unknown_format", "missing_prompt", "blank_prompt", "wrong_type"}
_OPTIONAL_FIELDS: tuple[tuple[str, tuple[type, ...], str], ...] = (
    ("system", (str,), "wrong_type"),
    ("category", (str,), "wrong_type_optional"),
    ("metadata", (str, dict), "wrong_type_optional"),
)
_LONGEST_NAME = 64  # of a field that is known to hold a part of a row
_UNSEEN = frozenset(["not_text", "tools"])


@dataclass(frozen=True)
class Terms:
    """What makes rows usable. ``needs_reference``: a chosen metric or scorer uses the reference answer;
    ``refused_formats``: those that the models' path does not take; ``unused``: parts (system, reference) that it does
    not read; ``scorers``: what those are called that score the answers, beside evaluator and grader."""

    needs_reference: bool = False
    refused_formats: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    scorers: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """One line, read. ``prompt`` is ``None`` when it holds no usable row; texts that are absent or blank are ``None``.
    ``fields`` are those of a usable row beside the ones that are read; ``unseen`` is what it holds beside text;
    ``renaming`` says which of its fields stand in the place of others."""

    obj: Json
    faults: list[Fault]
    format: str | None = None
    prompt: str | None = None
    reference: str | None = None
    system: str | None = None
    category: str | None = None
    fields: list[str] = field(default_factory=list)
    unseen: str = ""
    renaming: Renaming = ()

    def kinds(self) -> set[str]:
        return {fault.kind for fault in self.faults}

    def has_error(self) -> bool:
        """Whether it would be refused. A byte-order mark does not count: no copy keeps it."""
        return any(FAULT_KINDS[kind].level == "error" and kind != "bom" for kind in self.kinds())

    def is_lost(self) -> bool:
        """Whether it has an error that no further operation mends."""
        return self.has_error() and not self.kinds() & MENDED_BY_CONVERT


class Beside(NamedTuple):
    """Those of a row's fields that stand beside the ones that are read, and must be spoken of, the likeliest first."""

    references: list[str]
    systems: list[str]
    sure_references: list[str]
    model_answers: list[str]
    unseen: list[str]


@lru_cache(1024)
def beside(names: tuple[str, ...]) -> Beside:
    """What fields of these names probably hold."""
    others = [name for name in names if name not in NOT_METADATA]
    return Beside(
        names_of("reference", others),
        names_of("system", others),
        sure_references(names),
        names_of("model answer", names),
        [name for name in names if field_fault(name, "x")],
    )


def cut_row(nbytes: int) -> Row:
    """A line of so many bytes, too long to be read."""
    return Row({}, [Fault("row_too_long", f"{nbytes / (1 << 20):.1f} MiB")])


def read_line(line: bytes, terms: Terms) -> Row:
    """The row in one line."""
    obj, faults = decode_line(line)
    if obj is None:
        return Row({}, faults)
    row = read_object(obj, terms)
    row.faults[:0] = faults
    return row


def read_object(obj: Json, terms: Terms | None = None) -> Row:
    """The row that a decoded object is."""
    row = Row(obj, [], format_of(obj))
    if row.format is None:
        _name_prompt(row)
        return row
    empty_places = [*_check_prompt(row), *_check_reference(row)]
    _check_others(row)
    if not row.kinds() & _NOT_USABLE:
        as_read = read_dataset_row(obj, 0)
        row.prompt, row.system, row.category = as_read.prompt, as_read.system, as_read.category
        row.reference = as_read.reference if (as_read.reference or "").strip() else None
        row.fields = [name for name in obj if name not in NOT_METADATA] + _inner_names(obj)
    _look_beside(row)
    _apply_terms(row, terms or Terms(), empty_places)
    if row.prompt is not None:
        texts = [row.prompt, row.reference or "", row.system or ""]
        if any(map(CONTROL_CHARACTER.search, texts)):
            row.faults.append(Fault("control_character"))
        if not row.unseen and (mark := mark_in(row.prompt)):
            row.faults.append(Fault("not_text", f"`{mark}`"))
    return row


def _check_prompt(row: Row) -> list[str]:
    """Whether there is a prompt. Returns where there is an empty answer instead of a reference."""
    name = PROMPT_FIELDS.get(row.format or "", "prompt")
    value = row.obj[name]
    if value is None or value == []:
        row.faults.append(Fault("missing_prompt", f"`{name}` is {'null' if value is None else 'an empty list'}"))
    elif isinstance(value, list) and name != "query":
        faults = prompt_faults(value, name)
        if any(fault.kind in _UNSEEN for fault in faults):
            row.unseen += unseen_content(value)
        row.faults += [fault for fault in faults if fault.kind != "empty_reference"]
        return [fault.detail for fault in faults if fault.kind == "empty_reference"]
    elif not isinstance(value, str) or name == "messages":
        row.faults.append(Fault("wrong_type", f"`{name}` is {type_name(value)}"))
    elif not value.strip():
        row.faults.append(Fault("blank_prompt", f"`{name}`"))
    elif not value.isascii() and INVISIBLE.fullmatch(value):
        row.faults.append(Fault("blank_prompt", f"`{name}` holds invisible characters only"))
    return []


def _check_reference(row: Row) -> list[str]:
    """Whether the reference answer can be read. Returns where there is an empty one."""
    if row.format == "openai_chat":
        return []
    name = REFERENCE_FIELDS.get(family(row.format or ""))
    if name is not None:
        value = row.obj.get(name)
        if value == [] or (isinstance(value, str) and not value.strip()):
            return [f"`{name}`"]
        if isinstance(value, list) and name != "response":
            row.faults += answer_faults(value, name)
        elif value is not None and not isinstance(value, str):
            row.faults.append(Fault("wrong_type", f"`{name}` is {type_name(value)}"))
        return []
    empty_places = []
    for outer, inner in VERL_PLACES:
        around = row.obj.get(outer)
        value = around.get(inner) if isinstance(around, dict) else None
        if around is not None and not isinstance(around, dict):
            row.faults.append(Fault("wrong_type", f"`{outer}` is {type_name(around)}"))
        elif isinstance(value, str) and not value.strip():
            empty_places.append(f"`{outer}.{inner}`")
        elif not isinstance(value, str | int | float | None):
            row.faults.append(Fault("wrong_type", f"`{outer}.{inner}` is {type_name(value)}"))
    return empty_places[-1:]


def _check_others(row: Row) -> None:
    """Whether system text, category and metadata can be read, and whether one format alone is meant."""
    obj = row.obj
    for name, expected, kind in _OPTIONAL_FIELDS:
        value = obj.get(name)
        if name == "system" and isinstance(value, list) and message_text(value):
            row.faults.append(Fault("foreign_conversation", "`system` is a list of parts"))
        elif value is not None and not isinstance(value, expected):
            row.faults.append(Fault(kind, f"`{name}` is {type_name(value)}"))
        elif name != "metadata" and isinstance(value, str) and not value.strip():
            row.faults.append(Fault("empty_text", f"`{name}`"))
    prompts = [f"`{name}`" for name in ("messages", "query", "prompt") if name in obj]
    if len(prompts) > 1:
        row.faults.append(Fault("ambiguous_format", " and ".join(prompts)))
    elif {"prompt", "completion", "chosen"} <= obj.keys():
        row.faults.append(Fault("ambiguous_format", "`completion` and `chosen`"))


def _inner_names(obj: Json) -> list[str]:
    """The fields of `metadata`, an object or its JSON text, that hold something, and those of `extra_info`."""
    metadata, extra = metadata_object(obj.get("metadata")), obj.get("extra_info")
    names = [f"metadata.{name}" for name, value in metadata.items() if isinstance(value, str | int | float)]
    inner = [f"extra_info.{name}" for name in extra] if isinstance(extra, dict) else []
    return [name for name in names if name != "metadata.category"] + inner


def metadata_object(value: object) -> Json:
    """What `metadata` holds, which may also be the JSON text of an object."""
    if isinstance(value, str):
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _name_prompt(row: Row) -> None:
    """Say where the prompt of a row in no format may be."""
    fields = with_inner_fields(row.obj)
    if as_messages(row.obj) is not None:
        row.faults.append(Fault("foreign_conversation", _what_it_has(row.obj)))
        return
    row.renaming = foreign_prompt([name for name, value in fields.items() if holds_part(name, value)])
    if row.renaming:
        names = row.renaming[0][0].split("+")
        row.faults.append(Fault("foreign_prompt", " and ".join(f"`{name}`" for name in names)))
    else:
        row.faults.append(Fault("unknown_format", _what_it_has(row.obj)))


def _what_it_has(obj: Json) -> str:
    return "has " + ", ".join(f"`{safe_name(key)}`" for key in sorted(obj)[:4]) if obj else "the object is empty"


def _look_beside(row: Row) -> None:
    """Say where reference answer and system text may be, in a usable row without, that a model has answered, and what
    is not text."""
    obj = row.obj
    names = beside(tuple(name for name in obj if len(name) <= _LONGEST_NAME))
    if not any(names):
        return
    if row.prompt is not None:
        reference = REFERENCE_FIELDS.get(family(row.format or ""), "completion")
        target = "response" if row.format == "openai_chat" else reference
        if row.reference is None:
            _name_instead(row, names.references, "foreign_reference", target)
        if row.system is None:
            _name_instead(row, names.systems, "foreign_system", "system")
        for name in names.sure_references if row.reference is not None else ():
            other = usable_text(obj[name])
            if other is not None and other.strip() != (row.reference or "").strip():
                row.faults.append(Fault("second_reference", f"`{name}`"))
    row.faults += [Fault("model_answers", f"`{name}`") for name in names.model_answers if obj[name]]
    for name in names.unseen:
        if fault := field_fault(name, obj[name]):
            row.faults.append(fault)
            row.unseen += repr(obj[name])


def _name_instead(row: Row, names: Iterable[str], kind: str, target: str) -> None:
    name = next((name for name in names if usable_text(row.obj[name]) is not None), None)
    if name is not None:
        row.faults.append(Fault(kind, f"`{name}`"))
        row.renaming += ((name, target),)


def _apply_terms(row: Row, terms: Terms, empty_places: list[str]) -> None:
    """What the terms say about a usable row."""
    if row.prompt is not None and row.reference is None:
        if terms.needs_reference:
            row.faults.append(Fault("missing_reference"))
        else:
            row.faults.append(Fault("empty_reference", empty_places[-1]) if empty_places else Fault("no_reference"))
    if row.format in terms.refused_formats and not {"prompt", "query"} & row.obj.keys():
        row.faults.append(Fault("format_not_taken", f"`{row.format}`"))
    parts = {"reference": row.reference, "system": row.system}
    if row.prompt is not None and any(parts[name] is not None for name in terms.unused):
        row.faults.append(Fault("part_not_used"))
