"""Bedrock's catalogue: foundation models, who may use them, inference profiles; and AWS's list of judges."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import Operations, Record, Request
from model_evaluation.localaws.store import DAY, timestamp

OPERATIONS = Operations()


@dataclass(frozen=True)
class JudgeModel:
    """One foundation model. Days count from the start of local AWS; negative ones lie in the past."""

    model_id: str
    name: str
    status: Literal["ACTIVE", "LEGACY"] = "ACTIVE"
    legacy_in_days: float | None = None
    end_of_life_in_days: float | None = None
    listed: bool = True
    """Whether the supported-judge-models object names it."""
    known: bool = True
    """Whether GetFoundationModel finds it in the region."""
    authorized: bool = True
    """Whether the account was given access."""
    entitled: bool = True
    """Whether the account is entitled to it."""
    agreed: bool = True
    """Whether the agreement with its provider was made."""
    on_demand: bool = True
    """False: callable through a cross-region inference profile only."""


DEFAULT_JUDGES = (
    JudgeModel("amazon.nova-pro-v1:0", "Nova Pro"),
    JudgeModel(
        "anthropic.claude-3-5-sonnet-20240620-v1:0",
        "Claude 3.5 Sonnet",
        status="LEGACY",
        legacy_in_days=-240,
        end_of_life_in_days=-30,
    ),
    JudgeModel(
        "anthropic.claude-3-haiku-20240307-v1:0",
        "Claude 3 Haiku",
        status="LEGACY",
        legacy_in_days=-60,
        end_of_life_in_days=150,
    ),
    JudgeModel("anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5", on_demand=False),
    JudgeModel("meta.llama3-1-70b-instruct-v1:0", "Llama 3.1 70B Instruct"),
    JudgeModel("mistral.mistral-large-2402-v1:0", "Mistral Large (24.02)"),
)


@dataclass(frozen=True)
class Judges:
    """The part of a scenario that is about judges: the models of the region, and whether the judge list is readable."""

    models: tuple[JudgeModel, ...] = DEFAULT_JUDGES
    judge_list: Literal["ok", "denied", "missing", "garbled"] = "ok"


def models_of(cloud: Cloud) -> list[JudgeModel]:
    """The foundation models that the region has."""
    return [judge for judge in cloud.scenario.part(Judges).models if judge.known]


def judge_model(cloud: Cloud, model_id: str) -> JudgeModel | None:
    """A foundation model of the region, ``None`` for any other."""
    return next((judge for judge in models_of(cloud) if judge.model_id == model_id), None)


def past_end_of_life(cloud: Cloud, judge: JudgeModel) -> bool:
    if judge.end_of_life_in_days is None:
        return False
    return cloud.started + judge.end_of_life_in_days * DAY <= cloud.clock()


GEOGRAPHY = {"us": "us", "eu": "eu", "ap": "apac"}
# Where the profiles of a geography lead to, beside the region itself.
DESTINATIONS = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-west-1"),
    "apac": ("ap-northeast-1", "ap-south-1", "ap-southeast-2"),
}


def model_arn(region: str, model_id: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def _details(cloud: Cloud, region: str, judge: JudgeModel) -> Record:
    days = {"legacyTime": judge.legacy_in_days, "endOfLifeTime": judge.end_of_life_in_days}
    moments = {name: timestamp(cloud.started + own * DAY) for name, own in days.items() if own is not None}
    return {
        "modelArn": model_arn(region, judge.model_id),
        "modelId": judge.model_id,
        "modelName": judge.name,
        "inferenceTypesSupported": ["ON_DEMAND"] if judge.on_demand else ["INFERENCE_PROFILE"],
        "modelLifecycle": {"status": judge.status, **moments},
    }


def _find(cloud: Cloud, identifier: str) -> JudgeModel:
    judge = judge_model(cloud, identifier.rsplit("/", 1)[-1])
    if judge is None:
        raise ServiceError(
            "ResourceNotFoundException",
            f"Could not resolve the foundation model from the model identifier: {identifier}",
            status=404,
        )
    return judge


@OPERATIONS.plays("bedrock", "GetFoundationModel")
def get_foundation_model(cloud: Cloud, request: Request) -> Record:
    judge = _find(cloud, request.params["modelIdentifier"])
    return {"modelDetails": _details(cloud, request.region, judge)}


@OPERATIONS.plays("bedrock", "GetFoundationModelAvailability")
def get_availability(cloud: Cloud, request: Request) -> Record:
    judge = _find(cloud, request.params["modelId"])

    def granted(yes: bool) -> str:
        return "AVAILABLE" if yes else "NOT_AVAILABLE"

    return {
        "modelId": judge.model_id,
        "agreementAvailability": {"status": granted(judge.authorized and judge.agreed)},
        "authorizationStatus": "AUTHORIZED" if judge.authorized else "NOT_AUTHORIZED",
        "entitlementAvailability": granted(judge.authorized and judge.entitled),
        "regionAvailability": "AVAILABLE",
    }


def _profiles(cloud: Cloud, region: str) -> list[Record]:
    prefix = GEOGRAPHY.get(region.split("-")[0], "global")
    regions = sorted({region, *DESTINATIONS.get(prefix, ())})
    return [
        {
            "inferenceProfileName": f"{prefix.upper()} {judge.name}",
            "inferenceProfileArn": cloud.arn(region, f"inference-profile/{prefix}.{judge.model_id}", "bedrock"),
            "models": [{"modelArn": model_arn(name, judge.model_id)} for name in regions],
            "inferenceProfileId": f"{prefix}.{judge.model_id}",
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }
        for judge in models_of(cloud)
        if not judge.on_demand
    ]


@OPERATIONS.plays("bedrock", "ListInferenceProfiles")
def list_inference_profiles(cloud: Cloud, request: Request) -> Record:
    return {"inferenceProfileSummaries": _profiles(cloud, request.region)}


def judge_list(cloud: Cloud) -> bytes:
    """AWS's list of the models that may judge, in the state that the scenario gives it."""
    judges = cloud.scenario.part(Judges)
    if judges.judge_list == "denied":
        raise ServiceError("AccessDenied", "Access Denied", status=403)
    if judges.judge_list == "missing":
        raise ServiceError("NoSuchKey", "The specified key does not exist.", status=404)
    if judges.judge_list == "garbled":
        return b'{"schema_version": "1.0", "supported_judge'
    models = [{"model_id": judge.model_id} for judge in judges.models if judge.listed]
    return json.dumps({"schema_version": "1.0", "supported_judge_models": models}).encode()
