"""Rows as the Nova evaluation container takes them: JSON Lines of a strict schema, one file per job."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from model_evaluation.runtime.rows import DatasetRow, canonical_prompt, read_dataset_row
from model_evaluation.runtime.settings import Json

from .recipe import IMAGE_JUDGE, RFT

SCHEMAS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "gen_qa": (("query", "response"), ("system", "images", "metadata")),
    "judge": (("prompt", "response_A", "response_B"), ()),
    IMAGE_JUDGE: (("prompt", "response_A", "response_B", "images"), ()),
    RFT: (("messages", "reference_answer"), ("id",)),
}
"""Required and optional keys; all are texts but ``images`` and those of ``RFT``, which takes others, too."""
GENERATION_FAILED = "[generation failed"


class RowFault(NamedTuple):
    """What is wrong with some lines, and the fix. ``lines`` are their numbers, from 1."""

    kind: str
    message: str
    fix: str
    lines: tuple[int, ...]


class NovaRows(NamedTuple):
    """The usable rows with their line numbers, and every fault."""

    rows: list[dict[str, object]]
    lines: list[int]
    faults: list[RowFault]


FIXES = {
    "json": "Write one JSON object per line, in UTF-8.",
    "blank": "Take the blank lines out.",
    "missing": "Every row needs {required}, none of them empty.",
    "unknown": "Take the other keys out: a row has {required} and may have {optional}.",
    "text": "Write these as texts; an object goes in as JSON text, json.dumps(...).",
    "metadata": "Write metadata as JSON text of an object: json.dumps({{...}}).",
    "image": 'Write images as [{{"data": "data:image/png;Base64,..."}}].',
    "repeated_id": "Give every row its own row_id in metadata (rft: its own id), or none.",
    "failed": "Leave these rows out: the side whose answer is missing would lose without a reason.",
    "turns": 'Write one question as messages: [{{"role": "user", "content": "..."}}], at most with a system message '
    "before it.",
}
MESSAGES = {
    "json": "without a JSON object",
    "blank": "without anything",
    "missing": "without {keys}",
    "unknown": "with keys that the container refuses: {keys}",
    "text": "with something else than a text as {keys}",
    "metadata": "with metadata that is not JSON text of an object",
    "image": "with images in another shape than the container takes",
    "repeated_id": "with a row_id that another row has",
    "failed": "with a failed generation as an answer",
    "turns": "without messages of a single turn of text",
}


def read_nova_rows(lines: Iterable[bytes], task: str) -> NovaRows:
    """Every row of a file for ``task``, with all that the container would refuse. Nothing is guessed or mended."""
    schema = SCHEMAS[task if task in SCHEMAS else "judge"]
    rows: list[dict[str, object]] = []
    numbers: list[int] = []
    found: dict[tuple[str, str], list[int]] = {}
    ids: Counter[str] = Counter()
    for number, line in enumerate(lines, 1):
        row, faults = _read(line.rstrip(b"\r"), schema)
        row_id = None if row is None else row.get("id") if task == RFT else metadata_of(row).get("row_id")
        if row_id is not None:
            ids[str(row_id)] += 1
            if ids[str(row_id)] > 1:
                faults = [*faults, ("repeated_id", "")]
        for fault in faults:
            found.setdefault(fault, []).append(number)
        if row is not None and not faults:
            rows.append(row)
            numbers.append(number)
    return NovaRows(rows, numbers, [_fault(kind, keys, at, schema) for (kind, keys), at in found.items()])


def _read(
    line: bytes, schema: tuple[tuple[str, ...], tuple[str, ...]]
) -> tuple[dict[str, object] | None, list[tuple[str, str]]]:
    required, optional = schema
    if not line.strip():
        return None, [("blank", "")]
    try:
        row = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        return None, [("json", "")]
    return row, list(_faults(row, required, optional))


def _faults(row: Json, required: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    missing = [key for key in required if row.get(key) is None or row[key] == ""]
    if missing:
        yield "missing", ", ".join(missing)
    if "messages" in required:
        if "messages" not in missing and not _is_question(row["messages"]):
            yield "turns", ""
        return
    unknown = sorted(key for key in row if key not in (*required, *optional))
    if unknown:
        yield "unknown", ", ".join(unknown[:5])
    texts = [
        key
        for key in (*required, *optional)
        if key != "images" and row.get(key) is not None and not isinstance(row[key], str)
    ]
    if texts:
        yield "text", ", ".join(texts)
    if isinstance(row.get("metadata"), str) and row["metadata"] and not _is_json_object(row["metadata"]):
        yield "metadata", ""
    if "images" in row and not _are_images(row["images"]):
        yield "image", ""
    if any(str(row.get(key, "")).startswith(GENERATION_FAILED) for key in ("response_A", "response_B")):
        yield "failed", ""


def _is_question(messages: object) -> bool:
    """A user's message of text, after a system's at most."""
    turns = messages if isinstance(messages, list) else []
    roles = [turn.get("role") if isinstance(turn, dict) else "" for turn in turns]
    return roles in (["user"], ["system", "user"]) and bool(canonical_prompt(turns).strip())


def question_row(row: Json, line: int) -> DatasetRow:
    """A row of a reward evaluation: its reference as text, its id as ``row_id``, other single values as fields."""
    reference = row["reference_answer"]
    fields = {key: str(value) for key, value in row.items() if key != "id" and isinstance(value, str | int | float)}
    fields.pop("reference_answer", None)
    if row.get("id") is not None:
        fields["row_id"] = str(row["id"])
    read = read_dataset_row({"messages": row["messages"]}, line)
    text = reference if isinstance(reference, str) else json.dumps(reference)
    return DatasetRow(line, read.prompt, text, read.system, fields.pop("category", None), fields)


def reward_rows(lines: Iterable[bytes]) -> tuple[list[dict[str, object]], int]:
    """Rows of another format with a prompt and a reference as rows of a reward evaluation, and how many lines are
    none."""
    made: list[dict[str, object]] = []
    left_out = 0
    for number, line in enumerate(lines, 1):
        try:
            row = read_dataset_row(json.loads(line), number)
        except (ValueError, RecursionError):
            row = None
        if row is None or row.reference is None:
            left_out += 1
            continue
        fields = {key: value for key, value in row.metadata.items() if key != "row_id"}
        fields |= {"category": row.category} if row.category else {}
        turns = [{"role": "system", "content": row.system}] if row.system else []
        messages = [*turns, {"role": "user", "content": row.prompt}]
        row_id = row.metadata.get("row_id", str(number))
        made.append({"id": row_id, "messages": messages, "reference_answer": row.reference, **fields})
    return made, left_out


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False


def _are_images(value: object) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(item, dict) and str(item.get("data", "")).lower().startswith("data:image/") for item in value)


def _fault(kind: str, keys: str, at: list[int], schema: tuple[tuple[str, ...], tuple[str, ...]]) -> RowFault:
    required, optional = (", ".join(part) or "nothing else" for part in schema)
    rows = "1 row" if len(at) == 1 else f"{len(at):,} rows"
    message = f"{rows} {MESSAGES[kind].format(keys=keys)}."
    return RowFault(kind, message, FIXES[kind].format(required=required, optional=optional), tuple(at))


def metadata_of(row: Json) -> Json:
    """The row's metadata as an object; empty when it has none or they are of another form."""
    try:
        value = json.loads(row.get("metadata") or "{}")
    except (ValueError, TypeError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
