"""Check every row of a dataset on its own, outside any workflow: a file, an S3 URI, a DataSet ARN, or a set of files.

Exit code 0 when it is usable (warnings included), 3 when the service would reject a row or the file.
--lines FILE keeps the number of every line that a finding is about; the answer names the first five.
With --training it also says how many evaluation prompts are in the training data.
`dataset convert FILE --map question=query,answer=response` writes JSON Lines out of JSON, CSV, TSV, Parquet or Excel,
with a manifest, and checks what it wrote; --map names the fields of rows that are in none of the five formats.
`dataset upload FILE S3_URI --yes` copies a prepared file, or all files of a set, to S3 with the manifest; it never
replaces an object. `dataset overlap [TRAINING]` measures how much of this project's dataset is in the training data
(by default those of the model's training job) and keeps it for the card, the notebook and the report.
`dataset split FILE` parts a table into train, validation and test by a hash of its key, reproducibly, with a manifest;
--stratify COLUMN keeps a class's shares, --group COLUMN what belongs together, --time COLUMN trains on what came first.

example:
  evaluate.py dataset check evaluation/rows.jsonl
"""

from __future__ import annotations

import argparse
import os
import shlex
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from model_evaluation.dataset import (
    DatasetReport,
    JoinedFiles,
    Terms,
    apply_operation,
    check_stream,
    find_overlap,
    read_chunks,
)
from model_evaluation.dataset.findings import FIRST_LINES
from model_evaluation.errors import Refused, StateError, UsageError
from model_evaluation.files import write_atomically
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import Kind
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, kind_of, load_kind
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.s3.sources import Source, local_sources, s3_sources, training_chunks
from model_evaluation.progress import read_so_far, watched
from model_evaluation.runtime.s3_uri import unsharded_name
from model_evaluation.runtime.settings import Json
from model_evaluation.state import load
from model_evaluation.steps.data import LOOKED_THROUGH, faults_of, suggested_fix
from model_evaluation.steps.dataset import from_registry
from model_evaluation.steps.rows.preparation import prepared_once

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws  # loads boto3, which files of this machine do not need

