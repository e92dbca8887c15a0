"""Model package groups and model packages."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError, invalid
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, Table, described, listed


def groups_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeModelPackageGroup", "ListModelPackageGroups", region)


def packages_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeModelPackage", "ListModelPackages", region)


def _arn(cloud: Cloud, request: Request, kind: str, name: str) -> str:
    return name if name.startswith("arn:") else cloud.arn(request.region, f"{kind}/{name}")


def find_group(cloud: Cloud, request: Request) -> Record:
    arn = _arn(cloud, request, "model-package-group", request.params["ModelPackageGroupName"])
    record = groups_of(cloud, request.region).get(arn)
    if record is None:
        # SageMaker answers these two kinds with ValidationException, not ResourceNotFound.
        raise invalid(f"ModelPackageGroup {arn} does not exist.")
    return record


@SHARED.plays("sagemaker", "DescribeModelPackageGroup")
def describe_group(cloud: Cloud, request: Request) -> Record:
    return described(request, find_group(cloud, request))


@SHARED.plays("sagemaker", "ListModelPackageGroups")
def list_groups(cloud: Cloud, request: Request) -> Record:
    return listed(
        request,
        groups_of(cloud, request.region).all(),
        into="ModelPackageGroupSummaryList",
        name="ModelPackageGroupName",
    )


@SHARED.plays("sagemaker", "DescribeModelPackage")
def describe_package(cloud: Cloud, request: Request) -> Record:
    arn = _arn(cloud, request, "model-package", request.params["ModelPackageName"])
    if arn.split(":")[3:5] != [request.region, cloud.account]:
        raise ServiceError("AccessDeniedException", f"User is not authorized to access {arn}", status=403)
    record = packages_of(cloud, request.region).get(arn)
    if record is None:
        raise invalid(f"ModelPackage {arn} does not exist.")
    return described(request, record)


@SHARED.plays("sagemaker", "UpdateModelPackage")
def update_package(cloud: Cloud, request: Request) -> Record:
    record = packages_of(cloud, request.region).get(request.params["ModelPackageArn"])
    if record is None:
        raise invalid(f"ModelPackage {request.params['ModelPackageArn']} does not exist.")
    for key in ("ModelApprovalStatus", "ApprovalDescription", "InferenceSpecification"):
        if key in request.params:
            record[key] = request.params[key]
    properties = dict(record.get("CustomerMetadataProperties", {}))
    properties.update(request.params.get("CustomerMetadataProperties", {}))
    for removed in request.params.get("CustomerMetadataPropertiesToRemove", []):
        properties.pop(removed, None)
    if properties:
        record["CustomerMetadataProperties"] = properties
    record["LastModifiedTime"] = cloud.now()
    return {"ModelPackageArn": record["ModelPackageArn"]}


@SHARED.plays("sagemaker", "ListModelPackages")
def list_packages(cloud: Cloud, request: Request) -> Record:
    approval = request.params.get("ModelApprovalStatus")
    group = request.params.get("ModelPackageGroupName")
    if group is not None:
        group = find_group(cloud, request)["ModelPackageGroupName"]
    return listed(
        request,
        packages_of(cloud, request.region).all(),
        into="ModelPackageSummaryList",
        name="ModelPackageArn",
        where=lambda record: (
            group in (None, record["ModelPackageGroupName"]) and approval in (None, record["ModelApprovalStatus"])
        ),
        newest_first=True,
    )
