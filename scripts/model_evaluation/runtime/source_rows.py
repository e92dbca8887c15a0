"""Which source row each row of a prepared dataset is: the manifest beside it knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .dataset_files import dataset_object, read_object
from .session import AwsClients, AwsFailure
from .settings import Settings
from .shard_names import manifest_key


class SourceRows(NamedTuple):
    """``lines``: for each line of the dataset, its files one after the other, its line in ``source``; empty for a
    dataset that was not prepared from another one. After several operations it is the first one's source."""

    source: str
    lines: list[int]


def source_rows(settings: Settings, aws: AwsClients) -> SourceRows:
    """Where the dataset's rows come from. A manifest that is not of these very files does not count."""
    nowhere = SourceRows("", [])
    bucket, key = dataset_object(settings, aws)
    try:
        manifest = json.loads(read_object(aws, bucket, manifest_key(key)))
        source, outputs = str((manifest.get("origin") or manifest["source"])["uri"]), manifest["outputs"]
        lines: list[int] = []
        for shard, output in zip(settings.shards, outputs, strict=True):
            if hashlib.sha256(read_object(aws, *dataset_object(shard, aws))).hexdigest() != output["sha256"]:
                return nowhere
            lines += lines_of_runs(output.get("origin_lines") or output["source_lines"])
    except (*AwsFailure, AttributeError, ValueError, KeyError, TypeError):
        return nowhere  # most datasets have no manifest
    return SourceRows(source, lines)


def lines_of_runs(runs: Iterable[int | list[int]]) -> Iterator[int]:
    """``[[1, 3], 7]`` as 1, 2, 3, 7."""
    for run in runs:
        first, last = (run, run) if isinstance(run, int) else run
        yield from range(first, last + 1)
