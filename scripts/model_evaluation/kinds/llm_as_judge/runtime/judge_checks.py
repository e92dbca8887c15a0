"""Checks of the judge: whether it is in service, was the same for both models, and is of a model's own family."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_evaluation.runtime.checks import MISSING_CODES, Fault
from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Evaluation
from model_evaluation.runtime.results.records import Record
from model_evaluation.runtime.session import AwsClients, aws_error_code
from model_evaluation.runtime.summary import FairnessCheck

if TYPE_CHECKING:
    from .settings import JudgeSettings


def check_judge(settings: JudgeSettings, aws: AwsClients) -> str:
    """The judge is in service in this region."""
    judge, choose = settings.judge, "Choose a judge that is in service in this region."
    try:
        details = aws.client("bedrock").get_foundation_model(modelIdentifier=judge)["modelDetails"]
    except ClientError as error:
        if aws_error_code(error) not in MISSING_CODES:
            raise
        raise Fault(f"{judge} is not available in {settings.region}.", choose) from error
    lifecycle = details.get("modelLifecycle", {})
    ends = lifecycle.get("endOfLifeTime")
    if ends is not None and ends <= datetime.now(UTC):
        raise Fault(f"{judge} was retired on {ends:%Y-%m-%d}.", choose)
    if lifecycle.get("status", "ACTIVE") != "ACTIVE":
        until = f", to be retired on {ends:%Y-%m-%d}" if ends else ""
        raise Fault(f"{judge} is {lifecycle['status']}{until}.", "Prefer a judge that is ACTIVE.", "warn")
    return f"{judge}, ACTIVE"


MODEL_FAMILIES = {
    "Anthropic Claude": ("anthropic", "claude"),
    "Amazon Nova": ("amazon.nova", "nova-", "-nova"),
    "Meta Llama": ("llama",),
    "Mistral": ("mistral", "mixtral", "ministral"),
    "Qwen": ("qwen",),
    "DeepSeek": ("deepseek",),
    "OpenAI GPT": ("gpt-", "openai"),
    "Google Gemma": ("gemma", "gemini"),
    "Cohere Command": ("cohere",),
}


def family_cautions(evaluation: Evaluation) -> list[str]:
    """A sentence for each family that the judge shares with an evaluated model."""
    judge = str(evaluation.conditions["judge"])
    models = {"tuned": evaluation.tuned, "base": evaluation.base}
    names = {side: model.get("arn", model["name"]) for side in evaluation.sides if (model := models[side])}
    cautions = []
    for family, marks in MODEL_FAMILIES.items():
        if not _has_any(judge, marks):
            continue
        same = [evaluation.names[side] for side, name in names.items() if _has_any(name, marks)]
        if same:
            cautions.append(
                f"The judge and the {' and the '.join(same)} are of the same family ({family}): judges tend to prefer "
                "answers like their own."
            )
    return cautions


def _has_any(name: str, marks: Sequence[str]) -> bool:
    return any(mark in name.lower() for mark in marks)


def same_judge(records: Sequence[Record], labels: Mapping[str, str]) -> FairnessCheck:
    """The judge that the result rows name, model by model. ``labels`` name the models."""
    answers = {side: [record.answers[side] for record in records if side in record.answers] for side in BOTH_SIDES}
    judges = {side: sorted({answer.scorer for answer in own if answer.scorer}) for side, own in answers.items()}
    counts = {labels[side]: len(names) for side, names in judges.items()}
    tuned, base = judges["tuned"], judges["base"]
    status, text = "pass", "One judge scored both models."
    if len({*tuned, *base}) > 1:
        status = "fail"
        each = [f"the {labels[side]} by {' and '.join(judges[side])}" for side in BOTH_SIDES]
        text = f"The models were not scored by one judge: {', '.join(each)}."
    elif not tuned or not base:
        text = "One judge was asked to score both models; not every result row names it."
    return {"id": "same_judge", "status": status, "counts": counts, "message": text}
