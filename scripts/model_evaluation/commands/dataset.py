"""Check every row of a dataset on its own, outside any workflow; a file or an S3 URI.

Exit code 0 when it is usable (warnings included), 3 when the service would reject a row or the file.
With --training it also says how many evaluation prompts are in the training data.
`dataset upload FILE S3_URI --yes` copies a prepared file to S3; it never replaces an object.

example:
  evaluate.py dataset check evaluation/rows.jsonl
"""

from __future__ import annotations

import os
import sys

from model_evaluation.errors import Refused, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator
    from typing import Any

CHUNK_BYTES = 1024 * 1024


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("action", choices=["check", "upload"], help="what to do")
    parser.add_argument("source", metavar="FILE_OR_URI", help="a file on this machine, or s3://bucket/key")
    parser.add_argument("target", metavar="S3_URI", nargs="?", help="upload: where to put the file")
    parser.add_argument("--yes", action="store_true", help="upload: the user has agreed to it")
    parser.add_argument("--max-rows", type=int, metavar="N", help="stop after N rows (the answer says so)")
    parser.add_argument("--deep", action="store_true", help="add the slow passes (near-duplicates, personal data)")
    parser.add_argument(
        "--training", metavar="FILE_OR_URI", help="the training dataset: say which evaluation prompts are in it"
    )
    parser.add_argument("--no-duplicate-keys", action="store_true", help="leave the duplicate-key guard out")
    parser.add_argument("--needs-reference", action="store_true", help="every row must have a reference answer")


def run(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    if args.action == "upload":
        return _upload(args)
    if args.target is not None or args.yes:
        raise UsageError("`dataset check` takes one FILE_OR_URI.", fix="See: evaluate.py dataset --help")
    return _check(args)


def _upload(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.lookups.session import Aws
    from model_evaluation.lookups.storage import parse_s3_uri, upload

    if args.target is None:
        raise UsageError("Where to upload is missing.", fix="evaluate.py dataset upload FILE s3://bucket/key --yes")
    uri = parse_s3_uri(args.target)
    path = _existing_file(args.source)
    if not args.yes:
        raise Refused(
            f"{path} would be uploaded to {uri}. Nothing was uploaded.",
            fix="Ask the user; if they agree, run the same command with --yes.",
            code="needs_consent",
        )
    item = upload(Aws(), path, uri)
    return {"uploaded": {"uri": str(uri), "size": item.size, "etag": item.etag}}, 0


def _check(args: argparse.Namespace) -> tuple[dict[str, Any], int]:
    from model_evaluation.dataset import check_stream, find_leakage

    if args.max_rows is not None and args.max_rows < 1:
        raise UsageError(f"--max-rows is {args.max_rows}; at least 1 is expected.", fix="Leave it out to read all.")
    open_chunks = _opener(args.source)
    report = check_stream(
        open_chunks(),
        source=args.source,
        duplicate_keys=not args.no_duplicate_keys,
        deep=args.deep,
        max_rows=args.max_rows,
        needs_reference=args.needs_reference,
        on_progress=_progress,
    )
    body: dict[str, Any] = {"profile": report.profile, "findings": report.findings}
    if args.training is not None:
        body["leakage"] = find_leakage(_opener(args.training)(), open_chunks()).as_json()
    if report.usable:
        return body, 0
    faults = [item for item in report.findings if item["level"] == "error"]
    body["error"] = {
        "code": "dataset_unusable",
        "message": f"{args.source} cannot be used as it is: " + " ".join(item["message"] for item in faults[:5]),
        "fix": " ".join(dict.fromkeys(item["fix"] for item in faults[:3] if item.get("fix")))
        or "See references/datasets.md.",
    }
    return body, 3


def _progress(done_bytes: int, rows: int) -> None:
    sys.stderr.write(f"  {done_bytes / 1e6:,.0f} MB, {rows:,} rows\n")


def _opener(source: str) -> Callable[[], Iterator[bytes]]:
    if source.startswith("s3://"):
        from model_evaluation.lookups.session import Aws
        from model_evaluation.lookups.storage import head_object, parse_s3_uri, read_chunks

        aws = Aws()
        item = head_object(aws, parse_s3_uri(source))
        return lambda: read_chunks(aws, item)
    path = _existing_file(source)
    return lambda: _read_file(path)


def _existing_file(source: str) -> str:
    path = os.path.expanduser(source)
    if os.path.isdir(path):
        raise Refused(f"{path} is a folder; one JSONL file is expected.", fix="Name the file.", code="not_one_object")
    if not os.path.exists(path):
        raise Refused(f"There is no file {path}.", fix="Check the path, or give an s3:// URI.", code="file_not_found")
    return path


def _read_file(path: str) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.", fix="Check its permissions.", code="file_unreadable"
        ) from error
