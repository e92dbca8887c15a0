"""A dataset line by line, each decoded and checked: what the operations work on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from model_evaluation.runtime.rows import DatasetRow

from .decoding import decode_line
from .formats import Fault, check_object
from .kinds import KINDS
from .lines import line_blocks, split_lines


class UsableLine(NamedTuple):
    """One line that is not blank. ``row`` and ``obj`` are ``None`` when it cannot be used."""

    number: int
    raw: bytes
    obj: dict[str, Any] | None
    row: DatasetRow | None
    faults: list[Fault]

    @property
    def has_error(self) -> bool:
        """Whether the row would be refused. A byte-order mark does not count: no copy keeps it."""
        return any(KINDS[fault.kind].level == "error" and fault.kind != "bom" for fault in self.faults)


def read_lines(chunks: Iterable[bytes], options: Mapping[str, Any]) -> Iterator[UsableLine]:
    """Every line that is not blank, checked with a report's ``options``."""
    number = 0
    for block in line_blocks(chunks):
        for raw in split_lines(block.data):
            number += 1
            if block.cut:
                yield UsableLine(number, raw, None, None, [Fault("row_too_long")])
            elif raw.strip():
                yield _read(number, raw, options)


def _read(number: int, raw: bytes, options: Mapping[str, Any]) -> UsableLine:
    decoded = decode_line(raw, duplicate_keys=bool(options.get("duplicate_keys", True)))
    if not decoded.readable:
        return UsableLine(number, raw, None, None, decoded.faults)
    checked = check_object(
        decoded.value,
        number,
        needs_reference=bool(options.get("needs_reference")),
        nova=bool(options.get("nova")),
    )
    obj = decoded.value if checked.row is not None else None
    return UsableLine(number, raw, obj, checked.row, [*decoded.faults, *checked.faults])
