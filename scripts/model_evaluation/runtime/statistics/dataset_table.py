"""The dataset as columns: what identifies a row, its texts, its category and metadata."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_evaluation.kinds.llm_as_judge.runtime.line_shape import fitting_lines, line_shape, scanned_lines, slot_reader
from model_evaluation.runtime.blocks import LineNumbers, as_mask, decoded_parts, decoded_table, in_order, only_chunk
from model_evaluation.runtime.rows import DatasetRow, read_dataset_rows
from model_evaluation.runtime.text_columns import (
    JSON_ESCAPES,
    NO_TEXT,
    Keys,
    blank_texts,
    joined_keys,
    text_keys,
    unescaped_texts,
)

LINES_PER_BLOCK = 8192
METADATA = "metadata "  # begins the name of a metadata field's column


class ListedRows(NamedTuple):
    """The dataset's usable rows in file order. ``lines`` are their 1-based lines, ``texts`` a table with ``prompt``,
    ``reference``, ``category`` and ``metadata NAME`` columns of text, ``skipped`` how many lines are not usable."""

    keys: Keys
    prompts: Keys
    referenced: NDArray[np.bool_]
    lines: NDArray[np.int64]
    texts: Any
    skipped: int = 0

    @property
    def metadata(self) -> list[str]:
        """The names of the metadata fields, sorted."""
        return sorted(name.removeprefix(METADATA) for name in self.texts.column_names if name.startswith(METADATA))


def read_listed(lines: Iterable[bytes] | Iterable[str]) -> ListedRows:
    """Every usable row of a JSON Lines file; the other lines are only counted."""

    def work(item: tuple[bytes, LineNumbers]) -> list[ListedRows]:
        return decoded_parts(*item, _quick_listed, _careful_listed)

    return joined_listed([part for found in in_order(_blocks_of_lines(lines), work) for part in found])


def traced_to(listed: ListedRows, lines: Sequence[int]) -> ListedRows:
    """The same rows, with the source's line of each: ``lines`` has it for every line of the dataset."""
    return listed._replace(lines=np.array(lines, np.int64)[listed.lines - 1])


def _blocks_of_lines(lines: Iterable[bytes] | Iterable[str]) -> Iterator[tuple[bytes, LineNumbers]]:
    """Blocks, and the numbers of their lines."""
    rest: Any = iter(lines)
    before = 0
    while few := list(itertools.islice(rest, LINES_PER_BLOCK)):
        if isinstance(few[0], str):
            few = [line.encode("utf-8", "surrogatepass") for line in few]
        block = b"".join(few)
        if block.count(b"\n") != len(few) or not block.endswith(b"\n"):
            block = b"".join(line.rstrip(b"\r\n") + b"\n" for line in few)
        yield block, before + np.arange(1, len(few) + 1)
        before += len(few)


def joined_listed(parts: Sequence[ListedRows]) -> ListedRows:
    """The rows of all parts, one after the other."""
    if not parts:
        return listed_rows([])
    keys, prompts, referenced, lines = (np.concatenate(columns) for columns in list(zip(*parts, strict=True))[:4])
    texts = pa.concat_tables([part.texts for part in parts], promote_options="default")
    return ListedRows(keys, prompts, referenced, lines, texts, sum(part.skipped for part in parts))


def listed_rows(rows: Sequence[DatasetRow], skipped: int = 0) -> ListedRows:
    """Rows that were read one by one, as columns."""
    columns = {part: [getattr(row, part) for row in rows] for part in ("prompt", "reference", "category")}
    for name in dict.fromkeys(name for row in rows for name in row.metadata):
        columns[METADATA + name] = [row.metadata.get(name) for row in rows]
    texts = {name: pa.array(column, pa.string()) for name, column in columns.items()}
    return _as_listed(texts, np.array([row.line for row in rows], np.int64), skipped)


def _as_listed(texts: dict[str, Any], lines: NDArray[np.int64], skipped: int = 0) -> ListedRows:
    prompts, references = text_keys(texts["prompt"]), text_keys(pc.fill_null(texts["reference"], ""))
    return ListedRows(joined_keys(prompts, references), prompts, references != NO_TEXT, lines, pa.table(texts), skipped)


def _careful_listed(block: bytes, numbers: LineNumbers) -> ListedRows:
    rows, skipped = read_dataset_rows(block.split(b"\n"))
    found = listed_rows(rows, skipped)
    return found._replace(lines=numbers[found.lines - 1])


def _quick_listed(block: bytes, numbers: LineNumbers) -> ListedRows:
    """A block whose rows all have the first one's fields, with values of the same types."""
    columns = _shaped_columns(block) or _decoded_columns(block)
    rows = len(next(iter(columns.values()), ()))
    if "messages" in columns:
        prompt, reference = _spoken(columns["messages"], "user"), _spoken(columns["messages"], "assistant")
    elif "query" in columns:
        prompt, reference = _spoken(columns["query"], "user"), _reference(columns.get("response"), rows)
    elif "prompt" in columns:
        prompt, reference = _spoken(columns["prompt"], "user"), _first_reference(columns, rows)
    else:
        raise pa.ArrowInvalid("no prompt")
    if prompt.null_count or blank_texts(prompt).any():
        raise pa.ArrowInvalid("a blank prompt")
    empty = pc.equal(reference, "")
    texts = {"prompt": prompt, "reference": pc.if_else(empty, None, reference) if pc.any(empty).as_py() else reference}
    metadata = columns.get("metadata", pa.nulls(rows, pa.struct([])))
    if not pa.types.is_struct(metadata.type):
        raise pa.ArrowInvalid("metadata in another form")
    fields = {field.name: _said(pc.struct_field(metadata, field.name)) for field in metadata.type}
    nothing = pa.nulls(rows, pa.string())
    texts["category"] = pc.coalesce(_said(columns.get("category", nothing)), fields.pop("category", nothing))
    texts |= {METADATA + name: column for name, column in fields.items()}
    return _as_listed(texts, numbers)


