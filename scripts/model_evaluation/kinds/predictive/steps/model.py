"""model: the candidate: what predicts, or a file of what it predicted."""

from __future__ import annotations

import os
import shlex
from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.recorded import columns_of, features_of, located, profile_of
from model_evaluation.kinds.predictive.runtime.families import NUMBERS_ONLY
from model_evaluation.kinds.predictive.tables.answers import look_at_answers
from model_evaluation.kinds.predictive.tables.source import is_local

ENDINGS = (".csv", ".parquet", ".jsonl", ".json", ".tsv", ".txt", ".libsvm", ".out")


def check(text: str, context: Context) -> Answer:
    text = located(context, text)
    if is_file(text):
        return look_at_answers(context, text)
    from model_evaluation.kinds.predictive.lookups.models import find_predictor

    predictor = find_predictor(context.aws, text, context.kind.id)
    findings = [*predictor.findings, *_texts_for(str(predictor.as_facts()["family"]), context)]
    return Answer(predictor.arn, facts=predictor.as_facts(), findings=findings)


def _texts_for(family: str, context: Context) -> list[JsonObject]:
    """A warning where the container takes numbers only and would be sent text."""
    columns, features = columns_of(context), features_of(context)
    texts = [own.name for own in profile_of(context).columns if own.name in features and own.type != "number"]
    if family not in NUMBERS_ONLY or not texts:
        return []
    better = str(replace(columns, ignore=(*columns.ignore, *texts)))
    note = f"{family} takes numbers only, and would be sent text: {', '.join(texts[:5])[:200]}."
    fix = f"If the model was trained without: evaluate.py answer columns {shlex.quote(better)}"
    return [finding("text_features", note, level="warning", fix=fix)]


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
