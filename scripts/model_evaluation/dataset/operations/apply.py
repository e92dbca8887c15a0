"""Making a dataset ready: each operation writes new files beside a manifest and leaves the source alone.

``references/datasets.md`` says what each does. Rows that are kept are copied byte for byte (only ``convert`` rewrites
them), one line each; blank lines and byte-order marks are never copied.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.rows.foreign import UNKNOWN, Renaming, as_option, parse_renaming, whole_renaming
from model_evaluation.dataset.rows.formats import FORMATS, family
from model_evaluation.dataset.rows.reading import MENDED_BY_CONVERT
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

from .conversion import NotConvertible, convert_row
from .output import SCHEMA_VERSION, RowWriter, trace_back
from .sampling import stratified_sample, stratified_shards
from .source import OpenChunks, Source
from .unpacking import UNPACKABLE

OPERATIONS = ("convert", "dedupe", "sample", "drop-invalid", "drop-overlap", "shard")
ROWS_PER_JOB = 1000
DEFAULT_SEED = 0
_LINES_SHOWN = 5
_ERRORS_SHOWN = 3
_NOTHING_LEFT = {
    "drop-invalid": "no row is free of errors",
    "drop-overlap": "the training data hold every row",
}
_NOTHING_TO_LEAVE_OUT = {
    "dedupe": "no row repeats an earlier one",
    "drop-invalid": "every row can be used",
    "drop-overlap": "the training data hold no row",
}
ERRORS = "there are errors"
OF_THE_FILE = frozenset({"bom", "empty_file", "mixed_formats", "too_many_rows"})  # faults that no single row has
DROP_INVALID = "Correct them, or leave them out of a conversation's dataset first: evaluate.py answer data drop-invalid"


def parse_operation(text: str) -> tuple[str, list[str]]:
    """``"sample 200 7"`` as name and arguments; ``drop_invalid`` is understood too. Raises ``Refused``."""
    try:
        name, *arguments = shlex.split(text) or [""]
    except ValueError as error:
        raise _usage(f"the quotes in {text[:80]!r} do not match", "sample 500") from error
    name = name.lower().replace("_", "-")
    if name not in OPERATIONS:
        raise Refused(
            f"{name!r} is not an operation on a dataset; one of {', '.join(OPERATIONS)} is expected.",
            fix="For example: evaluate.py answer data 'sample 500'",
            code="unknown_operation",
        )
    return name, arguments


def apply_operation(
    name: str,
    arguments: list[str],
    open_chunks: OpenChunks,
    report: DatasetReport,
    out_path: Path | str,
    *,
    earlier: Json | None = None,
    overlap: Collection[int] = (),
    **source_facts: object,
) -> Json:
    """Apply one operation to the source that ``open_chunks`` opens (each call from its beginning).

    ``report`` is the source's check: rows are usable on its terms. ``out_path`` is the file to write; for
    ``shard`` it gives the names (``NAME-001-of-003.jsonl``). The manifest is written to
    ``OUT_PATH.manifest.json`` and returned. ``source_facts`` (``etag=``, ``version_id=``) are copied into it.
    ``earlier`` is the manifest of a source that was prepared itself: rows are traced back through it. ``overlap`` are
    the lines that ``drop-overlap`` leaves out.

    Raises ``Refused`` when the operation cannot be done, a file exists already, or the source changed
    between its readings. Nothing is left behind then.
    """
    source, seed, out = Source(open_chunks, report), None, Path(out_path)
    try:
        with RowWriter(out) as writer:
            if name == "convert":
                _convert(source, arguments, writer)
            elif name in ("sample", "shard"):
                seed = _distribute(name, source, arguments, writer)
            else:
                _filter(name, source, arguments, writer, overlap)
            written = writer.finish(_NOTHING_LEFT.get(name, "the source holds no rows"))
            facts = {"sha256": source.sha256, "bytes": source.nbytes, "rows": source.rows}
            manifest: Json = {
                "schema_version": SCHEMA_VERSION,
                "operation": name,
                "arguments": arguments,
                "seed": seed,
                "source": {"uri": report.source, **source_facts, **facts},
                **written,
            }
            trace_back(manifest, earlier or {})
            writer.write_manifest(manifest)
    except OSError as error:
        raise Refused(
            f"The prepared file cannot be written to {out.parent}: {error.strerror or error}.",
            fix="Make room, or make the folder writable, then repeat the command.",
            code="unwritable",
        ) from error
    return manifest


def _filter(name: str, source: Source, arguments: list[str], writer: RowWriter, overlap: Collection[int]) -> None:
    """Leave out rows, one by one."""
    if arguments:
        raise _usage(f"{name} takes no arguments, received {' '.join(arguments)[:40]!r}", name)
    seen: set[int] = set()
    left_out = 0
    for number, raw, row in source.lines():
        if name == "drop-invalid":
            kept = not row.is_lost()
        elif name == "drop-overlap":
            kept = number not in overlap
        else:
            texts = hash((row.prompt, row.system, row.reference, row.unseen))
            kept = row.prompt is None or texts not in seen
            seen.add(texts)
        if kept and "row_too_long" in row.kinds():
            message = f"Line {number:,} is too long to be copied."
            raise Refused(message, fix=DROP_INVALID.replace("them", "it"), code="rows_have_errors")
        if kept:
            writer.write(number, raw)
        left_out += not kept
    if not left_out and not source.report.kinds() & {"bom", "blank_line"}:  # which no copy keeps
        raise Refused(
            f"There is nothing to leave out: {_NOTHING_TO_LEAVE_OUT[name]}. No file was written.",
            fix="Use the dataset as it is, or do what its check advises.",
            code="nothing_to_leave_out",
        )


def _distribute(name: str, source: Source, arguments: list[str], writer: RowWriter) -> int:
    """Write a sample of the rows, or all of them into shards; the seed."""
    example, size_of = "sample 500 7", "a number of rows"
    if name == "shard":
        example, size_of = "shard 1000", "a number of rows per file"
    if len(arguments) > 2 or (name == "sample" and not arguments):
        raise _usage(f"{name} takes {size_of} and perhaps a seed", example)
    numbers = [str(ROWS_PER_JOB), str(DEFAULT_SEED)]
    numbers[: len(arguments)] = arguments
    size = _number(numbers[0], "a number of rows", example, least=1)
    seed = _number(numbers[1], "a seed", example, least=0)
    usable = {
        number: row.category for number, _, row in source.lines() if row.prompt is not None and not row.has_error()
    }
    if name == "sample":
        if size > len(usable):
            raise Refused(
                f"A sample of {size:,} rows was asked for, but only {len(usable):,} rows are usable.",
                fix=f"Ask for no more: evaluate.py answer data 'sample {len(usable)}'",
                code="sample_too_large",
            )
        home = dict.fromkeys(stratified_sample(usable, size, seed), 0)
    else:
        errors = source.rows - len(usable)
        if errors:
            count = "1 row has errors" if errors == 1 else f"{errors:,} rows have errors"
            message = f"{count}; shards hold every row of the source."
            raise Refused(message, fix=DROP_INVALID, code="rows_have_errors")
        home = stratified_shards(usable, size, seed)
        writer.open_shards(-(-len(usable) // size))
    for number, raw, _ in source.lines():
        if number in home:
            writer.write(number, raw, home[number])
    return seed


def _convert(source: Source, arguments: list[str], writer: RowWriter) -> None:
    command = convert_command(source.report.source)
    renaming, formats = _renaming(arguments, command)
    if len(formats) > 1:
        raise _usage("convert takes at most one format", "convert sagemaker")
    target = formats[0] if formats else _default_target(source, renaming)
    if target not in FORMATS:
        raise Refused(
            f"{target!r} is not a format; one of {', '.join(FORMATS)} is expected.",
            fix=f"For example: {command} --format sagemaker",
            code="unknown_format",
        )
    refused: dict[str, list[int]] = {}
    usable = False
    for number, _, row in source.lines(unpack=True, renaming=renaming):
        try:
            if row.prompt is not None:
                new_row, usable = convert_row(row.obj, target), True
            elif source.is_table and row.obj:
                new_row = row.obj  # nobody can leave it out of a table: in what is written it is found, and can be
            else:
                raise NotConvertible(ERRORS)
        except NotConvertible as error:
            refused.setdefault(str(error), []).append(number)
            continue
        writer.write(number, json.dumps(new_row, ensure_ascii=False).encode())
    mapping = convert_command(source.report.source, whole_renaming(source.foreign) or UNKNOWN)
    if not usable and (source.foreign or (source.is_table and source.rows)):
        likely = ", ".join(f"`{name}`" for name, _ in whole_renaming(source.foreign))
        which = f"by their names, {likely} hold what an evaluation needs" if likely else "no field looks like one"
        message = f"No row has its prompt where one is read; {which}."
        raise Refused(message, fix=f"Name the fields: {mapping}", code="foreign_names")
    if refused:
        refusal = _not_convertible(refused, target, command, source.report)
        if source.foreign and ERRORS in refused:
            refusal.fix = f"Name the fields: {mapping}"
        raise refusal


def _renaming(arguments: list[str], command: str) -> tuple[Renaming, list[str]]:
    """What `--map` says, and the other arguments."""
    pairs: list[tuple[str, str]] = []
    others: list[str] = []
    words = iter(arguments)
    for word in words:
        if word != "--map" and not word.startswith("--map="):
            others.append(word)
            continue
        try:
            pairs += parse_renaming(word.partition("=")[2] or next(words, ""))
        except ValueError as error:
            raise Refused(
                f"--map: {error}.",
                fix=f"For example: {command} --map question=query,answer=response",
                code="bad_operation",
            ) from error
    return tuple(pairs), others


def convert_command(source: str, renaming: Renaming = ()) -> str:
    """The command that converts a file or object."""
    return f"evaluate.py dataset convert {shlex.quote(source)}{as_option(renaming)}"


def _default_target(source: Source, renaming: Renaming) -> str:
    """The format to convert to when none is named: the file's own, or one that can hold what it mixes."""
    formats: dict[str, None] = {}
    several_turns = False
    for _, _, row in source.lines(unpack=True, renaming=renaming):
        if row.format is not None:
            formats[row.format] = None
        several_turns = several_turns or "multi_turn" in row.kinds()
    if len(formats) == 1:
        return next(iter(formats))
    if len({family(name) for name in formats}) == 1:
        return next(name for name in formats if name.endswith("_conversational") or name == "verl")
    return "openai_chat" if several_turns and "openai_chat" not in source.report.terms.refused_formats else "sagemaker"


