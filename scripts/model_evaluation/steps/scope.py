"""scope: compare with the base model, or evaluate one of the two alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


SCOPES = {
    "compare": "The fine-tuned model and its base model, on the same rows",
    "tuned": "Only the fine-tuned model; says nothing about the gain over the base model",
    "base": "Only the base model",
}


def check(text: str, context: Context) -> Answer:
    scope = text.lower()
    if scope not in SCOPES:
        raise Refused(f"{text[:100]!r} was received; {', '.join(SCOPES)} are possible.", fix="Choose one of them.")
    alone = {"tuned": "the fine-tuned model", "base": "the base model"}.get(scope)
    note = f"Only {alone} is evaluated: nothing follows about a gain over the other model, and there is no verdict."
    return Answer(scope, findings=[finding("one_model", note, level="warning")] if alone else [])


def settle(context: Context) -> Answer | None:
    base = context.facts("model").get("base_model")
    note = f"The model will be compared with its base model {base}."
    fix = "To evaluate one of them alone: evaluate.py answer scope tuned"
    return Answer("compare", origin="default", findings=[finding("scope", note, fix=fix)])


def offer(context: Context) -> Offer:
    return Offer(choices=[{"value": value, "label": label} for value, label in SCOPES.items()], suggested="compare")


STEP = Step(
    "scope",
    title="Scope",
    question="Should both models be evaluated and compared, or one of them alone?",
    expects="compare, tuned or base",
    example="compare",
    check=check,
    offer=offer,
    settle=settle,
    closed=True,
)
