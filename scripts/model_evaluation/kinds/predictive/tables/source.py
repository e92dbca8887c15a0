"""Where a table of rows is, and its bytes on this machine: a local file or folder, one object in S3, or a prefix."""

from __future__ import annotations

import glob
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_evaluation.errors import NotFound, Refused
from model_evaluation.kinds.predictive.runtime.reading.table_files import (
    START_BYTES,
    TableError,
    TableFormat,
    detect_format,
    is_part,
    local_etag,
    local_parts,
)

if TYPE_CHECKING:
    from model_evaluation.json_types import JsonObject
    from model_evaluation.lookups.s3.objects import S3Object
    from model_evaluation.lookups.session import Aws


PREFIX = "model-evaluation"


@dataclass(frozen=True)
class Source:
    """A table as it was found. ``uri`` is an absolute path or an S3 URI; ``etag`` of its bytes, of all parts joined by
    commas; ``parts`` are the S3 objects, none of a local table."""

    uri: str
    format: TableFormat
    size: int
    etag: str
    files: int
    region: str = ""
    bucket: str = ""
    key: str = ""
    parts: tuple[S3Object, ...] = ()

    def as_facts(self) -> JsonObject:
        facts = {**vars(self), "format": self.format.as_json()}
        return {name: value for name, value in facts.items() if value != "" and name != "parts"}


def is_local(uri: str) -> bool:
    return not uri.startswith("s3://")


def find_table(aws: Aws | None, text: str) -> Source:
    """The table that a user named. Raises Refused for what is none, and what AWS says no with."""
    try:
        return _in_s3(aws, text) if not is_local(text) else _here(text)
    except TableError as error:
        raise Refused(
            str(error),
            fix="Give a CSV, Parquet, JSON Lines or libsvm file: s3://bucket/key, a prefix of parts, or a path here.",
            code="not_a_table",
        ) from error


def _here(text: str) -> Source:
    path = os.path.abspath(os.path.expanduser(text))
    if not os.path.exists(path):
        raise Refused(
            f"{text[:200]!r} is neither an S3 URI nor a file on this machine.",
            fix="Give the S3 URI or the path of the rows, such as s3://my-bucket/test.csv or ./test.csv.",
            code="not_found",
        )
    parts = local_parts(path)
    if not parts:
        raise Refused(f"There is no file in {path}.", fix="Name a file of rows.", code="not_found")
    try:
        size = sum(os.path.getsize(part) for part in parts)
        with open(parts[0], "rb") as file:
            start = file.read(START_BYTES)
    except OSError as error:
        raise Refused(
            f"{path} cannot be read: {error.strerror}.", fix="Check the path and its permissions.", code="unreadable"
        ) from error
    form = detect_format(os.path.basename(parts[0]), start, whole=len(start) == os.path.getsize(parts[0]))
    return Source(path, form, size, local_etag(parts), len(parts))


def _in_s3(aws: Aws | None, text: str) -> Source:
    from model_evaluation.lookups.s3.objects import bucket_region, head_object, list_some, parse_s3_uri, read_start

    assert aws is not None
    uri = parse_s3_uri(text)
    try:
        region = bucket_region(aws, uri.bucket)
    except NotFound as error:
        raise Refused(f"There is no bucket {uri.bucket}.", fix="Check the name: aws s3 ls", code="not_found") from error
    if region != aws.region:
        raise Refused(
            f"The bucket {uri.bucket} is in {region}, but this session works in {aws.region}. An evaluation needs one "
            "region.",
            fix=f"If the model is in {region}: export AWS_REGION={region} - else copy the rows to a bucket in "
            f"{aws.region}.",
            code="other_region",
        )
    parts: list[S3Object] = []
    if uri.key and not uri.key.endswith("/"):
        with suppress(NotFound):
            parts = [head_object(aws, uri)]
    if not parts:
        below = uri if not uri.key or uri.key.endswith("/") else uri._replace(key=f"{uri.key}/")
        keys = [key for key, size in list_some(aws, below, limit=1000) if is_part(key, size)]
        if not keys:
            raise Refused(
                f"There is no object {uri}, and none below it.", fix=f"Look around: aws s3 ls {uri}", code="not_found"
            )
        parts = [head_object(aws, uri._replace(key=key)) for key in sorted(keys)]
    total = sum(part.size for part in parts)
    if not total:
        raise Refused(f"{uri} is empty (0 bytes).", fix="Upload the rows first.", code="empty_object")
    start = read_start(aws, parts[0].uri, START_BYTES)
    form = detect_format(str(parts[0].uri), start, whole=len(start) >= parts[0].size)
    etag = ",".join(part.etag for part in parts)
    return Source(str(uri), form, total, etag, len(parts), region, uri.bucket, uri.key, tuple(parts))


@contextmanager
def local_copies(aws: Aws | None, source: Source) -> Iterator[list[str]]:
    """Paths of the table's parts on this machine; copies of S3 objects are gone afterwards."""
    if not source.parts:
        yield local_parts(source.uri)
        return
    from model_evaluation.lookups.s3.objects import read_chunks

    assert aws is not None
    with scratch_folder("rows") as folder:
        paths = []
        for number, part in enumerate(source.parts):
            path = os.path.join(folder, f"part-{number:05d}")
            with open(path, "wb") as file:
                for chunk in read_chunks(aws, part):
                    file.write(chunk)
            paths.append(path)
        yield paths


@contextmanager
def scratch_folder(name: str) -> Iterator[str]:
    """A folder for rows that are looked at, gone afterwards. Those of processes that are no more are deleted."""
    if os.name == "posix":  # elsewhere nothing tells whether a process lives without touching it
        for path in glob.glob(os.path.join(glob.escape(tempfile.gettempdir()), f"{PREFIX}-{name}-*")):
            owner = re.match(rf"{PREFIX}-{name}-(\d+)-", os.path.basename(path))
            if owner and not _lives(int(owner[1])):
                shutil.rmtree(path, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"{PREFIX}-{name}-{os.getpid()}-") as folder:
        yield folder


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # somebody else's
        return True
    return True