SEE_HELP = "See: evaluate.py dataset --help"
OPTIONS_OF = {  # actions, and the options that go with no other
    ("upload",): ("yes",),
    ("split",): ("shares", "seed", "stratify", "group", "time"),
    ("check",): ("lines", "max-rows", "deep", "training"),
    ("convert",): ("map", "format"),
    ("convert", "split"): ("output",),
}
SPLIT_BY = {
    "stratify": "the same shares of every value of this column",
    "group": "rows with the same value of this column stay together",
    "time": "the earliest rows by this column train, the latest test",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check", "convert", "upload", "overlap", "split"], help="what to do")
    parser.add_argument(
        "names",
        metavar="FILE_OR_URI",
        nargs="*",
        help="a file, s3://bucket/key, a DataSet ARN, or 'rows-*-of-003.jsonl'; upload: the S3 URI last",
    )
    parser.add_argument("--yes", action="store_true", help="upload: the user has agreed to it")
    parser.add_argument("--max-rows", type=int, metavar="N", help="stop after N rows (the answer says so)")
    parser.add_argument(
        "--deep", action="store_true", help="add the slow passes (personal data, keys, instructions in all rows)"
    )
    parser.add_argument(
        "--training", metavar="FILE_OR_URI", help="the training dataset: say which evaluation prompts are in it"
    )
    parser.add_argument(
        "--map", metavar="FIELD=PART,...", action="append", default=[], help="convert: which field is which part"
    )
    parser.add_argument("--format", metavar="NAME", help="convert: the format to write (default: what fits)")
    parser.add_argument(
        "--output", metavar="FILE", help="convert: the file to write; split: the folder (default: the project's `data`)"
    )
    parser.add_argument("--shares", metavar="A,B,C", help="split: of train, validation and test (default 60,20,20)")
    parser.add_argument("--seed", type=int, metavar="N", help="split: another one parts the rows anew (default 0)")
    for flag, meaning in SPLIT_BY.items():
        parser.add_argument(f"--{flag}", metavar="COLUMN", help=f"split: {meaning}")
    parser.add_argument("--lines", metavar="FILE", help="check: write every line that a finding is about to FILE (CSV)")
    parser.add_argument("--needs-reference", action="store_true", help="every row must have a reference answer")


def run(args: argparse.Namespace) -> tuple[JsonObject, int]:
    for actions_with, options in OPTIONS_OF.items():
        values = [getattr(args, option.replace("-", "_")) for option in options]
        if args.action not in actions_with and any(value not in ([], None) and value is not False for value in values):
            names = " and ".join(f"`dataset {name}`" for name in actions_with)
            raise UsageError(f"Options of {names} alone: --{', --'.join(options)}.", fix=SEE_HELP)
    actions = {"check": _check, "convert": _convert, "overlap": _overlap, "split": _split, "upload": _upload}
    return actions[args.action](args)


def _split(args: argparse.Namespace) -> tuple[JsonObject, int]:
    chosen = [flag for flag in SPLIT_BY if getattr(args, flag)]
    if len(args.names) != 1 or len(chosen) > 1:
        raise UsageError(
            "`dataset split` takes one FILE_OR_URI, and one of --stratify, --group and --time.",
            fix="For example: evaluate.py dataset split rows.csv --stratify label",
        )
    tools = (load_kind(kind_id).split_tool() for kind_id in REGISTRY)
    tool = next(filter(None, tools))
    flag = chosen[0] if chosen else ""
    return tool.run(
        args.names[0],
        os.path.abspath(args.output or os.path.join(args.project, "data")),
        by="hash" if flag in ("", "group") else flag,
        column=getattr(args, flag) if flag else "",
        shares=args.shares or "60,20,20",
        seed=args.seed or 0,
    ), 0


def _convert(args: argparse.Namespace) -> tuple[JsonObject, int]:
    if len(args.names) != 1:
        raise UsageError(
            f"`dataset convert` takes one FILE_OR_URI; {len(args.names)} were received.",
            fix="For example: evaluate.py dataset convert questions.csv --map question=query,answer=response",
        )
    source, joined = _joined(args.names)
    kind = _kind(args.project)
    terms = _terms(kind, args)
    report = check_stream(joined.chunks(), source=source, terms=terms, row_limit=None, on_progress=read_so_far())
    words = [word for text in args.map for word in ("--map", text)] + ([args.format] if args.format else [])

    def apply(path: Path) -> Json:
        return apply_operation("convert", words, lambda: watched(joined.chunks(), "convert"), report, path)

    if args.output is not None:
        out = Path(args.project, os.path.expanduser(args.output))
        manifest = apply(out)
    else:
        digest = sha256()
        for chunk in joined.chunks():
            digest.update(chunk)
        stem = os.path.splitext(os.path.basename(unsharded_name(source)))[0]
        facts: JsonObject = {"sha256": digest.hexdigest()}
        out, manifest = prepared_once(Path(args.project, "data"), stem, facts, ["convert", *words], apply)
    rows = sum(output["rows"] for output in manifest["outputs"])
    chunks = read_chunks(out)  # the whole check, with a look at every text
    written = check_stream(chunks, source=str(out), terms=terms, look_through=rows, row_limit=kind.job_rows)
    body: JsonObject = {
        "written": {"file": str(out), "rows": rows, "manifest": f"{out}.manifest.json"},
        "then": f"evaluate.py dataset upload {shlex.quote(str(out))} s3://BUCKET/FOLDER/ --yes, if the user agrees",
    }
    return _told(written, body, f"{out} was written, but cannot be used")


def _told(report: DatasetReport, body: JsonObject, cannot: str) -> tuple[JsonObject, int]:
    """The command's body and exit code, with what a check found; ``cannot`` begins what is said of an unusable one."""
    body |= {"profile": report.profile.as_json(), "findings": [finding.as_json() for finding in report.findings]}
    if report.usable:
        return body, 0
    body["error"] = {
        "code": "dataset_unusable",
        "message": f"{cannot} as it is: {faults_of(report)}",
        "fix": suggested_fix(report, "Once it is the dataset of a conversation", alone=True),
    }
    return body, 3


def _upload(args: argparse.Namespace) -> tuple[JsonObject, int]:
    if len(args.names) < 2:
        raise UsageError(
            "`dataset upload` takes a file and where to put it.",
            fix="evaluate.py dataset upload FILE s3://bucket/folder/ --yes",
        )

    from model_evaluation.lookups.s3.uploading import carry_out, planned_upload

    *names, target = args.names
    plan = planned_upload(names, target)
    if not args.yes:
        what = f"{len(plan.files)} files ({plan.size:,} bytes)" if len(plan.files) > 1 else plan.files[0][0]
        raise Refused(
            f"{what} would be uploaded to {plan.dataset}. Nothing was uploaded.",
            fix="Ask the user; if they agree: evaluate.py dataset upload "
            f"{' '.join(shlex.quote(name) for name in args.names)} --yes",
            code="needs_consent",
        )
    return carry_out(_aws(), plan), 0


def _overlap(args: argparse.Namespace) -> tuple[JsonObject, int]:
    from model_evaluation.overlap import record

    if len(args.names) > 1:
        raise UsageError("`dataset overlap` takes one training dataset, or none.", fix=SEE_HELP)
    return record(args.project, args.names[0] if args.names else None), 0


def _check(args: argparse.Namespace) -> tuple[JsonObject, int]:
    if args.max_rows is not None and args.max_rows < 1:
        raise UsageError(f"--max-rows is {args.max_rows}; at least 1 is expected.", fix="Leave it out to read all.")
    source, joined = _joined(args.names)
    kind = _kind(args.project)
    several = len(joined.names) > 1
    report = check_stream(
        joined.chunks(),
        source=source,
        deep=args.deep,
        look_through=LOOKED_THROUGH if args.lines is not None else 0,
        max_rows=args.max_rows,
        terms=_terms(kind, args),
        row_limit=None if several else kind.job_rows,
        every_line=args.lines is not None,
        on_progress=read_so_far(),
    )
    report = joined.by_file(report, kind.job_rows)
    body: JsonObject = {}
    if args.lines is not None:
        body["lines"] = _write_lines(args, joined, report)
        firsts = [
            replace(one, lines=one.lines[:FIRST_LINES], places=one.places[:FIRST_LINES]) for one in report.findings
        ]
        report = replace(report, findings=firsts)
    if args.training is not None:
        training = training_chunks(_aws, args.training)
        evaluated = watched(joined.chunks(), "dataset")
        body["leakage"] = find_overlap(training, evaluated, args.training).as_json()
    return _told(report, body, f"{source} cannot be used")


def _write_lines(args: argparse.Namespace, joined: JoinedFiles, report: DatasetReport) -> JsonObject:
    """Write every line of every finding to ``--lines``."""
    path = Path(args.project, os.path.expanduser(args.lines))
    try:
        write_atomically(path, joined.all_lines(report))
    except OSError as error:
        raise Refused(
            f"{path} cannot be written: {error.strerror or error}.",
            fix="Name another file: --lines FILE",
            code="unwritable",
        ) from error
    return {"file": str(path), "count": sum(len(found.lines) for found in report.findings)}


def _joined(names: list[str]) -> tuple[str, JoinedFiles]:
    """What is checked, by name, and its files."""
    if not names:
        raise UsageError(
            "`dataset check` takes a FILE_OR_URI.", fix="For example: evaluate.py dataset check evaluation/rows.jsonl"
        )
    if names[0].startswith(("s3://", "arn:")) and len(names) > 1:
        raise UsageError(
            f"`dataset check` takes one dataset; {len(names)} were received.",
            fix="A set of files is named with a star: 's3://bucket/rows-*-of-003.jsonl'",
        )
    return names[0] if len(names) == 1 else f"{len(names)} files", JoinedFiles(_sources(names))


def _sources(names: list[str]) -> list[Source]:
    arn = parse_arn(names[0])
    if arn is None and not names[0].startswith("s3://"):
        return local_sources(names)
    aws = _aws()
    return s3_sources(aws, str(from_registry(aws, arn)[1]) if arn is not None else names[0])


def _kind(project: str) -> Kind:
    """The kind of the project's workflow; the default one where there is none that can be read."""
    try:
        return kind_of(load(project).document)
    except StateError:
        return load_kind(DEFAULT)


def _terms(kind: Kind, args: argparse.Namespace) -> Terms:
    return replace(kind.dataset_terms(None) or Terms(), needs_reference=args.needs_reference)


def _aws() -> Aws:
    from model_evaluation.lookups.session import Aws

    return Aws()
