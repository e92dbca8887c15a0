"""mlflow: where the results are. The shared question, without the answer that leaves an app to the SDK."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer
from model_evaluation.errors import Refused
from model_evaluation.steps.mlflow import STEP as SHARED

CREATE = "create"


def check(text: str, context: Context) -> Answer:
    answer = SHARED.check(text, context)
    if answer.value == CREATE:
        raise Refused(
            "All results of this evaluation are in MLflow, and nothing could find them in an app that the SDK makes.",
            fix="Create one yourself and answer with its ARN: aws sagemaker create-mlflow-app --name NAME "
            "--artifact-store-uri S3_URI --role-arn ROLE_ARN",
            code="mlflow_needed",
        )
    return answer


def settle(context: Context) -> Answer | None:
    answer = SHARED.settle(context) if SHARED.settle else None
    return None if answer is None or answer.value == CREATE else answer


STEP = replace(SHARED, check=check, settle=settle, expects="an MLflow app's or tracking server's ARN or name")
