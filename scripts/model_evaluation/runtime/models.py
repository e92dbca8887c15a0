"""Models by name: a package of the model registry, the newest of its group, a base model of the hub."""

from __future__ import annotations

import re

from .session import AwsClients
from .settings import Json, NotebookError

MODEL_PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d{12}):model-package/([^/]+)/(\d+)")
HUB_MODEL = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):([^:]*):hub-content/([^/]+)/Model/([^/]+)/(.+)")
PUBLIC_HUB = "SageMakerPublicHub"
NEWEST = re.compile(r"(?:arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:\d{12}:model-package/)?([A-Za-z0-9-]+)/newest")


class NoVersionError(NotebookError):
    """A group of model packages has no version that can be evaluated."""


def is_package(model: str) -> bool:
    """Whether it is a version of a model package group, or the newest one of it."""
    return MODEL_PACKAGE.fullmatch(model) is not None or NEWEST.fullmatch(model) is not None


def hub_model_name(model: str) -> str:
    """The name of a hub model, from its name or its hub-content ARN; any other name as it is."""
    match = HUB_MODEL.fullmatch(model)
    return match[4] if match else model


def resolved_model(model: str, aws: AwsClients) -> str:
    """``GROUP/newest`` as the ARN of its newest version that is complete and not rejected; any other as it is."""
    match = NEWEST.fullmatch(model)
    if match is None:
        return model
    pages = aws.sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=match[1], SortBy="CreationTime", SortOrder="Descending"
    )
    for page in pages:
        for package in page["ModelPackageSummaryList"]:
            if package["ModelPackageStatus"] == "Completed" and package.get("ModelApprovalStatus") != "Rejected":
                return str(package["ModelPackageArn"])
    raise NoVersionError(
        f"The group {match[1]} has no version that is complete and not rejected.",
        fix="Name a version: its ARN, with the number at its end.",
    )


def first_container(package: Json) -> Json:
    """The container of a described model package; empty when it has none."""
    containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
    container: Json = containers[0]
    return container


def base_model_of(model: str, aws: AwsClients) -> str | None:
    """The base model that a package names."""
    container = first_container(aws.sagemaker.describe_model_package(ModelPackageName=model))
    base: dict[str, str] = container.get("BaseModel", {})
    return base.get("HubContentName") or base.get("HubContentArn")