def _not_convertible(refused: Mapping[str, list[int]], target: str, command: str, report: DatasetReport) -> Refused:
    count = sum(map(len, refused.values()))
    reason, lines = max(refused.items(), key=lambda item: len(item[1]))
    shown = ("line " if len(lines) == 1 else "lines ") + ", ".join(map(str, lines[:_LINES_SHOWN]))
    shown += "…" if len(lines) > _LINES_SHOWN else ""
    fix = "Correct these rows and upload the file again"
    if target != "openai_chat":
        fix += f", or use the format that holds every conversation: {command} --format openai_chat"
    which = f"{'1 row' if count == 1 else f'{count:,} rows'} cannot be converted to {target}"
    message = f"{which}: {reason} ({shown})."
    if reason == ERRORS:
        errors = [
            finding for finding in report.errors() if finding.kind not in (OF_THE_FILE | UNPACKABLE | MENDED_BY_CONVERT)
        ]
        said = " ".join(finding.message for finding in errors[:_ERRORS_SHOWN])
        message = f"{which} ({shown}). {said}" if said else message
        fix = DROP_INVALID if report.profile.usable_rows or not errors else errors[0].fix
    return Refused(
        message,
        fix=fix,
        code="not_convertible",
        details={"reasons": {why: len(numbers) for why, numbers in list(refused.items())[:10]}},
    )


def _number(text: str, what: str, example: str, *, least: int) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19) or int(digits) < least:
        raise _usage(f"expected {what} of at least {least}, received {text[:40]!r}", example)
    return int(digits)


def _usage(message: str, example: str) -> Refused:
    return Refused(
        f"{message[0].upper()}{message[1:]}.",
        fix=f"For example: evaluate.py answer data {example!r}",
        code="bad_operation",
    )


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
