"""mlflow: nowhere unless it is asked for. Batch transform tracks nothing by itself; `report --mlflow` does."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import uses_aws
from model_evaluation.steps import mlflow as shared


def check(text: str, context: Context) -> Answer:
    if text.lower() == "none" or not uses_aws(context):
        return Answer("none")
    if text.lower() == "create":
        raise Refused(
            "Nothing here creates an MLflow app.", fix="Name one that is there, or answer `none`.", code="no_create"
        )
    return shared.check(text, context)


def settle(context: Context) -> Answer | None:
    return Answer("none", origin="default")


STEP = replace(
    shared.STEP,
    question="In which MLflow app or tracking server should the results be recorded, if in any?",
    expects="an ARN from the list, or `none`",
    example="none",
    check=check,
    settle=settle,
)
