"""The names of a dataset that comes in several files: ``rows-*-of-003.jsonl`` stands for ``rows-001-of-003.jsonl``,
``rows-002-of-003.jsonl`` and ``rows-003-of-003.jsonl``."""

from __future__ import annotations

import re

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
