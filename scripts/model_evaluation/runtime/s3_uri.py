"""``s3://bucket/key`` taken apart, and the names of a dataset that comes in several files: ``rows-*-of-003.jsonl``
stands for ``rows-001-of-003.jsonl``, ``rows-002-of-003.jsonl`` and ``rows-003-of-003.jsonl``."""

from __future__ import annotations

import re
from typing import NamedTuple

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)


class S3Uri(NamedTuple):
    """``key`` is empty for the bucket itself, and kept exactly."""

    bucket: str
    key: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @classmethod
    def parse(cls, text: str) -> S3Uri:
        """Raises ValueError, which says what was received and what is expected, for anything else."""
        if not text.startswith("s3://"):
            raise ValueError(f"{text[:200]!r} was received; an S3 URI is expected, which looks like s3://bucket/key.")
        bucket, _, key = text[len("s3://") :].partition("/")
        if not _BUCKET.fullmatch(bucket) or ".." in bucket:
            raise ValueError(
                f"{bucket[:100]!r} is not a bucket name; one has 3 to 63 lower-case letters, digits, dots and hyphens."
            )
        if len(key.encode("utf-8")) > 1024:
            raise ValueError(f"The key has {len(key.encode('utf-8'))} bytes; S3 allows 1,024.")
        return cls(bucket, key)


_ALL_SHARDS = re.compile(r"(.*)-\*-of-((?=\d{3})0*[1-9]\d{0,3})(\.[^/]*)?", re.DOTALL)
_ONE_SHARD = re.compile(r"(.*)-\d{3,}-of-((?=\d{3})0*[1-9]\d{0,3})(\.[^/]*)?", re.DOTALL)


def shard_names(name: str) -> list[str]:
    """The files that a path or URI stands for, in order: itself, unless it has the star of a set."""
    match = _ALL_SHARDS.fullmatch(name)
    if match is None:
        return [name]
    stem, count, suffix = match[1], match[2], match[3] or ""
    return [f"{stem}-{number:0{len(count)}d}-of-{count}{suffix}" for number in range(1, int(count) + 1)]


def is_shard_set(name: str) -> bool:
    """Whether the name has the star that stands for every file of a set."""
    return _ALL_SHARDS.fullmatch(name) is not None


def whole_set(name: str) -> str | None:
    """The set a file belongs to by its name: ``rows-*-of-003.jsonl`` for ``rows-002-of-003.jsonl``, else ``None``."""
    match = _ONE_SHARD.fullmatch(name)
    return f"{match[1]}-*-of-{match[2]}{match[3] or ''}" if match else None


def unsharded_name(name: str) -> str:
    """The name without its number: ``rows.jsonl`` for a set's, any other as it is."""
    match = _ALL_SHARDS.fullmatch(name)
    return f"{match[1]}{match[3] or ''}" if match else name


def manifest_key(name: str) -> str:
    """Where the manifest of a prepared dataset lies in S3: ``manifest/rows.jsonl.json`` beside ``rows.jsonl``.

    SageMaker takes the dataset's URI as the beginning of keys: what is named ``rows.jsonl.…`` would be read as rows.
    """
    folder, slash, file = unsharded_name(name).rpartition("/")
    return f"{folder}{slash}manifest/{file}.json"
