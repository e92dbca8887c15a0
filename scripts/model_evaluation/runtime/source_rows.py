"""Which source row each row of a prepared dataset is: the manifest beside it knows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .session import AwsClients, dataset_object
from .settings import EvaluationSettings
from .shard_names import manifest_key


class SourceRows(NamedTuple):
    """``lines``: for each line of the dataset, its files one after the other, its line in ``source``; empty for a
    dataset that was not prepared from another one. After several operations it is the first one's source."""

    source: str
    lines: list[int]


def source_rows(settings: EvaluationSettings, aws: AwsClients) -> SourceRows:
    """Where the dataset's rows come from. A manifest that is not of these very files does not count."""
    nowhere = SourceRows("", [])
    bucket, key = dataset_object(settings, aws)
    try:
        manifest = json.loads(_object_bytes(aws, bucket, manifest_key(key)))
        source, outputs = str((manifest.get("origin") or manifest["source"])["uri"]), manifest["outputs"]
        lines: list[int] = []
        for shard, output in zip(settings.shards, outputs, strict=True):
            if hashlib.sha256(_object_bytes(aws, *dataset_object(shard, aws))).hexdigest() != output["sha256"]:
                return nowhere
            lines += lines_of_runs(output.get("origin_lines") or output["source_lines"])
    except (ClientError, BotoCoreError, AttributeError, ValueError, KeyError, TypeError):
        return nowhere  # most datasets have no manifest
    return SourceRows(source, lines)


def lines_of_runs(runs: Iterable[int | list[int]]) -> Iterator[int]:
    """``[[1, 3], 7]`` as 1, 2, 3, 7."""
    for run in runs:
        first, last = (run, run) if isinstance(run, int) else run
        yield from range(first, last + 1)


def _object_bytes(aws: AwsClients, bucket: str, key: str) -> Any:
    return aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
