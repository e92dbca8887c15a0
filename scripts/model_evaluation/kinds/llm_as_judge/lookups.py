"""What Bedrock says of judge models: which there are, who may use them, how they are called. Listed, never praised."""

from __future__ import annotations

import datetime
import json
from functools import partial
from typing import NamedTuple

from model_evaluation.errors import (
    AccessDenied,
    AwsError,
    ExpiredCredentials,
    NoCredentials,
    NotFound,
    Throttled,
    Unreachable,
)
from model_evaluation.json_types import Facts
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws, ask, listing, together


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


NOT_OFFERED = "Bedrock does not offer it in this region."
LIST_BUCKET = "jumpstart-cache-prod-{region}"
LIST_KEY = "fmhMetadata/supported-llmaj-judge-models.json"
# Used only when the live list cannot be read, and always shown as unverified.
# Source: Amazon Bedrock user guide, "Evaluate model performance using another LLM as a judge".
FALLBACK_DATE = "2026-08"
FALLBACK = (
    "amazon.nova-2-lite-v1:0",
    "amazon.nova-micro-v1:0",
    "amazon.nova-pro-v1:0",
    "anthropic.claude-haiku-4-5-20251001-v1:0",
    "anthropic.claude-opus-4-5-20251101-v1:0",
    "anthropic.claude-sonnet-4-20250514-v1:0",
    "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "meta.llama3-1-70b-instruct-v1:0",
    "mistral.mistral-large-2402-v1:0",
)


class Judge(NamedTuple):
    """One candidate. ``usable`` is ``None`` when Bedrock would not say; ``reason`` explains a no or an unknown.
    ``by_profile``: it is called through an inference profile only."""

    id: str
    name: str
    usable: bool | None
    reason: str
    end_of_life: str | None
    by_profile: bool = False


class JudgeList(NamedTuple):
    """All candidates of a region in alphabetical order. ``verified`` is false for the dated fallback."""

    region: str
    verified: bool
    why_unverified: str
    judges: list[Judge]

    @property
    def offered(self) -> list[Judge]:
        """Those that can be used, as far as is known."""
        return [judge for judge in self.judges if judge.usable is not False]


def list_judges(aws: Aws, region: str, now: str, only: str | None = None) -> JudgeList:
    """Read the region's list and look every candidate (or ``only`` one) up in Bedrock, side by side.

    ``now`` is ISO 8601.
    """
    ids, why = _live_ids(aws, region)
    if only is not None:
        ids = [model_id for model_id in ids if model_id == only]
    judges = together(*[partial(_look_up, aws, region, model_id, now) for model_id in ids])
    return JudgeList(region, not why, why, judges)


def _live_ids(aws: Aws, region: str) -> tuple[list[str], str]:
    """Candidate ids, and why they are unverified (empty when they come from the live list)."""
    bucket = LIST_BUCKET.format(region=region)
    client = aws.client("s3", region)
    try:
        with aws_errors("reading the list of judge models", resource=f"s3://{bucket}/{LIST_KEY}"):
            body = client.get_object(Bucket=bucket, Key=LIST_KEY)["Body"].read()
    except (AccessDenied, NotFound, Unreachable) as error:
        return list(FALLBACK), f"The live list could not be read. {error.message}"
    try:
        ids = [str(item["model_id"]) for item in json.loads(body)["supported_judge_models"]]
    except (ValueError, KeyError, TypeError):
        return list(FALLBACK), "The live list has an unknown shape."
    return sorted(set(ids)), ""


def _look_up(aws: Aws, region: str, model_id: str, now: str) -> Judge:
    try:
        return _describe(aws, region, model_id, now)
    except (NoCredentials, ExpiredCredentials, Throttled, Unreachable):
        raise  # nothing can be said about any judge
    except NotFound:
        return Judge(model_id, model_id, False, NOT_OFFERED, None)
    except AccessDenied:
        return Judge(model_id, model_id, None, "Its state is unknown: bedrock:GetFoundationModel was denied.", None)
    except AwsError as error:
        if error.code == "invalid_value" or error.details.get("aws_code") == "ValidationException":
            return Judge(model_id, model_id, False, NOT_OFFERED, None)
        return Judge(model_id, model_id, None, f"Its state is unknown. {error.message}", None)


def _describe(aws: Aws, region: str, model_id: str, now: str) -> Judge:
    details = model_details(aws, model_id, region)
    lifecycle = details.get("modelLifecycle") or {}
    name = str(details.get("modelName") or model_id)
    end = lifecycle.get("endOfLifeTime")
    end_text = end.date().isoformat() if isinstance(end, datetime.datetime) else None
    if isinstance(end, datetime.datetime) and end <= datetime.datetime.fromisoformat(now):
        return Judge(model_id, name, False, f"It reached its end of life on {end_text}.", end_text)
    status = str(lifecycle.get("status", ""))
    if status == "LEGACY":
        note = f", end of life {end_text}" if end_text else ""
        return Judge(model_id, name, False, f"It is LEGACY{note}: no longer offered for new work.", end_text)
    types = details.get("inferenceTypesSupported") or ["ON_DEMAND"]
    return Judge(model_id, name, True, "", end_text, by_profile="ON_DEMAND" not in types)
