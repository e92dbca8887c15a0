"""The model that an answer names: looked up in Bedrock, among the endpoints, in the model registry."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from model_evaluation.errors import AwsError, NotFound, Refused
from model_evaluation.kinds.inspect_ai.runtime.model_checks import GEOGRAPHIES, check_bedrock_model
from model_evaluation.kinds.inspect_ai.runtime.targets import Target
from model_evaluation.runtime.checks import Fault

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws

PACKAGE = re.compile(r"(?:arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):\d{12}:model-package/)?([A-Za-z0-9-]+)/(\d+)")
BEDROCK_ID = re.compile(r"(?:[a-z-]+\.)?[a-z0-9-]+\.[a-z0-9-]+[a-z0-9.:-]*")
INSTANCE = re.compile(r"ml\.[a-z0-9-]+\.[a-z0-9]+")


@dataclass(frozen=True)
class Found:
    """A target, the region that its name is of (empty where it is of none), what the lookup says, and what it could not
    find out."""

    target: Target
    region: str
    message: str
    doubt: str = ""


def find_target(aws: Aws, text: str) -> Found:
    """The model that ``text`` names. Raises Refused when there is none, or it cannot be run."""
    text, _, instance = (part.strip() for part in text.strip().partition(" on "))
    sort, _, name = text.partition(" ")
    if sort in ("bedrock", "endpoint", "package") and name.strip():
        text = name.strip()
    else:
        sort = _sort(text)
    if instance and (sort != "package" or not INSTANCE.fullmatch(instance)):
        raise Refused(
            f"`on {instance[:60]}` belongs to a model package and names an instance type.",
            fix="For example: my-group/3 on ml.g5.2xlarge",
            code="no_instance",
        )
    if sort == "package":
        return _package(aws, text, instance)
    return _endpoint(aws, text) if sort == "endpoint" else _bedrock(aws, text)


def _sort(text: str) -> str:
    if ":endpoint/" in text:
        return "endpoint"
    if PACKAGE.fullmatch(text):
        return "package"
    if ":bedrock:" in text or (BEDROCK_ID.fullmatch(text) and "." in text):
        return "bedrock"
    if text.startswith("arn:") or "/" in text or " " in text or not text:
        raise Refused(
            f"{text[:200]!r} is not a model that Inspect can run here.",
            fix="Give a Bedrock model or inference profile id, an endpoint's name, or a model package (its ARN or "
            "GROUP/VERSION) with `on ml.INSTANCE`.",
            code="wrong_kind",
        )
    return "endpoint"


def _bedrock(aws: Aws, model_id: str) -> Found:
    target = Target(bedrock=model_id)
    region = model_id.split(":")[3] if model_id.startswith("arn:") else ""
    try:
        return Found(target, region, _asked(aws, model_id))
    except Fault as fault:
        if fault.status == "warn":
            return Found(target, region, model_id, f"{fault.message} {fault.fix}")
        raise Refused(fault.message, fix=fault.fix, code="not_usable") from fault
    except NotFound as error:
        profile = model_id.startswith(GEOGRAPHIES)
        raise Refused(
            f"Bedrock has no {'inference profile' if profile else 'model'} {model_id[:120]!r} in {aws.region}.",
            fix=f"List them: aws bedrock list-{'inference-profiles' if profile else 'foundation-models'}. An endpoint "
            "is named as `endpoint NAME`.",
            code="not_found",
        ) from error
    except AwsError as error:
        return Found(target, region, model_id, f"It could not be looked up in Bedrock. {error.message}")


def _asked(aws: Aws, model_id: str) -> str:
    from model_evaluation.lookups.failures import aws_errors

    with aws_errors("looking up", resource=model_id):
        return check_bedrock_model(model_id, aws.client("bedrock"))


def _endpoint(aws: Aws, text: str) -> Found:
    from model_evaluation.lookups.failures import aws_errors

    name = text.rpartition("endpoint/")[2]
    region = text.split(":")[3] if text.startswith("arn:") else aws.region
    try:
        with aws_errors("looking up", resource=name):
            status = aws.client("sagemaker").describe_endpoint(EndpointName=name)["EndpointStatus"]
    except NotFound as error:
        raise Refused(
            f"There is no endpoint {name[:80]!r} in {region}.",
            fix="List them: aws sagemaker list-endpoints. A Bedrock model is named by its id, such as "
            "amazon.nova-lite-v1:0.",
            code="not_found",
        ) from error
    if status != "InService":
        raise Refused(
            f"The endpoint {name} is {status}, not InService.", fix="Wait, or name another one.", code="not_in_service"
        )
    return Found(Target(endpoint=name), region, f"Endpoint {name}, {status}.")


def _package(aws: Aws, text: str, instance: str) -> Found:
    """The weights and the image that an endpoint of the package is made of. The SDK itself takes a package only for a
    name and looks for a Bedrock model behind it."""
    from model_evaluation.lookups.failures import aws_errors

    match = PACKAGE.fullmatch(text)
    if match is None:
        raise Refused(f"{text[:120]!r} is not a model package.", fix="Give its ARN or GROUP/VERSION.", code="bad_arn")
    client = aws.client("sagemaker")
    arn = text
    try:
        with aws_errors("looking up", resource=text):
            if match[1] is None:
                pages = client.get_paginator("list_model_packages").paginate(ModelPackageGroupName=match[2])
                arns = [item["ModelPackageArn"] for page in pages for item in page["ModelPackageSummaryList"]]
                arn = next((own for own in arns if own.endswith(f"/{match[2]}/{match[3]}")), "")
            package = client.describe_model_package(ModelPackageName=arn) if arn else None
    except NotFound:
        package = None
    if package is None:
        raise Refused(f"There is no model package {text[:120]}.", fix="Check group and version.", code="not_found")
    if package["ModelPackageStatus"] != "Completed":
        status = package["ModelPackageStatus"]
        raise Refused(f"{text} is {status}, not Completed.", fix="Choose a usable version.", code="not_usable")
    weights, image = _parts(package)
    if not weights or not image:
        lacking = " and ".join(name for name, own in (("weights in S3", weights), ("image", image)) if not own)
        raise Refused(
            f"{text} names no {lacking}, so no endpoint can be made of it.",
            fix="Deploy it to an endpoint yourself and answer with the endpoint's name.",
            code="no_image",
        )
    if not instance:
        raise Refused(
            f"On which instance should an endpoint of {text} run? Nothing says which one is large enough.",
            fix=f"For example: {text} on ml.g5.2xlarge",
            code="no_instance",
        )
    target = Target(package=arn, weights=weights, image=image, instance_type=instance)
    note = f"An endpoint of {match[2]}/{match[3]} on {instance} is made for the run and deleted after it."
    return Found(target, arn.split(":")[3], note)


def _parts(package: dict[str, Any]) -> tuple[str, str]:
    container = (package.get("InferenceSpecification", {}).get("Containers") or [{}])[0]
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    return str(container.get("ModelDataUrl") or source), str(container.get("Image") or "")
