"""What lies in S3 where a dataset was looked for, as a refusal that leads to a choice."""

from __future__ import annotations

import re
import shlex

from model_evaluation.errors import Choose, NotFound, Refused
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.shard_names import shard_names, whole_set

from .buckets import bucket_region
from .objects import list_some

MOST_CHOICES = 10
# What evaluations leave behind, by its key: no dataset, though it holds rows.
RESULT_FILE = re.compile(r"(^|/)taskTypes/|_output\.jsonl$|(^|/)per_example\.|\.jsonl\.out$|(^|/)manifest/[^/]*\.json$")


def refuse_folder(aws: Aws, uri: S3Uri) -> None:
    """Raise for a whole bucket or a folder, with the datasets that lie there as choices."""
    if uri.key and not uri.key.endswith("/"):
        return
    refuse_no_bucket(aws, uri.bucket)
    what = "a folder" if uri.key else "a whole bucket"
    raise _not_one_object(f"{uri} is {what}; one object is expected.", _below(aws, uri))


def refuse_no_bucket(aws: Aws, bucket: str) -> None:
    """Raise for a bucket that does not exist."""
    try:
        bucket_region(aws, bucket)
    except NotFound as error:
        raise Refused(f"There is no bucket {bucket}.", fix="Check the name: aws s3 ls", code="not_found") from error


def nothing_there(aws: Aws, uri: S3Uri) -> Choose:
    """The refusal of a key that does not exist."""
    below = _below(aws, uri)
    if below:
        return _not_one_object(f"{uri} is not an object, only the beginning of other keys.", below)
    folder = _folder(uri)
    beside = _below(aws, folder)
    message, fix = f"There is no object {uri}.{_listed(beside)}", f"Check the key: aws s3 ls {shlex.quote(str(folder))}"
    return Choose(message, fix=fix, choices=_choices(beside), code="not_found")


def part_missing(aws: Aws, uri: S3Uri, uris: list[S3Uri], missing: list[S3Uri]) -> Choose:
    """The refusal of a set of files that is not complete."""
    names = ", ".join(one.key.rpartition("/")[2] for one in missing[:3]) + (" and more" if len(missing) > 3 else "")
    are = "is" if len(missing) == 1 else "are"
    folder = _folder(uri)
    message = f"{uri} stands for {len(uris)} files, of which {len(missing)} {are} not there: {names}."
    fix = f"Upload what is missing, or correct the name: aws s3 ls {shlex.quote(str(folder))}"
    return Choose(message, fix=fix, choices=_choices(_below(aws, folder)), code="not_found")


def _folder(uri: S3Uri) -> S3Uri:
    return uri._replace(key=uri.key[: uri.key.rfind("/") + 1])


def _not_one_object(message: str, below: list[tuple[str, int]]) -> Choose:
    fix = "Answer with the URI of the one JSONL file."
    return Choose(message + _listed(below), fix=fix, choices=_choices(below), code="not_one_object")


def _below(aws: Aws, uri: S3Uri) -> list[tuple[str, int]]:
    """URIs and sizes of what lies below a prefix, the likeliest datasets first: JSONL, few folders deep. The files of
    a complete set are one entry."""
    sizes = {key: size for key, size in list_some(aws, uri) if size}
    for every in {whole_set(key) for key in sizes} - {None}:
        parts = shard_names(str(every))
        if all(part in sizes for part in parts):
            sizes[str(every)] = sum(sizes.pop(part) for part in parts)
    sizes = {key: size for key, size in sizes.items() if not RESULT_FILE.search(key)}
    likeliest = sorted(sizes.items(), key=lambda item: (not item[0].endswith(".jsonl"), item[0].count("/"), item[0]))
    return [(f"s3://{uri.bucket}/{key}", size) for key, size in likeliest]


def _listed(objects: list[tuple[str, int]]) -> str:
    if not objects:
        return ""
    names = ", ".join(f"{uri} ({size:,} bytes)" for uri, size in objects[:3])
    return f" Objects there: {names}{', and more' if len(objects) > 3 else ''}."


def _choices(objects: list[tuple[str, int]]) -> list[dict[str, str]]:
    return [
        {"value": uri, "label": uri.rpartition("/")[2], "note": _note(uri, size)}
        for uri, size in objects[:MOST_CHOICES]
        if uri.endswith(".jsonl")
    ]


def _note(uri: str, size: int) -> str:
    count = len(shard_names(uri))
    return f"{count} files, {size:,} bytes together" if count > 1 else f"{size:,} bytes"
