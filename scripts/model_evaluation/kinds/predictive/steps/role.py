"""role: what a SageMaker model is made with, where a model package or a training job predicts; else none is needed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import BATCH, sides_of
from model_evaluation.steps import role as shared

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def needs_role(context: Context) -> bool:
    """Whether a SageMaker model has to be made: an existing one has a role of its own."""
    return any(
        source == BATCH and ":model/" not in str(context.value(side)) for side, source in sides_of(context).items()
    )


def check(text: str, context: Context) -> Answer:
    if text.lower() != "none":
        return shared.check(text, context)
    if needs_role(context):
        raise Refused(
            "A model package or training job needs a role to predict with.",
            fix="Name an execution role.",
            code="no_role",
        )
    return Answer("none")


def moot(context: Context) -> bool:
    return not needs_role(context)


def settle(context: Context) -> Answer | None:
    return shared.settle(context) if needs_role(context) else Answer("none", origin="default")


STEP = replace(shared.STEP, check=check, settle=settle, moot=moot)
