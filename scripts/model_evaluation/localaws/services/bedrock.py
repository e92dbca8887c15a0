"""Bedrock's catalogue: foundation models, who may use them, inference profiles."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.judges import DAYS, JudgeModel
from model_evaluation.localaws.store import Record, timestamp
from model_evaluation.localaws.wire import Request

from .registry import operation

START_OF_LIFE_DAYS = -500
GEOGRAPHY = {"us": "us", "eu": "eu", "ap": "apac"}


def model_arn(region: str, model_id: str) -> str:
    return f"arn:aws:bedrock:{region}::foundation-model/{model_id}"


def _details(cloud: Cloud, region: str, judge: JudgeModel) -> Record:
    def in_days(days: float) -> object:
        return timestamp(cloud.started + days * DAYS)

    lifecycle: Record = {"status": judge.status, "startOfLifeTime": in_days(START_OF_LIFE_DAYS)}
    if judge.legacy_in_days is not None:
        lifecycle["legacyTime"] = in_days(judge.legacy_in_days)
    if judge.end_of_life_in_days is not None:
        lifecycle["endOfLifeTime"] = in_days(judge.end_of_life_in_days)
    return {
        "modelArn": model_arn(region, judge.model_id),
        "modelId": judge.model_id,
        "modelName": judge.name,
        "providerName": judge.provider,
        "inputModalities": ["TEXT"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": [],
        "inferenceTypesSupported": ["ON_DEMAND"] if judge.on_demand else ["INFERENCE_PROFILE"],
        "modelLifecycle": lifecycle,
    }


def _find(cloud: Cloud, identifier: str) -> JudgeModel:
    judge = cloud.judge(identifier.rsplit("/", 1)[-1])
    if judge is None:
        raise ServiceError(
            "ResourceNotFoundException",
            f"Could not resolve the foundation model from the model identifier: {identifier}",
            status=404,
        )
    return judge


@operation("bedrock", "GetFoundationModel")
def get_foundation_model(cloud: Cloud, request: Request) -> Record:
    judge = _find(cloud, request.params["modelIdentifier"])
    return {"modelDetails": _details(cloud, request.region, judge)}


@operation("bedrock", "ListFoundationModels")
def list_foundation_models(cloud: Cloud, request: Request) -> Record:
    known = [judge for judge in cloud.scenario.judges if judge.known]
    return {"modelSummaries": [_details(cloud, request.region, judge) for judge in known]}


@operation("bedrock", "GetFoundationModelAvailability")
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
    return [
        {
            "inferenceProfileName": f"{prefix.upper()} {judge.name}",
            "description": f"Routes requests to {judge.name} within the geography.",
            "createdAt": timestamp(cloud.started + START_OF_LIFE_DAYS * DAYS),
            "updatedAt": timestamp(cloud.started + START_OF_LIFE_DAYS * DAYS),
            "inferenceProfileArn": cloud.arn(region, f"inference-profile/{prefix}.{judge.model_id}", "bedrock"),
            "models": [{"modelArn": model_arn(region, judge.model_id)}],
            "inferenceProfileId": f"{prefix}.{judge.model_id}",
            "status": "ACTIVE",
            "type": "SYSTEM_DEFINED",
        }
        for judge in cloud.scenario.judges
        if judge.known and not judge.on_demand
    ]


@operation("bedrock", "ListInferenceProfiles")
def list_inference_profiles(cloud: Cloud, request: Request) -> Record:
    return {"inferenceProfileSummaries": _profiles(cloud, request.region)}
