"""Rows of other tools with the formats' names: fields renamed, conversations as `messages`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from model_evaluation.dataset.rows.foreign import Renaming, as_messages, renamed, with_inner_fields
from model_evaluation.dataset.rows.formats import format_of, safe_name
from model_evaluation.dataset.rows.json_lines import decode_line
from model_evaluation.dataset.rows.lines import line_blocks
from model_evaluation.errors import Refused


def with_own_names(chunks: Iterable[bytes], renaming: Renaming) -> Iterator[bytes]:
    """The same lines, one for one; those that hold no row stay as they are. Raises Refused when a field of the renaming
    is in no row, or does not hold one text."""
    seen: dict[str, None] = {}
    dotted = any("." in name for name, _ in renaming)
    number = 0
    for block in line_blocks(chunks):
        for line in block.lines():
            number += 1
            row = None if block.cut else decode_line(line)[0]
            if row is None:
                yield line
                continue
            seen |= dict.fromkeys(list(with_inner_fields(row) if dotted else row)[:200])
            try:
                yield json.dumps(_mended(row, renaming), ensure_ascii=False).encode() + b"\n"
            except ValueError as error:
                raise Refused(
                    f"Line {number:,}: {error}.",
                    fix="Write one text there, or name another field with --map.",
                    code="not_convertible",
                ) from error
    missing = [name for name, _ in renaming if not {name, *map(str.strip, name.split("+"))} & seen.keys()]
    if missing and number:
        fields = ", ".join(f"`{safe_name(name)}`" for name in list(seen)[:10])
        raise Refused(
            f"No row has a field `{safe_name(missing[0])}`; the fields are {fields}.",
            fix="Name a field as it is written in the file: --map FIELD=query",
            code="bad_operation",
        )


def _mended(row: dict[str, object], renaming: Renaming) -> dict[str, object]:
    row = renamed(row, renaming)
    return row if format_of(row) not in (None, "openai_chat") else as_messages(row) or row
