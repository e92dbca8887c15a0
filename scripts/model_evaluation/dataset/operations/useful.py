"""Which operations mend what a check has found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.rows.foreign import as_option
from model_evaluation.dataset.rows.reading import MENDED_BY_CONVERT

from .apply import ROWS_PER_JOB
from .unpacking import UNPACKABLE

OF_THE_FILE = frozenset({"bom", "empty_file", "mixed_formats", "too_many_rows"})  # faults that no single row has


class Useful(NamedTuple):
    """An operation as `answer data` takes it, and what it does, for a list of choices."""

    value: str
    label: str


def useful_operations(report: DatasetReport, further_fixes: Iterable[str] = ()) -> list[Useful]:
    """The operations that mend what was found, the one that helps most first. Rows with errors come before all else:
    the other operations would refuse them, or keep them. ``further_fixes`` are what others advise."""
    kinds = report.kinds()
    if kinds & UNPACKABLE:
        return [Useful(f"convert{as_option(report.renaming)}", "Write it as JSON Lines: one JSON object per line")]
    lost = {finding.kind for finding in report.errors() if finding.kind not in OF_THE_FILE} - MENDED_BY_CONVERT
    if lost == {"format_not_taken"}:
        return [Useful("convert sagemaker", "Write the rows in a format that is taken")]
    some_left = report.profile.usable_rows or kinds & MENDED_BY_CONVERT
    if lost:
        return [Useful("drop-invalid", "Leave out the rows that cannot be used")] if some_left else []
    fixes = " ".join([*(finding.fix for finding in report.findings), *further_fixes])
    offered = (
        ("`drop-invalid`" in fixes, "drop-invalid", "Leave out the rows without reference answer"),
        ("`convert" in fixes, f"convert{as_option(report.renaming)}", "Write all rows in one clean format"),
        ("`dedupe`" in fixes, "dedupe", "Keep each row once"),
        ("`sample N`" in fixes, f"sample {ROWS_PER_JOB}", f"Draw {ROWS_PER_JOB:,} rows, spread over the categories"),
        ("`shard`" in fixes, "shard", f"Use all rows: files of at most {ROWS_PER_JOB:,}, evaluated one after another"),
    )
    return [Useful(value, label) for helps, value, label in offered if helps]
