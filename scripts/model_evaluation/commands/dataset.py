"""Check every row of a dataset on its own, outside any workflow: a file, an S3 URI, a DataSet ARN, or a set of files.

Exit code 0 when it is usable (warnings included), 3 when the service would reject a row or the file.
With --training it also says how many evaluation prompts are in the training data.
`dataset upload FILE S3_URI --yes` copies a prepared file, or all files of a set, to S3 with the manifest; it never
replaces an object. `dataset overlap [TRAINING]` measures how much of this project's dataset is in the training data
(by default those of the model's training job) and keeps it for the card, the notebook and the report.

example:
  evaluate.py dataset check evaluation/rows.jsonl
"""

from __future__ import annotations

import argparse
import shlex
from typing import TYPE_CHECKING, Any

from model_evaluation.errors import Refused, UsageError

if TYPE_CHECKING:
    from model_evaluation.dataset import JoinedFiles
    from model_evaluation.lookups.s3.sources import Source
    from model_evaluation.lookups.session import Aws


JOB_ROWS = 1000  # one judge job takes no more


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check", "upload", "overlap"], help="what to do")
    parser.add_argument(
        "names",
        metavar="FILE_OR_URI",
        nargs="*",
        help="a file, s3://bucket/key, a DataSet ARN, or 'rows-*-of-003.jsonl'; upload: the S3 URI last",
    )
    parser.add_argument("--yes", action="store_true", help="upload: the user has agreed to it")
    parser.add_argument("--max-rows", type=int, metavar="N", help="stop after N rows (the answer says so)")
    parser.add_argument("--deep", action="store_true", help="add the slow passes (near-duplicates, personal data)")
    parser.add_argument(
        "--training", metavar="FILE_OR_URI", help="the training dataset: say which evaluation prompts are in it"
    )
    parser.add_argument("--needs-reference", action="store_true", help="every row must have a reference answer")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    if args.action == "upload":
        return _upload(args)
    if args.yes:
        raise UsageError(f"`dataset {args.action}` takes no --yes.", fix="See: evaluate.py dataset --help")
    if args.action == "overlap":
        return _overlap(args)
    return _check(args)


def _upload(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
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


def _overlap(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.overlap import record

    if len(args.names) > 1:
        raise UsageError(
            "`dataset overlap` takes one training dataset, or none.", fix="See: evaluate.py dataset --help"
        )
    return record(args.project, args.names[0] if args.names else None), 0


def _check(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.dataset import Terms, check_stream, find_overlap
    from model_evaluation.lookups.s3.sources import training_chunks
    from model_evaluation.progress import read_so_far, watched
    from model_evaluation.steps.data import faults_of, suggested_fix

    if args.max_rows is not None and args.max_rows < 1:
        raise UsageError(f"--max-rows is {args.max_rows}; at least 1 is expected.", fix="Leave it out to read all.")
    source, joined = _joined(args.names)
    several = len(joined.names) > 1
    report = check_stream(
        joined.chunks(),
        source=source,
        deep=args.deep,
        max_rows=args.max_rows,
        terms=Terms(needs_reference=args.needs_reference),
        row_limit=None if several else JOB_ROWS,
        on_progress=read_so_far(),
    )
    report = joined.by_file(report, JOB_ROWS)
    body: dict[str, Any] = {
        "profile": report.profile.as_json(),
        "findings": [finding.as_json() for finding in report.findings],
    }
    if args.training is not None:
        body["leakage"] = find_overlap(
            training_chunks(_aws, args.training), watched(joined.chunks(), "dataset")
        ).as_json()
    if report.usable:
        return body, 0
    body["error"] = {
        "code": "dataset_unusable",
        "message": f"{source} cannot be used as it is: {faults_of(report)}",
        "fix": suggested_fix(report, "Once it is the dataset of a conversation"),
    }
    return body, 3


def _joined(names: list[str]) -> tuple[str, JoinedFiles]:
    """What is checked, by name, and its files."""
    from model_evaluation.dataset import JoinedFiles

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
    from model_evaluation.lookups.arns import parse_arn
    from model_evaluation.lookups.s3.sources import local_sources, s3_sources
    from model_evaluation.steps.dataset import from_registry

    arn = parse_arn(names[0])
    if arn is None and not names[0].startswith("s3://"):
        return local_sources(names)
    aws = _aws()
    return s3_sources(aws, str(from_registry(aws, arn)[1]) if arn is not None else names[0])


def _aws() -> Aws:
    from model_evaluation.lookups.session import Aws

    return Aws()
