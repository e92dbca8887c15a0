"""shape: what the container writes about each row."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Choose
from toy_kind.runtime.settings import SHAPES

CHOICES = [{"value": name, "label": text} for name, text in SHAPES.items()]


def check(text: str, context: Context) -> Answer:
    if text.lower() not in SHAPES:
        raise Choose(
            f"{text[:100]!r} is not a shape of results.", fix="Choose one from the list.", choices=list(CHOICES)
        )
    return Answer(text.lower())


STEP = Step(
    "shape",
    title="Shape",
    question="What should the container write?",
    expects="one of the shapes in the list",
    example="scores",
    check=check,
    offer=lambda context: Offer(choices=CHOICES, suggested="scores"),
    closed=True,
)
