"""Hubs and hub contents: the public hub's base models, and the AI registry's data sets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import not_found
from model_evaluation.localaws.operations import SHARED, Record, Request
from model_evaluation.localaws.store import Resource, described, listed

PUBLIC_HUB = "SageMakerPublicHub"
HUBS = Resource("Hub", key="HubName", prefix="hub", summaries="HubSummaries")
CONTENTS = Resource("HubContent", key="HubContentName", prefix="hub-content", summaries="HubContentSummaries")


def contents_of(cloud: Cloud, region: str) -> dict[str, Record]:
    return CONTENTS.table(cloud, region)


def registry_hub_name(region: str, account: str) -> str:
    """The AI registry's hub in an account and region, named the way the SDK names it."""
    digest = hashlib.sha256(f"AiRegistry-{region}-{account}".encode()).digest()
    return base64.b32hexencode(digest).decode().strip("=")


def put_content(cloud: Cloud, region: str, path: str, document: Record, keywords: Sequence[str]) -> None:
    """Makes a version of a hub content exist, and its hub; ``path`` is ``HUB/TYPE/NAME/VERSION``."""
    hub, kind, name, version = path.split("/")
    owner = "aws" if hub == PUBLIC_HUB else cloud.account
    hub_arn = f"arn:aws:sagemaker:{region}:{owner}:hub/{hub}"
    arn = f"arn:aws:sagemaker:{region}:{owner}:hub-content/{path}"
    HUBS.add(cloud, region, hub, {"HubArn": hub_arn, "HubDescription": hub, "HubStatus": "InService"})
    CONTENTS.add(
        cloud,
        region,
        arn,
        {
            "HubContentName": name,
            "HubContentVersion": version,
            "HubContentType": kind,
            "DocumentSchemaVersion": "2.2.0" if kind == "Model" else "2.0.0",
            "HubName": hub,
            "HubArn": hub_arn,
            "HubContentDisplayName": name,
            "HubContentDescription": f"{name} (simulated hub content)",
            "HubContentDocument": json.dumps(document),
            "HubContentSearchKeywords": list(keywords),
            "HubContentStatus": "Available",
        },
    )


def _contents(cloud: Cloud, region: str, hub: str, kind: str) -> list[Record]:
    """The contents of one type in a hub, older versions first."""
    mine = [one for one in contents_of(cloud, region).values() if (one["HubName"], one["HubContentType"]) == (hub, kind)]
    return sorted(mine, key=lambda record: [int(part) for part in re.findall(r"\d+", record["HubContentVersion"])])


def find_content(cloud: Cloud, region: str, path: str) -> Record | None:
    """The hub content at ``HUB/TYPE/NAME/VERSION``, or without a version the newest at ``HUB/TYPE/NAME``."""
    hub, kind, name, version = (*path.split("/"), "", "", "")[:4]
    versions = [
        record
        for record in _contents(cloud, region, hub, kind)
        if record["HubContentName"] == name and version in ("", record["HubContentVersion"])
    ]
    return versions[-1] if versions else None


def _known_hub(cloud: Cloud, request: Request) -> Record:
    # The public hub's ARN has another owner; both are recorded under the account's.
    name = request.params["HubName"].rsplit("/", 1)[-1]
    return HUBS.find(cloud, Request("sagemaker", "DescribeHub", request.region, {"HubName": name}))


@SHARED.plays("sagemaker", "DescribeHub")
def describe_hub(cloud: Cloud, request: Request) -> Record:
    return described(request, _known_hub(cloud, request))


@SHARED.plays("sagemaker", "DescribeHubContent")
def describe_hub_content(cloud: Cloud, request: Request) -> Record:
    parts = (request.params.get(key) for key in ("HubContentType", "HubContentName", "HubContentVersion"))
    path = "/".join(filter(None, (_known_hub(cloud, request)["HubName"], *parts)))
    record = find_content(cloud, request.region, path)
    if record is None:
        raise not_found("HubContent", path)
    return described(request, record)


@SHARED.plays("sagemaker", "ListHubContents")
def list_hub_contents(cloud: Cloud, request: Request) -> Record:
    records = _contents(cloud, request.region, _known_hub(cloud, request)["HubName"], request.params["HubContentType"])
    newest = {record["HubContentName"]: record for record in records}
    return listed(request, newest.values(), into=CONTENTS.summaries, name=CONTENTS.key)
