"""Making a dataset ready: each operation writes new files beside a manifest and leaves the source alone.

=============================  =====================================================================
``convert [--map M] [FORMAT]`` every row in one format, one object per line, UTF-8 without mark; ``M`` such as
                               ``question=query,answer=response`` names the fields of rows that are in no format
``dedupe``                     rows that repeat an earlier one (prompt, system text, reference answer) left out
``sample N [SEED]``            N usable rows, every category in its proportion
``drop-invalid``               rows with errors left out
``drop-overlap``               rows that the training data hold left out (they are found beforehand)
``shard [ROWS [SEED]]``        files of at most ROWS (1,000) rows each; together they are the source
=============================  =====================================================================

Rows that are kept are copied byte for byte (only ``convert`` rewrites them), one line each; blank lines
and byte-order marks are never copied.
"""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

from model_evaluation.dataset.check import DatasetReport
from model_evaluation.dataset.rows.foreign import UNKNOWN, Renaming, as_option, parse_renaming, whole_renaming
from model_evaluation.dataset.rows.formats import FORMATS, family
from model_evaluation.errors import Refused
from model_evaluation.runtime.settings import Json

from .conversion import NotConvertible, convert_row
from .manifest import Manifest, traced_back
from .output import RowWriter
from .sampling import stratified_sample, stratified_shards
from .source import OpenChunks, Source

OPERATIONS = ("convert", "dedupe", "sample", "drop-invalid", "drop-overlap", "shard")
ROWS_PER_JOB = 1000
DEFAULT_SEED = 0
_LINES_SHOWN = 5
ERRORS = "there are errors"
DROP_INVALID = "Leave them out first: evaluate.py answer data drop-invalid"


class _Operation(Protocol):
    """Writes the rows that are kept; returns the seed, if one was used."""

    def __call__(self, source: Source, arguments: list[str], writer: RowWriter) -> int | None: ...


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
    op: str,
    args: Sequence[str | int],
    open_chunks: OpenChunks,
    report: DatasetReport,
    out_path: Path | str,
    *,
    earlier: Json | None = None,
    overlap: Collection[int] = (),
    **source_facts: object,
) -> Manifest:
    """Apply one operation to the source that ``open_chunks`` opens (each call from its beginning).

    ``report`` is the source's check: rows are usable on its terms. ``out_path`` is the file to write; for
    ``shard`` it gives the names (``NAME-001-of-003.jsonl``). The manifest is written to
    ``OUT_PATH.manifest.json`` and returned. ``source_facts`` (``etag=``, ``version_id=``) are copied into it.
    ``earlier`` is the manifest of a source that was prepared itself: rows are traced back through it. ``overlap`` are
    the lines that ``drop-overlap`` leaves out.

    Raises ``Refused`` when the operation cannot be done, a file exists already, or the source changed
    between its readings. Nothing is left behind then.
    """
    name, arguments = parse_operation(shlex.join([op, *map(str, args)]))
    source = Source(open_chunks, report)
    operations: dict[str, _Operation] = {
        "convert": _convert,
        "dedupe": _dedupe,
        "sample": _sample,
        "drop-invalid": _drop_invalid,
        "drop-overlap": partial(_drop_overlap, overlap=overlap),
        "shard": _shard,
    }
    with RowWriter(Path(out_path)) as writer:
        seed = operations[name](source, arguments, writer)
        origin, outputs = traced_back(writer.finish(), source.sha256, earlier or {})
        facts = {"sha256": source.sha256, "bytes": source.nbytes, "rows": source.rows}
        manifest = Manifest(
            operation=name,
            arguments=arguments,
            seed=seed,
            source={"uri": report.source, **source_facts, **facts},
            outputs=outputs,
            files=list(writer.paths),
            origin=origin,
            joined_sha256=writer.joined_sha256(),
        )
        writer.write_manifest(manifest)
    return manifest


