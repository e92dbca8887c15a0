"""reference: the model that the first one is compared with, in a run of its own."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused

from .model import EXPECTS
from .model import check as check_model


def check(text: str, context: Context) -> Answer:
    if text.strip().lower() == "none":
        note = "Only one model is evaluated: there is no verdict, and nothing follows about a gain."
        return Answer("none", findings=[finding("one_model", note, level="warning")])
    answer = check_model(text, context)
    if answer.facts["target"] == context.facts("model")["target"]:
        raise Refused(
            f"{answer.value} is the model under test itself.", fix="Name the one to compare it with.", code="same_model"
        )
    region = context.facts("model").get("region")
    if region and answer.facts.get("region", region) != region:
        raise Refused(
            f"The reference is in {answer.facts['region']}, the model in {region}. An evaluation needs one region.",
            fix=f"Name a reference in {region}.",
            code="other_region",
        )
    return answer


def offer(context: Context) -> Offer:
    return Offer(choices=[{"value": "none", "label": "The model alone; there is no verdict then"}])


STEP = Step(
    "reference",
    title="Reference",
    question="Which model should it be compared with? The SDK runs one model at a time, so it gets a run of its own.",
    expects=f"{EXPECTS}; or `none`",
    example="us.amazon.nova-micro-v1:0",
    reference="references/inspect-ai.md",
    check=check,
    offer=offer,
)
