"""Judge models: the region's live list, and what Bedrock says of each. Listed, never recommended."""

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
from model_evaluation.lookups.concurrency import together
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws

from .access import model_details

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
