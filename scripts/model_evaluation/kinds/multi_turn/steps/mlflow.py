"""mlflow: where the results are. The shared question, without the answer that leaves an app to the SDK."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer
from model_evaluation.errors import Refused
from model_evaluation.steps import mlflow as shared

SHARED = shared.STEP
CREATE = "create"
CREATE_ONE = (
    "Create one yourself and answer with its ARN: aws sagemaker create-mlflow-app --name NAME "
    "--artifact-store-uri S3_URI --role-arn ROLE_ARN"
)


def check(text: str, context: Context) -> Answer:
    answer = SHARED.check(text, context)
    if answer.value == CREATE:
        raise Refused(
            "All results of this evaluation are in MLflow, and nothing could find them in an app that the SDK makes.",
            fix=CREATE_ONE,
            code="mlflow_needed",
        )
    return answer


def offer(context: Context) -> Offer:
    offered = shared.offer(context)
    offered.choices = [choice for choice in offered.choices or [] if choice["value"] != CREATE]
    if offered.suggested == CREATE:
        offered.suggested, offered.text = None, f"There is none in {context.value('region')} yet. {CREATE_ONE}"
    return offered


STEP = replace(
    SHARED,
    check=check,
    offer=offer,
    expects="an MLflow app's or tracking server's ARN or name",
    example="arn:aws:sagemaker:us-west-2:111122223333:mlflow-app/app-A1B2C3D4E5",
)
