"""Checks before a start that only an evaluation with Inspect has: the SDK looks at none of this."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.checks import Fault
from model_evaluation.runtime.models import PUBLIC_HUB
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients

from .targets import Target

if TYPE_CHECKING:
    from .settings import InspectSettings

GEOGRAPHIES = ("us.", "eu.", "apac.", "jp.", "au.", "ca.", "us-gov.", "global.")


def check_targets(settings: InspectSettings, aws: AwsClients) -> str:
    """Every model that is to be evaluated is there."""
    targets = [settings.target, *([settings.reference] if settings.reference else [])]
    return "; ".join(check_target(target, aws) for target in targets)


def check_target(target: Target, aws: AwsClients) -> str:
    """One of them, in words. Raises :class:`Fault`, or what boto3 raises."""
    if target.endpoint:
        status = aws.sagemaker.describe_endpoint(EndpointName=target.endpoint)["EndpointStatus"]
        if status != "InService":
            raise Fault(f"the endpoint {target.endpoint} is {status}, not InService.", "Wait, or name another one.")
        return f"endpoint {target.endpoint}, {status}"
    if target.package:
        package = aws.sagemaker.describe_model_package(ModelPackageName=target.package)
        if package.get("ModelPackageStatus") != "Completed":
            raise Fault(f"the model package is {package.get('ModelPackageStatus')}, not Completed.", "Choose another.")
        bucket, prefix = S3Uri.parse(str(target.weights))
        if not aws.s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1).get("KeyCount"):
            raise Fault(f"there are no weights at {target.weights}.", "Restore them, or evaluate another version.")
        return f"{target.package.partition('model-package/')[2]}, weights are there"
    return check_bedrock_model(str(target.bedrock), aws.client("bedrock"))


def check_bedrock_model(model_id: str, bedrock: Any) -> str:
    """A model of Bedrock by its id, or an inference profile by its id or ARN. A model that is called through a profile
    only is refused by its own id when the run is under way."""
    if model_id.startswith(GEOGRAPHIES) or ":inference-profile/" in model_id:
        profile = bedrock.get_inference_profile(inferenceProfileIdentifier=model_id)
        if profile.get("status") != "ACTIVE":
            raise Fault(
                f"the inference profile {model_id} is {profile.get('status')}, not ACTIVE.", "Name another one."
            )
        return f"inference profile {model_id}, ACTIVE"
    if model_id.startswith("arn:"):  # an imported or provisioned model, of which Bedrock knows several sorts
        return model_id
    details = bedrock.get_foundation_model(modelIdentifier=model_id)["modelDetails"]
    status = details.get("modelLifecycle", {}).get("status", "ACTIVE")
    if "ON_DEMAND" not in details.get("inferenceTypesSupported", ["ON_DEMAND"]):
        raise Fault(
            f"{model_id} is called through an inference profile only.",
            f"Name the profile, such as us.{model_id}: aws bedrock list-inference-profiles",
        )
    if status != "ACTIVE":
        raise Fault(f"{model_id} is {status}.", "It still answers; choose a newer one for new work.", "warn")
    return f"{model_id}, {status}"


def check_hub_model(settings: InspectSettings, aws: AwsClients) -> str:
    """The SDK refuses to make an evaluator without a model of SageMaker's hub, whatever answers."""
    name = settings.hub_model
    content = aws.sagemaker.describe_hub_content(HubName=PUBLIC_HUB, HubContentType="Model", HubContentName=name)
    return f"{name} {content['HubContentVersion']}, which the SDK asks for and nothing runs"


def check_benchmarks(settings: InspectSettings, aws: AwsClients) -> str:
    """The folder of the tasks is the one that was confirmed."""
    objects = list_folder(aws.s3, settings.benchmarks)
    if not any(name.endswith(".py") for name in objects):
        raise Fault(f"there is no Python file in {settings.benchmarks}.", "Put the tasks' files there.")
    if settings.benchmarks_digest and digest_of(objects) != settings.benchmarks_digest:
        raise Fault(
            f"the files in {settings.benchmarks} have changed since they were confirmed.",
            "Check them and render the notebook again; to accept them as they are, empty BENCHMARKS_DIGEST.",
        )
    unchanged = ", unchanged" if settings.benchmarks_digest else ""
    return f"{len(objects)} files in {settings.benchmarks}{unchanged}"


def list_folder(s3: Any, uri: str) -> dict[str, str]:
    """The ETags of a folder's objects by their names below it."""
    bucket, key = S3Uri.parse(uri)
    prefix = f"{key.rstrip('/')}/" if key.strip("/") else ""
    pages: Iterable[Mapping[str, Any]] = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    objects = {item["Key"].removeprefix(prefix): item["ETag"] for page in pages for item in page.get("Contents", [])}
    return {name: etag.strip('"') for name, etag in objects.items() if name and not name.endswith("/")}


def digest_of(objects: Mapping[str, str]) -> str:
    """What changes when any file of a folder does."""
    text = "\n".join(f"{name} {etag}" for name, etag in sorted(objects.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:32]
