"""Where rows come from: a file or an object, or a set of them named with a star."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from model_evaluation.dataset import JoinedFiles
from model_evaluation.errors import NotFound, Refused
from model_evaluation.progress import watched
from model_evaluation.runtime.s3_uri import shard_names, whole_set

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws

OpenChunks = Callable[[], Iterable[bytes]]
Source = tuple[str, OpenChunks]


def local_files(names: list[str]) -> list[str]:
    """The files on this machine that the names stand for: one, or a set, written with its star or, as a shell writes
    it, one by one. Raises Refused when one does not exist, and for files that belong to no set."""
    paths = [os.path.expanduser(name) for name in names]
    if len(paths) == 1:
        paths = shard_names(paths[0])
    else:
        every = whole_set(paths[0])
        if every is None or sorted(paths) != shard_names(every):
            more = ", ..." if len(paths) > 3 else ""
            message = f"{len(paths)} files were received, which are not one set's: {', '.join(paths[:3])}{more}"
            fix = "Give one file, or a whole set in quotes, like 'data/rows-*-of-003.jsonl'."
            raise Refused(message, fix=fix, code="not_one_object")
        paths = shard_names(every)
    for path in paths:
        if os.path.isdir(path):
            message = f"{path} is a folder; one JSONL file is expected."
            raise Refused(message, fix="Name the file.", code="not_one_object")
        if not os.path.exists(path):
            fix = "Check the path, or give an s3:// URI."
            raise Refused(f"There is no file {path}.", fix=fix, code="file_not_found")
    return paths


def local_sources(names: list[str]) -> list[Source]:
    """The files of a dataset on this machine: name, and how to open it."""
    return [(os.path.basename(path), partial(_read_file, path)) for path in local_files(names)]


def s3_sources(aws: Aws, text: str, *, below: bool = False) -> list[Source]:
    """The objects of a dataset in S3. ``below``: what is not an object may be a prefix of JSONL objects.

    Raises what looking them up raises; Choose for a folder or a key that is not there.
    """
    from .dataset_files import (  # loads boto3
        explained,
        files_of,
        nothing_there,
        read_object,
        refuse_folder,
        refuse_no_bucket,
    )
    from .objects import head_object, list_some, parse_s3_uri

    uri = parse_s3_uri(text)
    if not below:
        refuse_folder(aws, uri)
    objects = []
    for one in files_of(uri):
        try:
            with explained(one):
                objects.append(head_object(aws, one))
        except NotFound as error:
            inside = list_some(aws, one) if below else []
            keys = [key for key, size in inside if size and key.endswith((".jsonl", ".json"))]
            if not keys:
                refuse_no_bucket(aws, uri.bucket)
                raise nothing_there(aws, one) from error
            objects += [head_object(aws, one._replace(key=key)) for key in keys]
    return [(item.uri.key.rpartition("/")[2], partial(read_object, aws, item)) for item in objects]


def training_chunks(aws: Callable[[], Aws], source: str) -> Iterator[bytes]:
    """Training data as one stream, with progress: a file, an object, a set, or in S3 a prefix. ``aws`` is asked for
    when they are in S3."""
    files = s3_sources(aws(), source, below=True) if source.startswith("s3://") else local_sources([source])
    return watched(JoinedFiles(files).chunks(), "training data")


def _read_file(path: str) -> Iterator[bytes]:
    from model_evaluation.dataset.rows.lines import read_chunks

    try:
        yield from read_chunks(Path(path))
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}."
        raise Refused(message, fix="Check its permissions.", code="file_unreadable") from error
