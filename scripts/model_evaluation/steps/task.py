"""task: what the model is trained to do."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step


def check(text: str, context: Context) -> Answer:
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
