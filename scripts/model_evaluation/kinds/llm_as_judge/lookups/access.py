"""Whether this account may use a judge model: Bedrock's word on access, and how it can be called."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.lookups.session import Aws, aws_errors


class Availability(NamedTuple):
    """GetFoundationModelAvailability: ``agreement`` and ``entitlement`` and ``in_region`` are AVAILABLE or not,
    ``authorization`` is AUTHORIZED or not; an empty string is what Bedrock left out."""

    authorization: str
    entitlement: str
    agreement: str
    in_region: str


def judge_availability(aws: Aws, model_id: str, region: str) -> Availability:
    """What this account may do with a foundation model in ``region``. Raises NotFound, AccessDenied."""
    client = aws.client("bedrock", region)
    with aws_errors("asking for access to the judge model", resource=model_id):
        answer = client.get_foundation_model_availability(modelId=model_id)
    return Availability(
        str(answer.get("authorizationStatus", "")),
        str(answer.get("entitlementAvailability", "")),
        str((answer.get("agreementAvailability") or {}).get("status", "")),
        str(answer.get("regionAvailability", "")),
    )


def inference_types(aws: Aws, model_id: str, region: str) -> tuple[str, ...]:
    """How a foundation model can be called: ON_DEMAND, INFERENCE_PROFILE, PROVISIONED."""
    client = aws.client("bedrock", region)
    with aws_errors("looking up the judge model", resource=model_id):
        details = client.get_foundation_model(modelIdentifier=model_id)["modelDetails"]
    return tuple(details.get("inferenceTypesSupported") or ())


def profiles_of(aws: Aws, model_id: str, region: str) -> tuple[tuple[str, str], ...]:
    """The system inference profiles that lead to a model: (id, ARN), by id."""
    client = aws.client("bedrock", region)
    with aws_errors("listing inference profiles"):
        pages = client.get_paginator("list_inference_profiles").paginate(typeEquals="SYSTEM_DEFINED")
        profiles = [item for page in pages for item in page["inferenceProfileSummaries"]]
    return tuple(
        sorted(
            (str(item["inferenceProfileId"]), str(item["inferenceProfileArn"]))
            for item in profiles
            if any(str(model.get("modelArn", "")).endswith(f"/{model_id}") for model in item.get("models", []))
        )
    )
