"""task: what the model is trained to do."""

from __future__ import annotations

from model_evaluation.conversation.assent import is_assent
from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step
from model_evaluation.errors import Refused


def check(text: str, context: Context) -> Answer:
    if is_assent(text):
        raise Refused(
            f"{text[:100]!r} does not say what the model is trained to do; one or two sentences are expected.",
            fix="Ask the user what goes into the model and what should come out of it.",
        )
    return Answer(text)


STEP = Step(
    "task",
    title="Task",
    question="What is the model trained to do?",
    expects="one or two sentences, in your own words",
    example="Answer customer questions about our billing product, briefly and politely",
    check=check,
    limit=10_000,
    multiline=True,
)
