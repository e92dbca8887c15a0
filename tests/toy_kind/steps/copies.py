"""copies: how many of the container share the rows."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step
from model_evaluation.errors import Refused


def check(text: str, context: Context) -> Answer:
    if not (text.isdecimal() and int(text) > 0):
        raise Refused(f"{text[:100]!r} is not a number of copies.", fix="Give a whole number from 1 on.")
    return Answer(int(text))


STEP = Step(
    "copies",
    title="Copies",
    question="How many copies of the container should share the rows?",
    expects="a whole number from 1 on",
    example="1",
    check=check,
)
