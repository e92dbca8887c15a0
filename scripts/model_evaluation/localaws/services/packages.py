"""Model package groups and model packages."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import SHARED, Record, Request, Resource, ServiceError

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
