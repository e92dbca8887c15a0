"""The dataset an operation works on, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.faults import FAULT_KINDS
from model_evaluation.dataset.rows.foreign import Renaming
from model_evaluation.dataset.rows.reading import RowBlock, read_blocks
from model_evaluation.dataset.rows.tables import TABLES
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

from .renaming import with_own_names
from .unpacking import UNPACKABLE, unpacked

OpenChunks = Callable[[], Iterable[bytes]]
MENDED_BY_CONVERT = frozenset({"foreign_prompt", "foreign_conversation"})


@dataclass(slots=True)
class SourceLine:
    """One line that is not blank. ``prompt`` is ``None`` when it cannot be used; ``has_error`` when its row would be
    refused, for which a byte-order mark does not count: no copy keeps it. ``unseen`` is what it holds beside text."""

    number: int
    raw: bytes
    obj: Json
    format: str | None
    prompt: str | None
    system: str | None
    reference: str | None
    category: str | None
    kinds: set[str]
    unseen: str = ""

    @property
    def has_error(self) -> bool:
        return any(FAULT_KINDS[kind].level == "error" and kind != "bom" for kind in self.kinds)

    @property
    def is_lost(self) -> bool:
        """Whether it has an error that no further operation mends."""
        return self.has_error and not self.kinds & MENDED_BY_CONVERT


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
        nbytes = rows = 0

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
        for block in read_blocks(stream, self.report.terms, keep_objects=True):
            self.foreign.update(block.foreign)
            for line in _filled(block):
                rows += 1
                yield line
        for _ in chunks:  # unpacking may stop before the end
            pass
        if self.sha256 and self.sha256 != digest.hexdigest():
            raise Refused(
                f"{self.report.source} changed while it was read.",
                fix="Repeat the command when nobody writes to the dataset.",
                code="dataset_changed",
            )
        self.sha256, self.nbytes, self.rows = digest.hexdigest(), nbytes, rows


def _filled(rows: RowBlock) -> Iterator[SourceLine]:
    kinds: dict[int, set[str]] = {}
    for at, fault, _ in rows.faults:
        kinds.setdefault(at, set()).add(fault.kind)
    for at, raw in enumerate(rows.lines):
        own = kinds.get(at, set())
        if "blank_line" not in own:
            yield SourceLine(
                rows.first_line + at,
                raw,
                rows.objects.get(at, {}),
                rows.formats[at],
                rows.prompts[at],
                rows.systems[at],
                rows.references[at],
                rows.categories[at],
                own,
                rows.unseen.get(at, ""),
            )
