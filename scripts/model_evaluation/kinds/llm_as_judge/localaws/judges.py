"""The Bedrock foundation models local AWS knows, and which of them the judge list names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.store import DAY


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
