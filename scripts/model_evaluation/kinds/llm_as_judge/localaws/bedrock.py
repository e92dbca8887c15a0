"""Bedrock as the judge knows it: foundation models, who may use them, inference profiles, AWS's list of judges; and a
SIMULATED judge behind Converse. It reads a prompt as any model would, and answers in text.

It understands nothing. The last labelled part of the prompt counts as the answer to grade; the more of its words
stand in the parts before it, the better the rating. A share of the replies (the scenario's ``missing_scores``) is
malformed, as real judges' replies are at times: prose, a rating that is not on the scale, or cut off.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Literal

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.language import content_words, coverage, seeded, share, words
from model_evaluation.localaws.operations import DAY, Operations, Record, Request, ServiceError, timestamp

from .judging import SIMULATED, worst_is_last

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


LABEL = re.compile(r"^[^\n:{}]{1,60}:[ \n]", re.MULTILINE)
RATINGS = re.compile(r"((?:^- .+\n?){1,10})\s*^Reply with JSON", re.MULTILINE)
PROFILE = re.compile(r"^(?:us|eu|apac|global)\.")


@OPERATIONS.plays("bedrock-runtime", "Converse")
def converse(cloud: Cloud, request: Request) -> Record:
    model = _model(cloud, request.params["modelId"])
    prompt = "\n".join(
        part.get("text", "") for message in request.params.get("messages", []) for part in message["content"]
    )
    text, stop = _reply(model.model_id, prompt, cloud.scenario.missing_scores)
    read, written = len(words(prompt)), len(words(text))
    return {
        "output": {"message": {"role": "assistant", "content": [{"text": text}]}},
        "stopReason": stop,
        "usage": {"inputTokens": read, "outputTokens": written, "totalTokens": read + written},
        "metrics": {"latencyMs": 1},
    }


def _model(cloud: Cloud, identifier: str) -> JudgeModel:
    """The model an id, an ARN or an inference profile leads to, refused as Bedrock refuses it."""
    name = identifier.rsplit("/", 1)[-1]
    model_id = PROFILE.sub("", name)
    model = judge_model(cloud, model_id)
    if model is None:
        raise ServiceError("ValidationException", "The provided model identifier is invalid.")
    if past_end_of_life(cloud, model):
        raise ServiceError(
            "ResourceNotFoundException", "This model version has reached the end of its life.", status=404
        )
    if not (model.authorized and model.entitled and model.agreed):
        raise ServiceError(
            "AccessDeniedException", "You don't have access to the model with the specified model ID.", status=403
        )
    if not model.on_demand and name == model_id:
        raise ServiceError(
            "ValidationException",
            f"Invocation of model ID {name} with on-demand throughput isn't supported. Retry your request with the ID "
            "or ARN of an inference profile that contains this model.",
        )
    return model


def _reply(judge: str, prompt: str, malformed: float) -> tuple[str, str]:
    """The reply's text and why it ended there."""
    ratings = RATINGS.search(prompt)
    # What asks for the rating stands in a paragraph of its own, at the end.
    body = prompt[: ratings.start()] if ratings else prompt
    body = body.rpartition("\n\n")[0]
    quality = _quality(body)
    reasoning = f"{SIMULATED} About {quality:.0%} of the answer's words stand in what it answers."
    if share(judge, "malformed", prompt) < malformed:
        return _malformed(judge, prompt, reasoning)
    if ratings is None:
        return json.dumps({"reasoning": reasoning, "score": round(quality, 1)}), "end_turn"
    scale = [line[2:] for line in ratings[1].splitlines() if line]
    if worst_is_last(scale[0], scale[-1]):
        scale.reverse()
    rating = scale[min(len(scale) - 1, int(quality * len(scale)))]
    return json.dumps({"reasoning": reasoning, "rating": rating}), "end_turn"


def _quality(body: str) -> float:
    labels = list(LABEL.finditer(body))
    if not labels:
        return 0.5
    answer, before = body[labels[-1].end() :], body[: labels[-1].start()]
    return coverage(content_words(answer), content_words(before))


def _malformed(judge: str, prompt: str, reasoning: str) -> tuple[str, str]:
    shapes = (
        (f"{reasoning} All in all I would call it rather good.", "end_turn"),
        (json.dumps({"reasoning": reasoning, "rating": "rather good"}), "end_turn"),
        (json.dumps({"reasoning": reasoning})[:-12], "max_tokens"),
    )
    return seeded(judge, "shape", prompt).choice(shapes)
