"""processor: a Lambda function with metrics of the user's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.runtime.recipe import GEN_QA

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

NONE = "none"


def check(text: str, context: Context) -> Answer:
    task = str(context.facts("nova_task")["task"])
    if text.strip().lower() == NONE:
        return Answer(NONE)
    if task != GEN_QA:
        raise Refused(
            f"Only {GEN_QA} takes a function with metrics of your own; this is {task}.",
            fix=f"Answer {NONE}.",
            code="no_processor",
        )
    raise Refused(
        "This version does not look at Lambda functions yet, so it starts no evaluation with one.",
        fix=f"Answer {NONE}. Accuracy and classes of a field of JSON answers are counted in the notebook without one.",
        code="not_offered",
    )


def settle(context: Context) -> Answer | None:
    return Answer(NONE, origin="default")


def offer(context: Context) -> Offer:
    return Offer(choices=[{"value": NONE, "label": "The container's own metrics"}], suggested=NONE)


STEP = Step(
    "processor",
    title="Function",
    question="Should a Lambda function of yours add metrics?",
    expects="none",
    example="none",
    reference="references/nova.md",
    check=check,
    offer=offer,
    settle=settle,
)