def _drop_invalid(source: Source, arguments: list[str], writer: RowWriter) -> None:
    _no_arguments("drop-invalid", arguments)
    for line in source.lines():
        if not line.row.is_lost():
            writer.write(line.number, line.raw)
    writer.refuse_empty("no row is free of errors")


def _drop_overlap(source: Source, arguments: list[str], writer: RowWriter, *, overlap: Collection[int]) -> None:
    _no_arguments("drop-overlap", arguments)
    for line in source.lines():
        if line.number not in overlap:
            writer.write(line.number, line.raw)
    writer.refuse_empty("the training data hold every row")


def _dedupe(source: Source, arguments: list[str], writer: RowWriter) -> None:
    _no_arguments("dedupe", arguments)
    seen: set[bytes] = set()
    for line in source.lines():
        row = line.row
        if row.prompt is not None:
            texts = [row.prompt, row.system, row.reference, row.unseen]
            key = blake2b(json.dumps(texts).encode(), digest_size=16).digest()
            if key in seen:
                continue
            seen.add(key)
        writer.write(line.number, line.raw)
    writer.refuse_empty("the source holds no rows")


def _sample(source: Source, arguments: list[str], writer: RowWriter) -> int:
    if not 1 <= len(arguments) <= 2:
        raise _usage("sample takes a number of rows and perhaps a seed", "sample 500 7")
    size, seed = _number(arguments[0], "a number of rows", "sample 500 7"), DEFAULT_SEED
    if len(arguments) == 2:
        seed = _number(arguments[1], "a seed", "sample 500 7", least=0)
    numbers, categories = _usable(source)
    if size > len(numbers):
        raise Refused(
            f"A sample of {size:,} rows was asked for, but only {len(numbers):,} rows are usable.",
            fix=f"Ask for no more: evaluate.py answer data 'sample {len(numbers)}'",
            code="sample_too_large",
        )
    chosen = set(stratified_sample(numbers, categories, size, seed))
    for line in source.lines():
        if line.number in chosen:
            writer.write(line.number, line.raw)
    return seed


def _shard(source: Source, arguments: list[str], writer: RowWriter) -> int:
    if len(arguments) > 2:
        raise _usage("shard takes a number of rows per file and perhaps a seed", "shard 1000")
    rows_per_shard = _number(arguments[0], "a number of rows", "shard 1000") if arguments else ROWS_PER_JOB
    seed = _number(arguments[1], "a seed", "shard 1000 7", least=0) if len(arguments) == 2 else DEFAULT_SEED
    numbers, categories = _usable(source)
    if len(numbers) < source.rows:
        raise Refused(
            f"{_with_errors(source.rows - len(numbers))}; shards hold every row of the source.",
            fix=DROP_INVALID,
            code="rows_have_errors",
        )
    shards = stratified_shards(numbers, categories, rows_per_shard, seed)
    home = {number: index for index, shard in enumerate(shards) for number in shard}
    writer.open_shards(len(shards))
    for line in source.lines():
        writer.write(line.number, line.raw, home[line.number])
    return seed


def _convert(source: Source, arguments: list[str], writer: RowWriter) -> None:
    renaming, formats = _renaming(arguments)
    if len(formats) > 1:
        raise _usage("convert takes at most one format", "convert sagemaker")
    target = formats[0] if formats else _default_target(source, renaming)
    if target not in FORMATS:
        raise Refused(
            f"{target!r} is not a format; one of {', '.join(FORMATS)} is expected.",
            fix="For example: evaluate.py answer data 'convert sagemaker'",
            code="unknown_format",
        )
    refused: dict[str, list[int]] = {}
    usable = False
    for line in source.lines(unpack=True, renaming=renaming):
        try:
            if line.row.prompt is not None:
                row, usable = convert_row(line.row.obj, target), True
            elif source.is_table and line.row.obj:
                row = line.row.obj  # nobody can leave it out of a table: in what is written it is found, and can be
            else:
                raise NotConvertible(ERRORS)
        except NotConvertible as error:
            refused.setdefault(str(error), []).append(line.number)
            continue
        writer.write(line.number, json.dumps(row, ensure_ascii=False).encode())
    if not usable and (source.foreign or source.is_table):
        raise _foreign_names(source)
    if refused:
        refusal = _not_convertible(refused, target)
        if source.foreign and ERRORS in refused:
            refusal.fix = f"Name the fields: {convert_command(source.report.source, whole_renaming(source.foreign))}"
        raise refusal
    writer.refuse_empty("the source holds no rows")


