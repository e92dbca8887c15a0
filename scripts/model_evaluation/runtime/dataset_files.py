"""The dataset's files: where they are, and their rows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .session import AwsClients, AwsFailure
from .settings import Settings

REGISTRY_DATASET = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d+):hub-content/([^/]+)/DataSet/([^/]+)/(.+)")


def dataset_object(settings: Settings, aws: AwsClients) -> tuple[str, str]:
    """Bucket and key of the dataset's file; an AI-Registry ARN is looked up. ``ValueError`` when it is neither."""
    uri = re.fullmatch(r"s3://([^/]+)/(.+)", settings.dataset, re.DOTALL)
    if uri:
        return uri[1], uri[2]
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


def row_count(settings: Settings, aws: AwsClients) -> int:
    """Rows of the dataset; 0 when it cannot be read, which must not keep anybody from waiting for a run."""
    try:
        return sum(bool(line.strip()) for line in dataset_lines(settings, aws))
    except (*AwsFailure, ValueError, KeyError):
        return 0


def read_object(aws: AwsClients, bucket: str, key: str) -> bytes:
    content: bytes = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content
