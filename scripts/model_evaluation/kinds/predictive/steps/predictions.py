"""predictions: where predictions come from. What the model is tells it."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import BATCH, ENDPOINT, FILE, sides_of

WORDS = {
    BATCH: "SageMaker predicts the rows in a batch transform job",
    ENDPOINT: "the endpoint is asked for the rows",
    FILE: "the file has them already; no model runs",
}


def check(text: str, context: Context) -> Answer:
    word, source = text.lower().split()[0], sides_of(context)["model"]
    if word not in WORDS:
        raise Refused(f"{text[:100]!r} was received; batch, endpoint or file is expected.", fix=f"Answer {source}.")
    if word != source:
        raise Refused(
            f"{context.value('model')} is asked by {source}, not by {word}.",
            fix=f"Answer {source}, or name what {'is' if word == FILE else 'can be asked by'} {word}: "
            "evaluate.py answer model ...",
            code="other_source",
        )
    return Answer(source)


def settle(context: Context) -> Answer:
    source = sides_of(context)["model"]
    return Answer(source, origin="lookup", findings=[finding("predictions", f"Predictions: {WORDS[source]}.")])


STEP = Step(
    "predictions",
    title="Predictions",
    question="Where do the predictions come from?",
    expects="batch, endpoint or file, as the model is",
    example="batch",
    check=check,
    settle=settle,
)
