"""What model registry and hubs hold: model packages and their groups; the public hub's base models, with what they
refer to in AWS's own bucket; and the AI registry's data sets."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Sequence

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import (
    SHARED,
    Record,
    Request,
    Resource,
    Response,
    ServiceError,
    described,
    listed,
    not_found,
)

PUBLIC_HUB = "SageMakerPublicHub"
HUBS = Resource("Hub", key="HubName", prefix="hub", summaries="HubSummaries")
CONTENTS = Resource("HubContent", key="HubContentName", prefix="hub-content", summaries="HubContentSummaries")

PUBLIC_BUCKET = re.compile(r"^jumpstart-cache-prod-[a-z0-9-]+$")
SETTINGS_KEY = "recipes/open-source-eval/override_params.json"
SETTINGS = {
    "task": {
        "type": "string",
        "default": "mmlu",
        "enum": [
            "mmlu", "mmlu_pro", "bbh", "gpqa", "math", "strong_reject", "ifeval", "gen_qa", "inference_only",
        ],
    },
    "max_new_tokens": {"type": "integer", "default": 8192, "min": 1, "max": 16384},
    "temperature": {"type": "integer", "default": 0, "min": 0, "max": 2},
    "top_k": {"type": "integer", "default": -1, "min": -1, "max": 1000},
    "top_p": {"type": "float", "default": 1.0, "min": 0, "max": 1},
    "max_model_len": {"type": "integer", "default": 12000, "min": 1024, "max": 32768},
    "aggregation": {"type": "string", "default": "", "enum": ["", "average", "median", "max", "min", "sum"]},
    "postprocessing": {"type": "string", "default": "False", "enum": ["True", "False"]},
}  # fmt: skip
"""What the evaluation recipe of an open-weight model lets one set, as AWS's public recipes have it."""


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
    mine = [
        one for one in contents_of(cloud, region).values() if (one["HubName"], one["HubContentType"]) == (hub, kind)
    ]
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


def eula_uri(region: str, family: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/fmhMetadata/eula/{family}Eula.txt"


def settings_uri(region: str) -> str:
    return f"s3://jumpstart-cache-prod-{region}/{SETTINGS_KEY}"


@SHARED.plays("s3", "GetObject")
def get_object(cloud: Cloud, request: Request) -> Response | None:
    if PUBLIC_BUCKET.match(str(request.params.get("Bucket", ""))) is None:
        return None
    objects = {SETTINGS_KEY: lambda cloud: json.dumps(SETTINGS).encode()}
    for player in cloud.players:
        objects |= player.public_objects
    if request.params["Key"] not in objects:
        raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)
    body = objects[request.params["Key"]](cloud)
    headers = {
        "Content-Type": "application/json",
        "ETag": f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        "Last-Modified": "Mon, 02 Nov 2026 08:00:00 GMT",
        "Accept-Ranges": "bytes",
    }
    return Response(200, headers, body)


# SageMaker answers these two with ValidationException, not ResourceNotFound.
ABSENT = ("ValidationException", "{word} {arn} does not exist.")
GROUPS = Resource(
    "ModelPackageGroup",
    key="ModelPackageGroupName",
    prefix="model-package-group",
    summaries="ModelPackageGroupSummaryList",
    newest_first=False,
    absent=ABSENT,
)
PACKAGES = Resource(
    "ModelPackage",
    key="ModelPackageName",
    prefix="model-package",
    summaries="ModelPackageSummaryList",
    name="ModelPackageArn",
    filters={"ModelApprovalStatus": "ModelApprovalStatus", "ModelPackageGroupName": "ModelPackageGroupName"},
    absent=ABSENT,
)
GROUPS.play()


@SHARED.plays("sagemaker", "DescribeModelPackage")
def describe_package(cloud: Cloud, request: Request) -> Record:
    arn = PACKAGES.arn(cloud, request.region, request.params["ModelPackageName"])
    if arn.split(":")[3:5] != [request.region, cloud.account]:
        raise ServiceError("AccessDeniedException", f"User is not authorized to access {arn}", status=403)
    return PACKAGES.describe(cloud, request)


@SHARED.plays("sagemaker", "ListModelPackages")
def list_packages(cloud: Cloud, request: Request) -> Record:
    if "ModelPackageGroupName" in request.params:
        request.params["ModelPackageGroupName"] = GROUPS.find(cloud, request)["ModelPackageGroupName"]
    return PACKAGES.list_all(cloud, request)


@SHARED.plays("sagemaker", "UpdateModelPackage")
def update_package(cloud: Cloud, request: Request) -> Record:
    params = request.params
    record = PACKAGES.find(cloud, Request("sagemaker", "", request.region, {PACKAGES.key: params["ModelPackageArn"]}))
    for key in ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification"):
        if key in params:
            record[key] = params[key]
    properties = {**record.get("CustomerMetadataProperties", {}), **params.get("CustomerMetadataProperties", {})}
    for name in params.get("CustomerMetadataPropertiesToRemove", []):
        properties.pop(name, None)
    if properties:
        record["CustomerMetadataProperties"] = properties
    record["LastModifiedTime"] = cloud.now()
    return {"ModelPackageArn": record["ModelPackageArn"]}
