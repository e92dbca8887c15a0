"""The whole-file check: every row read, every fault grouped, what the file holds described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from .decoding import decode_line
from .findings import Findings, safe_excerpt
from .formats import Fault, check_object, family
from .kinds import KINDS
from .lines import Batch, line_batches
from .profile import Profile
from .sniffing import split_head, whole_file_fault

BYTES_PER_TOKEN = 4  # of UTF-8: about right for English; other scripts come out somewhat high or low
GENEROUS_CONTEXT_TOKENS = 128_000
NOT_METADATA = frozenset(
    "messages query response prompt completion chosen rejected system category metadata extra_info reward_model".split()
)


@dataclass(frozen=True)
class DatasetReport:
    """The outcome of one check; ``findings``, ``profile`` and ``samples`` are JSON-safe and bounded."""

    source: str
    usable: bool
    findings: list[dict[str, Any]] = field(default_factory=list)
    profile: dict[str, Any] = field(default_factory=dict)
    samples: list[dict[str, Any]] = field(default_factory=list)

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
    deep: bool = False,
    max_rows: int | None = None,
    needs_reference: bool = False,
    nova: bool = False,
    row_limit: int | None = 1000,
    context_tokens: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> DatasetReport:
    """Check a JSON Lines dataset that arrives as chunks of bytes of any size.

    ``needs_reference``: a chosen metric or scorer uses the ground truth. ``nova``: the rows go the Nova
    path. ``row_limit``: rows one job takes, ``None`` for no limit. ``context_tokens``: the model's
    context; prompts are compared with it by an estimate. ``max_rows`` stops early and says so.
    ``on_progress`` receives bytes and rows so far, once per batch.
    """
    head, is_all, stream = split_head(chunks)
    fault = whole_file_fault(head, is_all)
    if fault is not None:
        findings = Findings()
        findings.add(fault.kind, detail=fault.detail)
        profile = {"rows": 0, "checked_rows": 0, "complete": is_all, "bytes": len(head), "format": None}
        return DatasetReport(source, False, findings.as_list(), {**profile, **Profile().as_json(), "duplicates": 0})
    check = _Check(
        duplicate_keys=duplicate_keys,
        needs_reference=needs_reference,
        nova=nova,
        context_tokens=context_tokens or GENEROUS_CONTEXT_TOKENS,
        max_rows=max_rows,
    )
    for batch in line_batches(stream):
        check.read(batch)
        if on_progress is not None:
            on_progress(check.nbytes, check.rows)
        if check.stopped:
            break
    return check.report(source, row_limit)


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
    ) -> None:
        self.duplicate_keys = duplicate_keys
        self.needs_reference = needs_reference
        self.nova = nova
        self.context_tokens = context_tokens
        self.max_rows = max_rows
        self.findings = Findings()
        self.profile = Profile()
        self.rows = 0
        self.nbytes = 0
        self.stopped = False
        self._ends_with_newline = True

    def read(self, batch: Batch) -> None:
        """Check the next batch of lines."""
        if batch.cut:
            self.rows += 1
            size = f"{batch.nbytes / (1 << 20):.1f} MiB"
            self.findings.add("row_too_long", batch.first_line, detail=size)
            self.profile.repetitions.skip()
        else:
            for number, line in enumerate(batch.lines, start=batch.first_line):
                if self.max_rows is not None and self.rows >= self.max_rows and line.strip():
                    self.stopped = True
                    return
                self._read_line(number, line)
        self.nbytes += batch.nbytes
        self._ends_with_newline = batch.lines[-1].endswith(b"\n")
        self.profile.settle()

    def _read_line(self, number: int, line: bytes) -> None:
        if line.endswith(b"\r\n"):
            self.findings.add("crlf", number)
        if not line.strip():
            self.findings.add("blank_line", number)
            self.profile.repetitions.skip()
            return
        self.rows += 1
        decoded = decode_line(line, duplicate_keys=self.duplicate_keys)
        self._note(decoded.faults, number, decoded.text, decoded.at)
        if not decoded.readable:
            self.profile.repetitions.skip()
            return
        obj = decoded.value
        checked = check_object(obj, number, needs_reference=self.needs_reference, nova=self.nova)
        self._note(checked.faults, number, decoded.text, 0)
        if checked.row is None or checked.format is None:
            self.profile.repetitions.skip()
            return
        extra = [key for key in obj if key not in NOT_METADATA]
        if isinstance(obj.get("extra_info"), dict):
            extra += [f"extra_info.{key}" for key in obj["extra_info"]]
        self.profile.add(checked.format, checked.row, extra)
        if checked.row.reference is None and not self.needs_reference:
            self.findings.add("no_reference", number)
        prompt = (checked.row.system or "") + checked.row.prompt
        tokens = estimated_tokens(prompt)
        if tokens > self.context_tokens:
            self.findings.add("long_prompt", number, detail=f"over {self.context_tokens:,} tokens")

    def _note(self, faults: list[Fault], number: int, text: str, at: int) -> None:
        for fault in faults:
            shown = safe_excerpt(text, at) if KINDS[fault.kind].level == "error" else None
            self.findings.add(fault.kind, number, detail=fault.detail, excerpt=shown)

    def report(self, source: str, row_limit: int | None) -> DatasetReport:
        """Conclude: what only the whole file can tell, and the answer."""
        findings, profile = self.findings, self.profile
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
            findings.add(
                "mixed_formats" if len(families) > 1 else "mixed_variants",
                detail=detail,
                count=profile.usable_rows - formats[0][1],
            )
        if row_limit is not None and self.rows > row_limit:
            findings.add_lines("too_many_rows", self.rows, [], detail=f"a job takes {row_limit:,}")
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
            "duplicates": repeated.duplicates,
            "repeated_prompts": repeated.repeated_prompts,
            "conflicting_references": repeated.conflicts,
        }
        usable = all(entry["level"] != "error" for entry in listed)
        return DatasetReport(source, usable, listed, counted, profile.samples())


def estimated_tokens(text: str) -> int:
    """A rough number of tokens: UTF-8 bytes over ``BYTES_PER_TOKEN``, rounded up."""
    size = len(text) if text.isascii() else len(text.encode("utf-8", "replace"))
    return -(-size // BYTES_PER_TOKEN)