def _shaped_columns(block: bytes) -> dict[str, Any] | None:
    """The columns of a block whose rows are written alike and hold nothing but texts; ``None`` of any other."""
    scan = scanned_lines(block)
    shape = line_shape(scan.line(0), frozenset(), frozenset())
    if shape is None:
        return None
    fields = dict(shape.decoded)
    metadata = fields.pop("metadata", {})
    slots = [*fields.values(), *(metadata.values() if isinstance(metadata, dict) else [None])]
    if not all(isinstance(slot, str) for slot in slots) or 2 * len(slots) != len(shape.columns):
        return None
    lines, bounds = fitting_lines(scan, shape, np.arange(len(scan.starts)))
    if len(lines) < len(scan.starts):
        return None
    read, escaped = slot_reader(scan, bounds), b"\\" in block

    def texts(named: dict[str, str]) -> dict[str, Any]:
        found = {name: read(int(slot)) for name, slot in named.items()}
        return {name: unescaped_texts(own, JSON_ESCAPES) for name, own in found.items()} if escaped else found

    said = texts(metadata)
    held = {"metadata": pa.StructArray.from_arrays(list(said.values()), list(said))} if said else {}
    return texts(fields) | held


def _decoded_columns(block: bytes) -> dict[str, Any]:
    try:
        first = json.loads(block[: block.index(b"\n")])
    except (ValueError, RecursionError) as error:
        raise pa.ArrowInvalid(str(error)) from error
    if not isinstance(first, dict):
        raise pa.ArrowInvalid("no object")
    schema = pa.schema([(name, _arrow_type(value)) for name, value in first.items()])
    table = decoded_table(block, schema, unexpected="error")
    return {name: only_chunk(table[name]) for name in table.column_names}


def _arrow_type(value: object) -> Any:
    """The Arrow type of a JSON value; Arrow's error for what the careful reader has to look at."""
    if isinstance(value, dict):
        return pa.struct([(name, _arrow_type(item)) for name, item in value.items()])
    if isinstance(value, list) and value:
        return pa.list_(_arrow_type(value[0]))
    types = {str: pa.string(), bool: pa.bool_(), int: pa.int64(), float: pa.float64(), type(None): pa.null()}
    if type(value) not in types:
        raise pa.ArrowInvalid("a value that says nothing of its type")
    return types[type(value)]


def _scalar_texts(column: Any) -> Any:
    """Texts, whole numbers and truth values as text. Python writes other numbers in its own way."""
    if pa.types.is_floating(column.type) or pa.types.is_nested(column.type):
        raise pa.ArrowInvalid("no plain text")
    return column.cast(pa.string())


def _said(column: Any) -> Any:
    """As text, null where it is blank."""
    texts = _scalar_texts(column)
    blank = blank_texts(pc.fill_null(texts, ""))
    return pc.if_else(pa.array(blank), None, texts) if blank.any() else texts


def _reference(column: Any, rows: int) -> Any:
    """The column of a reference as text; all null without one."""
    if column is None:
        return pa.nulls(rows, pa.string())
    return _spoken(column, "assistant") if pa.types.is_list(column.type) else _scalar_texts(column)


def _spoken(column: Any, role: str) -> Any:
    """What the user said, or the assistant at last: of a text or of conversations in which the user speaks once and
    the assistant has the last word."""
    if pa.types.is_string(column.type) and role == "user":
        return column
    kind = column.type.value_type if pa.types.is_list(column.type) else None
    names = {f.name: f.type for f in kind} if kind is not None and pa.types.is_struct(kind) else {}
    lengths = pc.fill_null(pc.list_value_length(column), 0).to_numpy() if names else np.zeros(1, np.int64)
    if names.get("role") != pa.string() or names.get("content") != pa.string() or not lengths.all():
        raise pa.ArrowInvalid("no plain conversations")
    messages = column.flatten()
    roles, contents = pc.struct_field(messages, "role"), pc.struct_field(messages, "content")
    if roles.null_count or contents.null_count:
        raise pa.ArrowInvalid("a message without role or content")
    ends = np.cumsum(lengths)
    if role == "assistant":
        if not pc.all(pc.equal(roles.take(pa.array(ends - 1)), role)).as_py():
            raise pa.ArrowInvalid("the assistant has not the last word")
        return contents.take(pa.array(ends - 1))
    spoke = pc.equal(roles, role)
    if (np.add.reduceat(as_mask(spoke).astype(np.int64), ends - lengths) != 1).any():
        raise pa.ArrowInvalid("several turns")
    return contents.filter(spoke)


def _first_reference(columns: dict[str, Any], rows: int) -> Any:
    """The reference of rows that have ``prompt``: the first of the documented places that holds one."""
    places = [columns.get("completion"), columns.get("chosen")]
    for parent, name in (("extra_info", "answer"), ("reward_model", "ground_truth")):
        kind = columns[parent].type if parent in columns else pa.null()
        if pa.types.is_struct(kind) and kind.get_field_index(name) >= 0:
            places.append(pc.struct_field(columns[parent], name))
    return pc.coalesce(*(_reference(place, rows) for place in places))
