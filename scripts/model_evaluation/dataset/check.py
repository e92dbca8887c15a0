"""The whole-file check: every row read, every fault grouped, what the file holds described."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count, islice
from time import monotonic

from .findings import EVERY_LINE, FAULT_KINDS, FIRST_LINES, Finding, FindingsByKind, safe_excerpt
from .profile import Profile, RowCounts, Sample
from .questions import Questions
from .repetition import Repetitions
from .rows.blocks import BlockReader, RowBlock
from .rows.file_types import split_head, whole_file_fault
from .rows.foreign import Renaming, as_option, foreign_columns, whole_renaming
from .rows.lines import Block, line_blocks
from .rows.reading import Terms
from .rows.tables import TABLES, table_start
from .texts import RowTexts
from .tokens import BYTES_PER_TOKEN, GENEROUS_CONTEXT, estimated_tokens

PROGRESS_SECONDS = 2.0


@dataclass(frozen=True)
class DatasetReport:
    """The outcome of one check. ``terms`` are those by which rows are usable, for operations on the same file;
    ``renaming`` is what fields under foreign names should be called."""

    source: str
    usable: bool
    findings: list[Finding] = field(default_factory=list)
    profile: Profile = field(default_factory=Profile)
    samples: list[Sample] = field(default_factory=list)
    terms: Terms = field(default_factory=Terms)
    renaming: Renaming = ()

    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.level == "error"]

    def kinds(self) -> set[str]:
        return {finding.kind for finding in self.findings}


def check_stream(
    chunks: Iterable[bytes],
    *,
    source: str,
    deep: bool = False,
    look_through: int = 0,
    max_rows: int | None = None,
    terms: Terms | None = None,
    row_limit: int | None = 1000,
    context_tokens: int | None = None,
    every_line: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Check a JSON Lines dataset that arrives as chunks of bytes of any size.

    ``deep``             also personal data, scripts and instructions in every row, near-duplicates among more (slow)
    ``look_through``     of ``deep``, what looks at rows one by one, for so many rows
    ``max_rows``         stop early, and say so
    ``terms``            what makes rows usable
    ``row_limit``        rows one job takes; ``None``: any number
    ``context_tokens``   the model's context, with which prompts are compared by an estimate
    ``every_line``       findings name all lines, not only the first (memory grows with them)
    ``on_progress``      receives bytes and rows so far, every ``PROGRESS_SECONDS``
    """
    terms = terms or Terms()
    findings, profile = FindingsByKind(EVERY_LINE if every_line else FIRST_LINES), Profile()
    head, is_all, stream = split_head(chunks)
    fault = whole_file_fault(head, is_all)
    if fault is not None:
        findings.add(fault.kind, detail=fault.detail)
        profile = Profile(complete=is_all, bytes=len(head))
        renaming = foreign_columns(table_start(stream, fault.kind)) if fault.kind in TABLES else ()
        return DatasetReport(source, False, findings.as_list(as_option(renaming)), profile, [], terms, renaming)
    reader, counts, repetitions, questions = BlockReader(terms), RowCounts(), Repetitions(), Questions(deep=deep)
    texts = RowTexts(terms.scorers, look_through, every_row=deep)
    foreign: Counter[tuple[str, str]] = Counter()
    ends_with_newline = True
    first_line_over = None
    tell_at = monotonic() + PROGRESS_SECONDS
    for block in line_blocks(stream):
        if max_rows is not None:
            block, profile.complete = _up_to_limit(block, max_rows - profile.rows)
        rows = reader.read(block)
        profile.bytes += block.nbytes
        ends_with_newline = block.data.endswith(b"\n")
        blank = {line for line, fault in rows.faults if fault.kind == "blank_line"}
        size, room = rows.size - len(blank), (row_limit or 0) - profile.rows
        if row_limit is not None and 0 <= room < size:
            filled = (line for line in count(rows.first_line) if line not in blank)
            first_line_over = next(islice(filled, room, None))
        profile.rows += size
        foreign.update(rows.foreign)
        _note_faults(rows, findings)
        _note_long_prompts(rows, findings, context_tokens or GENEROUS_CONTEXT)
        counts.see(rows, findings)
        repetitions.see(rows)
        texts.see(rows, findings)
        questions.see(rows)
        if on_progress is not None and monotonic() >= tell_at:
            on_progress(profile.bytes, profile.rows)
            tell_at = monotonic() + PROGRESS_SECONDS
        if not profile.complete:
            break
    for part in (counts, texts, questions, repetitions):
        part.conclude(findings, profile)
    if not profile.rows:
        findings.add("empty_file")
    if first_line_over is not None:
        detail = f"a job takes {row_limit:,}"
        findings.add_lines("too_many_rows", profile.rows, [first_line_over], detail=detail)
    if not profile.complete:
        findings.add("not_read_to_end", count=profile.rows)
    elif profile.rows and not ends_with_newline:
        findings.add("no_final_newline")
    renaming = whole_renaming(foreign)
    left = profile.with_reference if terms.needs_reference else profile.usable_rows
    every = findings.as_list(as_option(renaming), rows_left=left > 0)
    usable = all(finding.level != "error" for finding in every)
    return DatasetReport(source, usable, every, profile, counts.samples(), terms, renaming)


def _up_to_limit(block: Block, rows: int) -> tuple[Block, bool]:
    """The block without the rows that are too many, and whether there are none; else the reading ends with it."""
    lines = block.lines()
    filled = [at for at, line in enumerate(lines) if line.strip()]
    if len(filled) <= rows:
        return block, True
    data = b"".join(lines[: filled[rows]])
    return Block(data, len(data)), False


def _note_faults(rows: RowBlock, findings: FindingsByKind) -> None:
    for line, (kind, detail, at) in rows.faults:
        excerpt = ""
        if FAULT_KINDS[kind].level == "error" and not findings.has_excerpt(kind):
            excerpt = safe_excerpt(rows.raw(line).rstrip().decode("utf-8", "replace"), at)
        findings.add(kind, line, detail=detail, excerpt=excerpt)


def _note_long_prompts(rows: RowBlock, findings: FindingsByKind, context_tokens: int) -> None:
    if rows.block.nbytes <= BYTES_PER_TOKEN * context_tokens:
        return
    for line, prompt, system in zip(rows.lines, rows.prompts, rows.systems, strict=True):
        if estimated_tokens((system or "") + prompt) > context_tokens:
            findings.add("long_prompt", line, detail=f"over {context_tokens:,} tokens")
