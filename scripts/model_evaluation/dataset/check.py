"""The whole-file check: every row read, every fault grouped, what the file holds described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.rows import DatasetRow

from .decoding import DecodedLine, decode_line
from .findings import Findings, safe_excerpt
from .formats import NOT_METADATA, Fault, check_object, family
from .kinds import KINDS
from .lines import Block, line_blocks, split_lines
from .profile import Profile
from .sniffing import split_head, whole_file_fault
from .tokens import BYTES_PER_TOKEN, GENEROUS_CONTEXT, estimated_tokens

if TYPE_CHECKING:
    from .deep import DeepPass
    from .fastpath import CleanRows, Learner

PROGRESS_SECONDS = 2.0
SLOW_LINES = 4  # too few to try the fast way again
FAST_AFTER_ROWS = 1000  # below, loading what the fast way needs would take longer than it saves


@dataclass(frozen=True)
class DatasetReport:
    """The outcome of one check; ``findings``, ``profile`` and ``samples`` are JSON-safe and bounded.

    ``options`` are the terms on which rows were judged, for operations on the same file.
    """

    source: str
    usable: bool
    findings: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, Any] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "usable": self.usable,
            "findings": self.findings,
            "profile": self.profile,
            "samples": self.samples,
        }


def check_stream(
    chunks: Iterable[bytes],
    *,
    source: str,
    duplicate_keys: bool = True,
    duplicate_rows: bool = True,
    deep: bool = False,
    look_through: int = 0,
    max_rows: int | None = None,
    needs_reference: bool = False,
    nova: bool = False,
    row_limit: int | None = 1000,
    context_tokens: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Check a JSON Lines dataset that arrives as chunks of bytes of any size.

    ``duplicate_keys``   look for keys named twice in one object
    ``duplicate_rows``   look for repeated rows, at 16 bytes of memory a row; without it memory does not
                         grow with the file
    ``deep``             also near-duplicates, personal data, scripts and instructions to a judge (slow)
    ``look_through``     of ``deep``, what looks at rows one by one, for so many rows
    ``max_rows``         stop early, and say so
    ``needs_reference``  a chosen metric or scorer uses the reference answer
    ``nova``             the rows go the Nova path
    ``row_limit``        rows one job takes; ``None``: any number
    ``context_tokens``   the model's context, with which prompts are compared by an estimate
    ``on_progress``      receives bytes and rows so far, every ``PROGRESS_SECONDS``
    """
    options = {"duplicate_keys": duplicate_keys, "needs_reference": needs_reference, "nova": nova}
    head, is_all, stream = split_head(chunks)
    fault = whole_file_fault(head, is_all)
    if fault is not None:
        findings = Findings()
        findings.add(fault.kind, detail=fault.detail)
        profile = {"rows": 0, "checked_rows": 0, "complete": is_all, "bytes": len(head), "format": None}
        return DatasetReport(
            source, False, findings.as_list(), {**profile, **Profile().as_json(), "duplicates": 0}, [], options
        )
    check = _Check(
        duplicate_keys=duplicate_keys,
        needs_reference=needs_reference,
        nova=nova,
        context_tokens=context_tokens or GENEROUS_CONTEXT,
        max_rows=max_rows,
        row_limit=row_limit,
        deep=deep,
        look_through=look_through,
        duplicate_rows=duplicate_rows,
    )
    tell_at = monotonic() + PROGRESS_SECONDS
    for block in line_blocks(stream):
        check.read(block)
        if on_progress is not None and monotonic() >= tell_at:
            on_progress(check.nbytes, check.rows)
            tell_at = monotonic() + PROGRESS_SECONDS
        if check.stopped:
            break
    return check.report(source)


