"""Bedrock's catalogue: foundation models, who may use them, inference profiles; and AWS's list of judges."""

from __future__ import annotations

import json

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.operations import Operations, Record, Request
from model_evaluation.localaws.store import DAY, timestamp

from .judges import JudgeModel, Judges, judge_model, models_of

OPERATIONS = Operations()

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
