"""model: the candidate: what predicts, or a file of what it predicted."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.kinds.predictive.tables.answers import look_at_answers
from model_evaluation.kinds.predictive.tables.source import is_local

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

ENDINGS = (".csv", ".parquet", ".jsonl", ".json", ".tsv", ".txt", ".libsvm", ".out")


def check(text: str, context: Context) -> Answer:
    if is_file(text):
        found = look_at_answers(context, text)
        return Answer(found.source.uri, facts=found.facts, findings=found.findings)
    from model_evaluation.kinds.predictive.lookups.models import find_predictor

    predictor = find_predictor(context.aws, text, context.kind.id)
    return Answer(predictor.arn, facts=predictor.as_facts(), findings=list(predictor.findings))


def is_file(text: str) -> bool:
    """Whether a file of predictions is meant, and not the name of something in SageMaker."""
    path = os.path.expanduser(text)
    return (
        not is_local(text) or os.path.exists(path) or text.lower().endswith(ENDINGS) or path.startswith((".", os.sep))
    )


def offer(context: Context) -> Offer:
    classes = context.facts("problem").get("classes")
    columns = "id and score (of the positive class)" if classes and len(classes) == 2 else "id and score or prediction"
    return Offer(text=f"With a file of predictions no model has to run; it has the columns {columns}.")


STEP = Step(
    "model",
    title="Model",
    question="Which model is evaluated: a SageMaker model, model package, training job or endpoint, or a file of "
    "predictions that already exist?",
    expects="its name or ARN, GROUP/VERSION of a model package, `endpoint NAME`, or the URI or path of predictions",
    example="arn:aws:sagemaker:us-west-2:111122223333:model-package/churn/3",
    reference="references/predictive.md",
    check=check,
    offer=offer,
)
