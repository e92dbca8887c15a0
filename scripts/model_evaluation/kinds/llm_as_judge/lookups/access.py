"""Whether this account may use a judge model: Bedrock's word on access, and how it can be called."""

from __future__ import annotations

from typing import NamedTuple

from model_evaluation.json_types import Facts
from model_evaluation.lookups.session import Aws, ask, listing


class Availability(NamedTuple):
    """GetFoundationModelAvailability: ``agreement`` and ``entitlement`` and ``in_region`` are AVAILABLE or not,
    ``authorization`` is AUTHORIZED or not; an empty string is what Bedrock left out."""

    authorization: str
    entitlement: str
    agreement: str
    in_region: str


class InferenceProfile(NamedTuple):
    """One of Bedrock's own inference profiles; ``models``: ARNs of the model in every region that it leads to."""

    id: str
    arn: str
    models: tuple[str, ...]


def model_details(aws: Aws, model_id: str, region: str) -> Facts:
    """What GetFoundationModel says of a model. Raises NotFound, AccessDenied."""
    call, doing = "bedrock.get_foundation_model", "looking up the judge model"
    details: Facts = ask(aws, call, doing, model_id, region=region, modelIdentifier=model_id)["modelDetails"]
    return details


def judge_availability(aws: Aws, model_id: str, region: str) -> Availability:
    """What this account may do with a foundation model in ``region``. Raises NotFound, AccessDenied."""
    call, doing = "bedrock.get_foundation_model_availability", "asking for access to the judge model"
    answer = ask(aws, call, doing, model_id, region=region, modelId=model_id)
    return Availability(
        str(answer.get("authorizationStatus", "")),
        str(answer.get("entitlementAvailability", "")),
        str((answer.get("agreementAvailability") or {}).get("status", "")),
        str(answer.get("regionAvailability", "")),
    )


def inference_types(aws: Aws, model_id: str, region: str) -> tuple[str, ...]:
    """How a foundation model can be called: ON_DEMAND, INFERENCE_PROFILE, PROVISIONED."""

    def look_up() -> tuple[str, ...]:
        return tuple(model_details(aws, model_id, region).get("inferenceTypesSupported") or ())

    return aws.once(("inference types", model_id, region), look_up)


def profiles_of(aws: Aws, model_id: str, region: str) -> tuple[InferenceProfile, ...]:
    """The system inference profiles that lead to a model: those of a geography first, then by id."""

    def look_up() -> tuple[InferenceProfile, ...]:
        call, key = "bedrock.list_inference_profiles", "inferenceProfileSummaries"
        profiles = [
            InferenceProfile(
                str(item["inferenceProfileId"]),
                str(item["inferenceProfileArn"]),
                tuple(str(model.get("modelArn", "")) for model in item.get("models", [])),
            )
            for item in listing(
                aws, call, key, "listing inference profiles", region=region, typeEquals="SYSTEM_DEFINED"
            )
        ]
        leading = [item for item in profiles if any(model.endswith(f"/{model_id}") for model in item.models)]
        return tuple(sorted(leading, key=lambda item: (item.id.startswith("global."), item.id)))

    return aws.once(("inference profiles", model_id, region), look_up)


def profile_needed(aws: Aws, model_id: str, region: str) -> InferenceProfile | None:
    """The inference profile without which a model cannot be called; ``None``: it can be, or Bedrock does not say."""
    types = inference_types(aws, model_id, region)
    if not types or "ON_DEMAND" in types:
        return None
    return next(iter(profiles_of(aws, model_id, region)), None)