def _renaming(arguments: list[str]) -> tuple[Renaming, list[str]]:
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
            raise _usage(f"--map: {error}", "convert --map question=query,answer=response") from error
    return tuple(pairs), others


def _foreign_names(source: Source) -> Refused:
    renaming = whole_renaming(source.foreign)
    likely = ", ".join(f"`{name}`" for name, _ in renaming)
    which = f"by their names, {likely} hold what an evaluation needs" if likely else "no field looks like one"
    return Refused(
        f"No row has its prompt where one is read; {which}.",
        fix=f"Name the fields: {convert_command(source.report.source, renaming or UNKNOWN)}",
        code="foreign_names",
    )


def convert_command(source: str, renaming: Renaming) -> str:
    """The command that converts a file or object."""
    return f"evaluate.py dataset convert {shlex.quote(source)}{as_option(renaming)}"


def _default_target(source: Source, renaming: Renaming) -> str:
    """The format to convert to when none is named: the file's own, or one that can hold what it mixes."""
    formats: dict[str, None] = {}
    several_turns = False
    for line in source.lines(unpack=True, renaming=renaming):
        formats[line.row.format or ""] = None
        several_turns = several_turns or "multi_turn" in line.row.kinds()
    formats.pop("", None)
    if len(formats) == 1:
        return next(iter(formats))
    if len({family(name) for name in formats}) == 1:
        return next(name for name in formats if name.endswith("_conversational") or name == "verl")
    return "openai_chat" if several_turns and "openai_chat" not in source.report.terms.refused_formats else "sagemaker"


def _usable(source: Source) -> tuple[list[int], list[str | None]]:
    usable = [line for line in source.lines() if line.row.prompt is not None and not line.row.has_error()]
    return [line.number for line in usable], [line.row.category for line in usable]


def _not_convertible(refused: Mapping[str, list[int]], target: str) -> Refused:
    count = sum(map(len, refused.values()))
    reason, lines = max(refused.items(), key=lambda item: len(item[1]))
    shown = ", ".join(map(str, lines[:_LINES_SHOWN])) + ("…" if len(lines) > _LINES_SHOWN else "")
    fix = "Correct these rows and upload the file again"
    if target != "openai_chat":
        fix += ", or use the format that holds every conversation: evaluate.py answer data 'convert openai_chat'"
    if reason == ERRORS:
        fix = DROP_INVALID
    return Refused(
        f"{'1 row' if count == 1 else f'{count:,} rows'} cannot be converted to {target}: {reason} (line {shown}).",
        fix=fix,
        code="not_convertible",
        details={"reasons": {why: len(numbers) for why, numbers in list(refused.items())[:10]}},
    )


def _number(text: str, what: str, example: str, *, least: int = 1) -> int:
    digits = text.replace(",", "").replace("_", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) < 19) or int(digits) < least:
        raise _usage(f"expected {what} of at least {least}, received {text[:40]!r}", example)
    return int(digits)


def _with_errors(count: int) -> str:
    return "1 row has errors" if count == 1 else f"{count:,} rows have errors"


def _no_arguments(name: str, arguments: list[str]) -> None:
    if arguments:
        raise _usage(f"{name} takes no arguments, received {' '.join(arguments)[:40]!r}", name)


def _usage(message: str, example: str) -> Refused:
    return Refused(
        f"{message[0].upper()}{message[1:]}.",
        fix=f"For example: evaluate.py answer data {example!r}",
        code="bad_operation",
    )
