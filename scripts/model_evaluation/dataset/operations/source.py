"""The dataset an operation works on, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from hashlib import sha256
from typing import NamedTuple

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.rows.foreign import Renaming
from model_evaluation.dataset.rows.lines import line_blocks
from model_evaluation.dataset.rows.reading import Row, cut_row, read_line
from model_evaluation.dataset.rows.tables import TABLES
from model_evaluation.errors import Refused

from .renaming import with_own_names
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
            stream = with_own_names(stream, renaming)
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
