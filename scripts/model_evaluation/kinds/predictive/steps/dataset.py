"""dataset: where the held-out test set is."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Step, finding
from model_evaluation.kinds.predictive.recorded import find_for, located
from model_evaluation.kinds.predictive.tables.source import is_local


def check(text: str, context: Context) -> Answer:
    text = located(context, text)
    source = find_for(context, text)
    where = "on this machine" if is_local(source.uri) else f"bucket in {source.region}"
    several = f"{source.files} files, " if source.files > 1 else ""
    place = finding("found", f"{source.uri}: {source.format}, {several}{source.size:,} bytes, {where}.")
    return Answer(source.uri, facts=source.as_facts(), findings=[place])


STEP = Step(
    "dataset",
    title="Test set",
    question="Where is the held-out test set: the rows with the true answers, which the model was not trained on?",
    expects="s3://bucket/key, a prefix of parts, or a local file; CSV (with or without a header), Parquet, JSON Lines "
    "or libsvm",
    example="s3://my-bucket/churn/test.csv",
    reference="references/predictive.md",
    check=check,
)