class _Check:
    """The state of one pass over a file."""

    def __init__(
        self,
        *,
        duplicate_keys: bool,
        needs_reference: bool,
        nova: bool,
        context_tokens: int,
        max_rows: int | None,
        row_limit: int | None,
        deep: bool,
        look_through: int,
        duplicate_rows: bool,
    ) -> None:
        self.duplicate_keys = duplicate_keys
        self.needs_reference = needs_reference
        self.nova = nova
        self.context_tokens = context_tokens
        self.max_rows = max_rows
        self.row_limit = row_limit
        self.findings = Findings()
        self.profile = Profile(duplicate_rows=duplicate_rows)
        self.rows = 0
        self._duplicate_rows = duplicate_rows
        self._deep: DeepPass | None = None
        if deep or look_through:
            from .deep import DeepPass

            self._deep = DeepPass(self.findings, first_rows=None if deep else look_through, near=deep)
        self.nbytes = 0
        self.stopped = False
        self._next_line = 1
        self._ends_with_newline = True
        self._first_line_over: int | None = None
        self._learner: Learner | None = None

    def read(self, block: Block) -> None:
        """Check the next block of lines."""
        self.nbytes += block.nbytes
        self._ends_with_newline = block.data.endswith(b"\n")
        number = self._next_line
        if block.cut:
            self._read_cut_line(number, block.nbytes)
            self._next_line += 1
            return
        rows = self._read_fast(number, block.data)
        if not rows:
            lines = split_lines(block.data)
            rows = len(lines)
            self._read_in_halves(number, lines)
        self._next_line += rows
        self.profile.settle()

    def _read_in_halves(self, number: int, lines: list[bytes]) -> None:
        """Read lines that cannot be taken all at once; the last few of them the slow way."""
        if len(lines) <= SLOW_LINES:
            for at, line in enumerate(lines):
                if not self.stopped:
                    self._read_line(number + at, line)
            return
        half = len(lines) // 2
        for first, part in ((number, lines[:half]), (number + half, lines[half:])):
            if not self._read_fast(first, part):
                self._read_in_halves(first, part)

    def _read_fast(self, number: int, lines: bytes | list[bytes]) -> int:
        """Take the lines from line ``number`` on all at once, if they are known to be clean; how many they are."""
        if self._learner is None:
            if self.rows < FAST_AFTER_ROWS or self.nova or (self._deep is not None and not self._deep.has_enough):
                return 0
            from .fastpath import Learner

            self._learner = Learner(duplicate_keys=self.duplicate_keys, duplicate_rows=self._duplicate_rows)
        data = lines if isinstance(lines, bytes) else b"".join(lines)
        columns = self._learner.read(data)
        if columns is None or self._any_too_long(columns, data):
            return 0
        references = columns.references
        rows = len(references)
        if self.max_rows is not None and self.rows + rows > self.max_rows:
            return 0
        if len(columns.reference_lengths) < rows:
            if self.needs_reference:
                return 0
            self._add_at("no_reference", number, [i for i, text in enumerate(references) if text is None])
        self._add_at("multi_turn", number, columns.several_turns)
        self._add_at("crlf", number, columns.crlf)
        self.profile.add_columns(self._learner.format, number, columns)
        self._count(number, rows)
        return rows

    def _count(self, number: int, rows: int) -> None:
        """Rows in consecutive lines from line ``number`` on."""
        if self.row_limit is not None and 0 <= self.row_limit - self.rows < rows:
            self._first_line_over = number + self.row_limit - self.rows
        self.rows += rows

    def _add_at(self, kind: str, number: int, positions: list[int]) -> None:
        if positions:
            self.findings.add_lines(kind, len(positions), [number + at for at in positions])

    def _any_too_long(self, columns: CleanRows, data: bytes) -> bool:
        if len(data) <= BYTES_PER_TOKEN * self.context_tokens:
            return False
        system = max((len(text) for text in set(columns.systems) if text), default=0)
        if int(columns.prompt_lengths.max()) + system <= self.context_tokens:  # four bytes a character at most
            return False
        return any(map(self._too_long, columns.prompts, columns.systems))

    def _too_long(self, prompt: str, system: str | None) -> bool:
        return estimated_tokens((system or "") + prompt) > self.context_tokens

    def _read_cut_line(self, number: int, nbytes: int) -> None:
        if self.max_rows is not None and self.rows >= self.max_rows:
            self.stopped = True
            return
        self._count(number, 1)
        self.findings.add("row_too_long", number, detail=f"{nbytes / (1 << 20):.1f} MiB")
        self.profile.repetitions.skip()

    def _read_line(self, number: int, line: bytes) -> None:
        """Check one line the slow way, which names every fault."""
        blank = not line.strip()
        if not blank and self.max_rows is not None and self.rows >= self.max_rows:
            self.stopped = True
            return
        if line.endswith(b"\r\n"):
            self.findings.add("crlf", number)
        if blank:
            self.findings.add("blank_line", number)
            self.profile.repetitions.skip()
            return
        self._count(number, 1)
        decoded = self._decode(line)
        self._note(decoded.faults, number, line, decoded.at)
        if not decoded.readable:
            self.profile.repetitions.skip()
            return
        obj = decoded.value
        checked = check_object(obj, number, needs_reference=self.needs_reference, nova=self.nova)
        self._note(checked.faults, number, line)
        if checked.row is None or checked.format is None:
            self.profile.repetitions.skip()
            return
        self._describe(checked.format, checked.row, obj)
        if self._deep is not None:
            self._deep.see(checked.row)
        if self._learner is not None:
            self._learner.see(checked.format, obj)
        if not (checked.row.reference or self.needs_reference or "empty_reference" in checked.kinds):
            self.findings.add("no_reference", number)
        if self._too_long(checked.row.prompt, checked.row.system):
            self.findings.add("long_prompt", number, detail=f"over {self.context_tokens:,} tokens")

    def _decode(self, line: bytes) -> DecodedLine:
        if self._learner is not None:
            from .fastpath import DECODING_ERRORS
            from .keys import quick_value

            with suppress(*DECODING_ERRORS):
                return DecodedLine(quick_value(line, duplicate_keys=self.duplicate_keys), True, [])
        return decode_line(line, duplicate_keys=self.duplicate_keys)

    def _describe(self, name: str, row: DatasetRow, obj: dict[str, Any]) -> None:
        extra = [key for key in obj if key not in NOT_METADATA]
        if isinstance(obj.get("extra_info"), dict):
            extra += [f"extra_info.{key}" for key in obj["extra_info"]]
        self.profile.add(name, row, extra)

    def _note(self, faults: list[Fault], number: int, line: bytes, at: int = 0) -> None:
        for fault in faults:
            grave = KINDS[fault.kind].level == "error" and not self.findings.has_excerpt(fault.kind)
            shown = safe_excerpt(line.rstrip().decode("utf-8", "replace"), at) if grave else None
            self.findings.add(fault.kind, number, detail=fault.detail, excerpt=shown)

    def report(self, source: str) -> DatasetReport:
        """Conclude: what only the whole file can tell, and the answer."""
        findings, profile = self.findings, self.profile
        found_deep = self._deep.conclude() if self._deep is not None else {}
        repeated = profile.repetitions.find()
        if repeated.duplicates:
            findings.add_lines("duplicate_row", repeated.duplicates, repeated.duplicate_lines)
        if repeated.conflicts:
            findings.add_lines("conflicting_reference", repeated.conflicts, repeated.conflict_lines)
        if not self.rows:
            findings.add("empty_file")
        formats = profile.formats.most_common()
        families = {family(name) for name, _ in formats}
        if len(formats) > 1:
            detail = ", ".join(f"{name}: {count:,}" for name, count in formats)
            others = sorted(line for name, _ in formats[1:] for line in profile.first_lines[name])
            kind = "mixed_formats" if len(families) > 1 else "mixed_variants"
            findings.add_lines(kind, profile.usable_rows - formats[0][1], others, detail=detail)
        if self.row_limit is not None and self.rows > self.row_limit:
            lines = [self._first_line_over] if self._first_line_over is not None else []
            findings.add_lines("too_many_rows", self.rows, lines, detail=f"a job takes {self.row_limit:,}")
        if self.stopped:
            findings.add("not_read_to_end", count=self.rows)
        elif self.rows and not self._ends_with_newline:
            findings.add("no_final_newline")
        listed = findings.as_list()
        counted = {
            "rows": self.rows,
            "checked_rows": self.rows,
            "usable_rows": profile.usable_rows,
            "complete": not self.stopped,
            "bytes": self.nbytes,
            "format": formats[0][0] if formats else None,
            **profile.as_json(),
            **found_deep,
            **(repeated.as_json() if self._duplicate_rows else {}),
        }
        usable = all(entry["level"] != "error" for entry in listed)
        options = {
            "duplicate_keys": self.duplicate_keys,
            "needs_reference": self.needs_reference,
            "nova": self.nova,
        }
        return DatasetReport(source, usable, listed, counted, profile.samples(), options)
