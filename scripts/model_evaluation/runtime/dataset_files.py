"""The dataset's files: where they are, their rows, and which source row each of them is."""

from __future__ import annotations

import hashlib
import json
import re
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from .rows import read_dataset_rows
from .s3_uri import S3Uri, manifest_key
from .session import AwsClients, AwsFailure
from .settings import Settings

CHARS_PER_TOKEN = 4
REGISTRY_DATASET = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d+):hub-content/([^/]+)/DataSet/([^/]+)/(.+)")


def dataset_object(settings: Settings, aws: AwsClients) -> tuple[str, str]:
    """Bucket and key of the dataset's file; an AI-Registry ARN is looked up. ``ValueError`` when it is neither."""
    if settings.dataset.startswith("s3://"):
        uri = S3Uri.parse(settings.dataset)
        if uri.key:
            return uri
    arn = REGISTRY_DATASET.fullmatch(settings.dataset)
    if arn is None:
        raise ValueError(f"expected s3://bucket/key or a DataSet ARN, received {settings.dataset!r}")
    content = aws.sagemaker.describe_hub_content(
        HubName=arn[3], HubContentType="DataSet", HubContentName=arn[4], HubContentVersion=arn[5]
    )
    document = json.loads(content["HubContentDocument"])
    return document["DatasetS3Bucket"], document["DatasetS3Prefix"]


def dataset_lines(settings: Settings, aws: AwsClients) -> Iterator[bytes]:
    """The lines of all the dataset's files, one after the other, without their ends. Each file is read whole."""
    for shard in settings.shards:
        yield from read_object(aws, *dataset_object(shard, aws)).removesuffix(b"\n").split(b"\n")


@dataclass(frozen=True)
class DatasetSize:
    """``rows`` of a dataset, and how many tokens (of about four characters) the median prompt has."""

    rows: int
    prompt_tokens: int = 0

    @classmethod
    def of(cls, rows: int, median_chars: float) -> DatasetSize:
        return cls(rows, round(median_chars / CHARS_PER_TOKEN))


def dataset_size(settings: Settings, aws: AwsClients) -> DatasetSize:
    """No rows when the dataset cannot be read, which must not keep anybody from waiting for a run."""
    try:
        lines = [line for line in dataset_lines(settings, aws) if line.strip()]
        prompts = [len(row.prompt) for row in read_dataset_rows(lines).rows]
    except (*AwsFailure, ValueError, KeyError):
        return DatasetSize(0)
    return DatasetSize.of(len(lines), statistics.median(prompts) if prompts else 0)


def read_object(aws: AwsClients, bucket: str, key: str) -> bytes:
    content: bytes = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content


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
