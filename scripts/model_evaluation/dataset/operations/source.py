"""The dataset an operation works on, line by line."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.rows.foreign import Renaming, as_messages, renamed, with_inner_fields
from model_evaluation.dataset.rows.formats import format_of, safe_name
from model_evaluation.dataset.rows.json_lines import decode_line
from model_evaluation.dataset.rows.lines import line_blocks
from model_evaluation.dataset.rows.reading import Row, cut_row, read_line
from model_evaluation.dataset.rows.tables import TABLES
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

from .unpacking import UNPACKABLE, unpacked

OpenChunks = Callable[[], Iterable[bytes]]


class SourceLine(NamedTuple):
    """One line that is not blank."""

    number: int
    raw: bytes
    row: Row


class Source:
    """May be read more than once and must be the same each time. ``sha256``, ``nbytes`` and ``rows`` (lines that are
    not blank) are known after the first reading."""

    def __init__(self, open_chunks: OpenChunks, report: DatasetReport) -> None:
        self.report = report
        self._open_chunks = open_chunks
        self.sha256 = ""
        self.nbytes = 0
        self.rows = 0
        self.foreign: Counter[tuple[str, str]] = Counter()

    @property
    def is_table(self) -> bool:
        return bool(self.report.kinds() & TABLES)

    def lines(self, *, unpack: bool = False, renaming: Renaming = ()) -> Iterator[SourceLine]:
        """Every line that is not blank, read on the report's terms. ``unpack``: of a file in another shape, with
        fields and conversations of other tools under the names that the formats have; ``renaming`` says which
        fields. After the first reading ``foreign`` counts the fields that stand in the place of others."""
        digest = sha256()
        number = nbytes = rows = 0

        def counted() -> Iterator[bytes]:
            nonlocal nbytes
            for chunk in self._open_chunks():
                digest.update(chunk)
                nbytes += len(chunk)
                yield chunk

        chunks = counted()
        packing = self.report.kinds() & UNPACKABLE if unpack else set()
        as_lines = partial(unpacked, kind=packing.pop()) if packing else iter
        stream = as_lines(chunks)
        if unpack and (renaming or packing or "foreign_conversation" in self.report.kinds()):
            stream = _with_own_names(stream, renaming)
        self.foreign.clear()
        for block in line_blocks(stream):
            for line in block.lines():
                number += 1
                if line.strip():
                    row = cut_row(block.nbytes) if block.cut else read_line(line, self.report.terms)
                    self.foreign.update(row.renaming)
                    rows += 1
                    yield SourceLine(number, line, row)
        for _ in chunks:  # unpacking may stop before the end
            pass
        if self.sha256 and self.sha256 != digest.hexdigest():
            raise Refused(
                f"{self.report.source} changed while it was read.",
                fix="Repeat the command when nobody writes to the dataset.",
                code="dataset_changed",
            )
        self.sha256, self.nbytes, self.rows = digest.hexdigest(), nbytes, rows


def _with_own_names(chunks: Iterable[bytes], renaming: Renaming) -> Iterator[bytes]:
    """The same lines with the formats' names: fields renamed, conversations as `messages`. Those that hold no row stay
    as they are. Raises Refused when a field of the renaming is in no row, or does not hold one text."""
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


def _mended(row: Json, renaming: Renaming) -> Json:
    row = renamed(row, renaming)
    return row if format_of(row) not in (None, "openai_chat") else as_messages(row) or row
