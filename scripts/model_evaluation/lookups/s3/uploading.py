"""Prepared files go to S3, with their manifest, once and only after the user's yes."""

from __future__ import annotations

import os
import shlex
import sys
from typing import NamedTuple

from model_evaluation.errors import Refused, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.s3_uri import S3Uri, manifest_key, shard_names, unsharded_name, whole_set

from .dataset_files import joined_etag, read_object
from .objects import S3Object, head_object, parse_s3_uri, upload
from .sources import local_files

LARGE = 8_000_000  # bytes from which on an upload is announced


class Upload(NamedTuple):
    """What goes where. ``dataset`` is the URI to answer with afterwards, with a star for a set of files."""

    dataset: S3Uri
    files: list[tuple[str, S3Uri]]
    manifest: tuple[str, S3Uri] | None

    @property
    def size(self) -> int:
        """Bytes of the dataset's files."""
        return sum(os.path.getsize(path) for path, _ in self.files)


def planned_upload(names: list[str], target: str) -> Upload:
    """Where the files go: below ``target`` when it ends in a slash, else to that very name."""
    paths = local_files(names)
    if not any(os.path.getsize(path) for path in paths):
        raise Refused(f"{paths[0]} is empty (0 bytes).", fix="Give the file that holds the rows.", code="empty_file")
    first = whole_set(paths[0]) if len(paths) > 1 or shard_names(names[0]) != names else None
    name = first or paths[0]
    uri = parse_s3_uri(target)
    if not uri.key or uri.key.endswith("/"):
        uri = S3Uri(uri.bucket, uri.key + os.path.basename(name))
    keys = shard_names(uri.key)
    if len(keys) != len(paths):
        raise UsageError(
            f"{len(paths)} files cannot go to {uri}, which names {len(keys)}.",
            fix=f"Give a folder, with a slash at its end: s3://{uri.bucket}/evaluation/",
        )
    manifest = f"{unsharded_name(name)}.manifest.json"
    return Upload(
        uri,
        [(path, S3Uri(uri.bucket, key)) for path, key in zip(paths, keys, strict=True)],
        (manifest, S3Uri(uri.bucket, manifest_key(uri.key))) if os.path.isfile(manifest) else None,
    )


def carry_out(aws: Aws, plan: Upload) -> JsonObject:
    """Upload what is not there yet, the manifest last. Running it again goes on where it stopped. An object with other
    content is never replaced: Refused is raised for a dataset's file, another manifest is told."""
    items = [_put(aws, path, uri) for path, uri in plan.files]
    size, count = sum(item.size for item in items), {"files": len(items)} if len(items) > 1 else {}
    body: JsonObject = {"uploaded": {"uri": str(plan.dataset), "size": size, "etag": joined_etag(items), **count}}
    if plan.manifest is not None:
        path, uri = plan.manifest
        body["manifest"] = str(uri)
        try:
            _put(aws, path, uri)
        except Refused:
            note = f"There is another manifest {uri} already; it was left as it is."
            fix = (
                "If it is of another dataset, upload to a folder of its own: results are traced to their source by it."
            )
            body["findings"] = [{"kind": "manifest_kept", "level": "warning", "message": note, "fix": fix}]
    return {**body, "then": f"evaluate.py answer dataset {shlex.quote(str(plan.dataset))}"}


def _put(aws: Aws, path: str, uri: S3Uri) -> S3Object:
    size = os.path.getsize(path)
    if size >= LARGE:
        sys.stderr.write(f"  uploading {os.path.basename(path)}, {size / 1e6:,.0f} MB\n")
    try:
        return upload(aws, path, uri)
    except Refused as error:
        if error.code != "exists":
            raise
        there = head_object(aws, uri)
        if there.size != size or not _holds(aws, there, path):
            raise
        return there  # an earlier, interrupted upload


def _holds(aws: Aws, item: S3Object, path: str) -> bool:
    """Whether the object is the file's copy. It is read: with a KMS key, an ETag does not tell."""
    with open(path, "rb") as file:
        return all(file.read(len(chunk)) == chunk for chunk in read_object(aws, item))
