"""The objects behind a dataset: one, or the files of a set such as ``rows-*-of-003.jsonl``; and what lies there where
there is none, as a refusal that leads to a choice."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from model_evaluation.errors import AccessDenied, AwsError, Choose, NotFound, Refused
from model_evaluation.lookups.session import Aws, together
from model_evaluation.runtime.s3_uri import S3Uri, shard_names, whole_set

from .objects import S3Object, bucket_region, head_object, list_some, read_chunks

if TYPE_CHECKING:
    from model_evaluation.dataset import JoinedFiles


def files_of(uri: S3Uri) -> list[S3Uri]:
    """The objects a URI stands for, in order: itself, or every file of a set."""
    return [S3Uri(uri.bucket, key) for key in shard_names(uri.key)]


def recorded_files(facts: Mapping[str, object]) -> list[S3Uri]:
    """The objects of the recorded dataset; ``facts`` are those of the `dataset` step. None without a dataset."""
    if not facts.get("bucket"):
        return []
    return files_of(S3Uri(str(facts["bucket"]), str(facts["key"])))


def joined_etag(files: Iterable[S3Object]) -> str:
    """One text for the ETags of all files, as DATASET_ETAG holds it."""
    return ",".join(item.etag for item in files)


def unchanged_files(aws: Aws, facts: Mapping[str, object]) -> list[S3Object]:
    """The recorded dataset's objects as they are now. Raises Refused, naming them, when some were replaced since,
    and whatever looking them up raises."""
    files = together(*[lambda uri=uri: head_object(aws, uri) for uri in recorded_files(facts)])
    replaced = replaced_files(files, str(facts["etag"]))
    if replaced:
        raise Refused(
            f"{replaced} after it was recorded.",
            fix=f"Answer the dataset again: evaluate.py answer dataset {shlex.quote(str(facts['uri']))}",
            code="dataset_changed",
        )
    return files


def replaced_files(files: list[S3Object], recorded: str) -> str:
    """ "s3://b/rows.jsonl was replaced (ETag new, recorded old)" for the first file whose ETag is not the one in
    ``recorded``; empty when all are."""
    etags = recorded.split(",")
    if len(etags) != len(files):
        return f"{files[0].uri} is one of {len(files)} files, but {len(etags)} were recorded: the dataset was replaced"
    changed = [(item, etag) for item, etag in zip(files, etags, strict=True) if item.etag != etag]
    if not changed:
        return ""
    item, etag = changed[0]
    more = f" and {len(changed) - 1} more were" if len(changed) > 1 else " was"
    return f"{item.uri}{more} replaced (ETag {item.etag}, recorded {etag})"


def read_object(aws: Aws, item: S3Object) -> Iterator[bytes]:
    """The object's bytes, streamed, as ``read_chunks`` gives them; refusals say what they are about."""
    with explained(item.uri):
        yield from read_chunks(aws, item)


def joined_files(aws: Aws, files: Iterable[S3Object]) -> JoinedFiles:
    """The objects of a dataset, to be read one after the other."""
    from model_evaluation.dataset import JoinedFiles  # loads msgspec

    return JoinedFiles([(item.uri.key.rpartition("/")[2], partial(read_object, aws, item)) for item in files])


@contextmanager
def explained(uri: S3Uri) -> Iterator[None]:
    """Turns what S3 says when an object cannot be read into what is the matter with it."""
    try:
        yield
    except AwsError as error:
        code = str(error.details.get("aws_code", ""))
        if code == "InvalidObjectState":
            raise Refused(
                f"{uri} is archived and cannot be read as it is.",
                fix=f"Restore it, which takes hours: aws s3api restore-object --bucket {shlex.quote(uri.bucket)} "
                f"--key {shlex.quote(uri.key)} --restore-request Days=7 - or upload a copy in the STANDARD class.",
                code="archived",
            ) from error
        if code.startswith("KMS."):
            raise Refused(
                f"{uri} is encrypted with a KMS key that cannot be used ({code}). {error.message}",
                fix="Have the key enabled by whoever owns it, or upload a copy that is encrypted otherwise.",
                code="kms_key",
            ) from error
        if isinstance(error, AccessDenied):
            _explain_denial(error, uri)
        raise


def _explain_denial(error: AccessDenied, uri: S3Uri) -> None:
    key = re.search(r"kms:\w+ on (?:the )?resource:? (arn:\S+?)[\s.,]", error.message + " ")
    if key:
        error.fix = (
            f"{uri} is encrypted with a KMS key. Ask whoever owns the key for kms:Decrypt on {key[1]} (you, and the "
            "execution role), or upload a copy that is encrypted otherwise."
        )
        return
    error.fix = (
        f"Ask for s3:GetObject on {uri} (and kms:Decrypt if it is encrypted with a key of yours). Without "
        "s3:ListBucket, S3 also answers this way when the object does not exist: check the key. A requester-pays "
        "bucket answers so, too: copy the object to a bucket of your own."
    )


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
