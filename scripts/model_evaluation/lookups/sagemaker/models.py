"""Model packages, their groups, and the training jobs that made them."""

from __future__ import annotations

import datetime
import re
from contextlib import suppress
from typing import NamedTuple

from model_evaluation.errors import NotFound
from model_evaluation.lookups.failures import Unless
from model_evaluation.lookups.session import Aws, ask
from model_evaluation.runtime.settings import Json

# A group may have thousands of versions; the newest hundred decide which one is meant.
VERSIONS_READ = 100
GROUPS_OFFERED = 20
NEWEST_FIRST = {"SortBy": "CreationTime", "SortOrder": "Descending"}
IMPOSSIBLE_NAME = Unless("ValidationException")  # what has an impossible name does not exist


class ModelPackage(NamedTuple):
    """One model package version. ``base_model`` is ``None`` when the package does not carry it.

    ``licence_accepted`` is what the package says of its weights' end-user licence, ``None`` when it says nothing;
    ``made_by`` the job that made it, empty when it is not told; ``specification`` AWS's own words on how it runs.
    """

    arn: str
    group: str
    version: int
    status: str
    approval: str
    created: str
    base_model: str | None
    base_model_version: str | None
    model_data: str | None
    licence_accepted: bool | None
    made_by: str
    specification: Json

    @property
    def usable(self) -> bool:
        return self.status == "Completed"


def describe_package(aws: Aws, arn: str, region: str | None = None) -> ModelPackage:
    """One package by its versioned ARN. Raises NotFound when it does not exist."""
    answer = _package(aws, arn, region)
    specification = answer.get("InferenceSpecification", {})
    containers = specification.get("Containers") or [{}]
    base = containers[0].get("BaseModel") or {}
    source = containers[0].get("ModelDataSource", {}).get("S3DataSource", {})
    return ModelPackage(
        arn=answer["ModelPackageArn"],
        group=str(answer.get("ModelPackageGroupName", "")),
        version=int(answer.get("ModelPackageVersion", 0)),
        status=str(answer.get("ModelPackageStatus", "")),
        approval=str(answer.get("ModelApprovalStatus", "")),
        created=_day(answer.get("CreationTime")),
        base_model=base.get("HubContentName"),
        base_model_version=base.get("HubContentVersion"),
        model_data=source.get("S3Uri") or containers[0].get("ModelDataUrl"),
        licence_accepted=source.get("ModelAccessConfig", {}).get("AcceptEula"),
        made_by=str(answer.get("MetadataProperties", {}).get("GeneratedBy", "")),
        specification=specification,
    )


class Version(NamedTuple):
    """A line of a group's version list."""

    arn: str
    version: int
    status: str
    approval: str
    created: str


def list_versions(aws: Aws, group: str) -> list[Version]:
    """A group's newest versions, newest first. ``group`` is a name or ARN. Raises NotFound."""
    request: Json = {"ModelPackageGroupName": group, "MaxResults": VERSIONS_READ, **NEWEST_FIRST}
    doing = "listing the versions of model package group"
    versions = [
        Version(
            item["ModelPackageArn"],
            int(item.get("ModelPackageVersion", 0)),
            str(item.get("ModelPackageStatus", "")),
            str(item.get("ModelApprovalStatus", "")),
            _day(item.get("CreationTime")),
        )
        for item in ask(aws, "sagemaker.list_model_packages", doing, group, **request)["ModelPackageSummaryList"]
    ]
    return sorted(versions, key=lambda item: item.version, reverse=True)


def group_arn(aws: Aws, name: str) -> str | None:
    """The ARN of the model package group of exactly that name (or ARN), ``None`` when there is none."""
    call, doing = "sagemaker.describe_model_package_group", "looking up the model package group"
    with IMPOSSIBLE_NAME, suppress(NotFound):
        return str(ask(aws, call, doing, name, ModelPackageGroupName=name)["ModelPackageGroupArn"])
    return None


def search_groups(aws: Aws, keyword: str) -> list[tuple[str, str]]:
    """Groups whose name contains ``keyword``, newest first: (name, day created); at most GROUPS_OFFERED.

    Names hold letters, digits and hyphens only, so anything else in ``keyword`` counts as a hyphen.
    """
    keyword = re.sub(r"[^a-zA-Z0-9]+", "-", keyword).strip("-")
    if not keyword or len(keyword) > 63:
        return []
    request: Json = {"NameContains": keyword, "MaxResults": GROUPS_OFFERED, **NEWEST_FIRST}
    answer = ask(aws, "sagemaker.list_model_package_groups", "searching model package groups for", keyword, **request)
    return [
        (str(item["ModelPackageGroupName"]), _day(item.get("CreationTime")))
        for item in answer["ModelPackageGroupSummaryList"]
    ]


class TrainingJob(NamedTuple):
    """A training job, the model package it registered, if any, the S3 URIs it trained on, and its VPC's subnets."""

    name: str
    status: str
    model_package_arn: str | None
    training_data: tuple[str, ...]
    subnets: tuple[str, ...]


def describe_training_job(aws: Aws, name: str, region: str | None = None) -> TrainingJob:
    """One training job by name. Raises NotFound."""
    call, doing = "sagemaker.describe_training_job", "looking up the training job"
    answer = ask(aws, call, doing, name, region=region, TrainingJobName=name)
    sources = [
        channel.get("DataSource", {}).get("S3DataSource", {}).get("S3Uri")
        for channel in answer.get("InputDataConfig", [])
        if "valid" not in channel.get("ChannelName", "").lower()
    ]
    return TrainingJob(
        name,
        str(answer["TrainingJobStatus"]),
        answer.get("OutputModelPackageArn"),
        tuple(str(source) for source in sources if source),
        tuple(answer.get("VpcConfig", {}).get("Subnets", ())),
    )


def training_job_or_none(aws: Aws, name: str) -> TrainingJob | None:
    """The training job of exactly that name, ``None`` when there is none."""
    with IMPOSSIBLE_NAME, suppress(NotFound):
        return describe_training_job(aws, name)
    return None


def package_metadata(aws: Aws, arn: str, region: str) -> dict[str, str]:
    """A model package version's customer metadata properties. Raises NotFound."""
    properties = _package(aws, arn, region).get("CustomerMetadataProperties", {})
    return {str(key): str(value) for key, value in properties.items()}


def update_package_metadata(aws: Aws, arn: str, region: str, properties: dict[str, str], remove: list[str]) -> None:
    """Set these customer metadata properties, remove those; all others stay. Raises AwsError."""
    request: Json = {"ModelPackageArn": arn, "CustomerMetadataProperties": properties}
    if remove:
        request["CustomerMetadataPropertiesToRemove"] = remove
    doing = "writing the evaluation onto the model package"
    ask(aws, "sagemaker.update_model_package", doing, arn, region=region, **request)


def _package(aws: Aws, arn: str, region: str | None) -> Json:
    call, doing = "sagemaker.describe_model_package", "looking up the model package"
    return ask(aws, call, doing, arn, region=region, ModelPackageName=arn)


def _day(moment: object) -> str:
    return moment.date().isoformat() if isinstance(moment, datetime.datetime) else ""
