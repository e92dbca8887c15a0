"""output: the S3 prefix for the rows that a job reads and for its predictions; none where no job runs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import uses_batch
from model_evaluation.naming import project_slug
from model_evaluation.steps import output as shared

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def check(text: str, context: Context) -> Answer:
    if not uses_batch(context):
        if text.lower() != "none":
            raise Refused(
                "Nothing is written to S3: no job runs. Results are kept in a folder here.", fix="Answer `none`."
            )
        return Answer("none")
    return shared.check(text, context)


def moot(context: Context) -> bool:
    return not uses_batch(context)


def settle(context: Context) -> Answer | None:
    if not uses_batch(context):
        return Answer("none", origin="default")
    uri = _suggested(context)
    try:
        answer = check(uri, context)
    except Refused:
        return None
    where = "in the test set's bucket" if context.facts("dataset").get("bucket") else "in SageMaker's own bucket"
    return replace(answer, origin="default", facts={**answer.facts, "reason": where})


def _suggested(context: Context) -> str:
    from model_evaluation.lookups.identity import who_am_i

    bucket = context.facts("dataset").get("bucket")
    if not bucket:  # a local test set: the bucket that SageMaker's SDK uses
        bucket = f"sagemaker-{context.value('region')}-{who_am_i(context.aws).account}"
    return f"s3://{bucket}/model-evaluation/{project_slug(context.project)}"


def offer(context: Context) -> Offer:
    return Offer(suggested=_suggested(context) if uses_batch(context) else "none")


STEP = replace(
    shared.STEP,
    question="Where in S3 should the rows for the job and its predictions go?",
    check=check,
    settle=settle,
    moot=moot,
    offer=offer,
)
