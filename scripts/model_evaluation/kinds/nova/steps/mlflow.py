"""mlflow: the container's recipe has keys for it, but nothing says that they work in a training job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

NONE = "none"


def check(text: str, context: Context) -> Answer:
    if text.strip().lower() != NONE:
        raise Refused(
            "AWS documents MLflow for this container on HyperPod only; for training jobs it is left out.",
            fix=f"Answer {NONE}. Finished results can be put into MLflow: evaluate.py report --mlflow ...",
            code="not_offered",
        )
    return Answer(NONE)


def settle(context: Context) -> Answer | None:
    return Answer(NONE, origin="default", facts={"reason": "documented for HyperPod only"})


def offer(context: Context) -> Offer:
    return Offer(choices=[{"value": NONE, "label": "No tracking by the container"}], suggested=NONE)


STEP = Step(
    "mlflow",
    title="MLflow",
    question="Should the container track its run in MLflow?",
    expects="none",
    example="none",
    check=check,
    offer=offer,
    settle=settle,
)
