"""Hubs and hub contents: the public hub's base models, and the AI registry's data sets."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import not_found
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, Table, described, listed

PUBLIC_HUB = "SageMakerPublicHub"


def hubs_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeHub", "ListHubs", region)


def contents_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeHubContent", "ListHubContents", region)


def registry_hub_name(region: str, account: str) -> str:
    """The AI registry's hub in an account and region, named the way the SDK names it."""
    digest = hashlib.sha256(f"AiRegistry-{region}-{account}".encode()).digest()
    return base64.b32hexencode(digest).decode().strip("=")


def put_hub(cloud: Cloud, region: str, name: str, display_name: str) -> Record:
    """Makes a hub exist; an existing one is returned as it is."""
    known = hubs_of(cloud, region).get(name)
    if known is not None:
        return known
    owner = "aws" if name == PUBLIC_HUB else cloud.account
    now = cloud.now()
    return hubs_of(cloud, region).put(
        name,
        {
            "HubName": name,
            "HubArn": f"arn:aws:sagemaker:{region}:{owner}:hub/{name}",
            "HubDisplayName": display_name,
            "HubDescription": display_name,
            "HubStatus": "InService",
            "CreationTime": now,
            "LastModifiedTime": now,
        },
    )


def put_content(
    cloud: Cloud,
    region: str,
    hub: str,
    kind: str,
    name: str,
    version: str,
    document: dict[str, Any],
    *,
    description: str = "",
    keywords: tuple[str, ...] = (),
) -> Record:
    """Makes a version of a hub content exist."""
    hub_record = put_hub(cloud, region, hub, hub)
    owner = "aws" if hub == PUBLIC_HUB else cloud.account
    arn = f"arn:aws:sagemaker:{region}:{owner}:hub-content/{hub}/{kind}/{name}/{version}"
    now = cloud.now()
    return contents_of(cloud, region).put(
        arn,
        {
            "HubContentName": name,
            "HubContentArn": arn,
            "HubContentVersion": version,
            "HubContentType": kind,
            "DocumentSchemaVersion": "2.2.0" if kind == "Model" else "2.0.0",
            "HubName": hub,
            "HubArn": hub_record["HubArn"],
            "HubContentDisplayName": name,
            "HubContentDescription": description,
            "HubContentDocument": json.dumps(document),
            "HubContentSearchKeywords": list(keywords),
            "HubContentStatus": "Available",
            "CreationTime": now,
            "LastModifiedTime": now,
        },
    )


def version_key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def find_content(
    cloud: Cloud, region: str, hub: str, kind: str, name: str, version: str | None = None
) -> Record | None:
    """A hub content's version, by default its newest; ``hub`` is a name or an ARN."""
    hub = hub.rsplit("/", 1)[-1]
    versions = [
        record
        for record in contents_of(cloud, region).all()
        if (record["HubName"], record["HubContentType"], record["HubContentName"]) == (hub, kind, name)
        and version in (None, record["HubContentVersion"])
    ]
    return max(versions, key=lambda record: version_key(record["HubContentVersion"]), default=None)


def _known_hub(cloud: Cloud, request: Request) -> str:
    name = str(request.params["HubName"]).rsplit("/", 1)[-1]
    if hubs_of(cloud, request.region).get(name) is None:
        raise not_found("Hub", cloud.arn(request.region, f"hub/{name}"))
    return name


@SHARED.plays("sagemaker", "DescribeHub")
def describe_hub(cloud: Cloud, request: Request) -> Record:
    record = hubs_of(cloud, request.region).get(_known_hub(cloud, request))
    assert record is not None
    return described(request, record)


@SHARED.plays("sagemaker", "ListHubs")
def list_hubs(cloud: Cloud, request: Request) -> Record:
    return listed(request, hubs_of(cloud, request.region).all(), into="HubSummaries", name="HubName")


@SHARED.plays("sagemaker", "DescribeHubContent")
def describe_hub_content(cloud: Cloud, request: Request) -> Record:
    params = request.params
    hub = _known_hub(cloud, request)
    record = find_content(
        cloud,
        request.region,
        hub,
        params["HubContentType"],
        params["HubContentName"],
        params.get("HubContentVersion"),
    )
    if record is None:
        wanted = "/".join(
            str(params[key]) for key in ("HubContentType", "HubContentName", "HubContentVersion") if key in params
        )
        raise not_found("HubContent", f"{hub}/{wanted}")
    return described(request, record)


@SHARED.plays("sagemaker", "ListHubContents")
def list_hub_contents(cloud: Cloud, request: Request) -> Record:
    hub, kind = _known_hub(cloud, request), request.params["HubContentType"]
    records = [
        r for r in contents_of(cloud, request.region).all() if (r["HubName"], r["HubContentType"]) == (hub, kind)
    ]
    records.sort(key=lambda record: version_key(record["HubContentVersion"]))
    newest = {record["HubContentName"]: record for record in records}
    return listed(request, newest.values(), into="HubContentSummaries", name="HubContentName")
