"""The MLflow app or server: without one the SDK would silently create one."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import NotFound
from model_evaluation.lookups.storage import bucket_region
from model_evaluation.lookups.tracking import LEFT_TO_THE_SDK, describe_tracker

from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject


def mlflow(subject: Subject) -> Iterator[Result]:
    answer, region = str(subject.value("mlflow")), subject.region
    if answer == "create":
        yield warned(
            LEFT_TO_THE_SDK,
            lines("To use an app that is there already:", "evaluate.py revise mlflow"),
            part="mlflow_create",
        )
        return
    others = lines(
        "Choose another one; these are there:",
        command("sagemaker", "list-mlflow-apps", region=region),
        command("sagemaker", "list-mlflow-tracking-servers", region=region),
        "evaluate.py revise mlflow",
    )
    try:
        found = describe_tracker(subject.aws, answer, region)
    except NotFound:
        yield failed(f"{answer} does not exist (any more).", others, arn=answer)
        return
    if not found.usable:
        yield failed(
            f"The MLflow {found.kind} {found.name} is {found.status} and cannot track a run.", others, arn=answer
        )
        return
    yield passed(f"The MLflow {found.kind} {found.name} is {found.status}.", arn=answer, state=found.status)
    bucket = found.store.removeprefix("s3://").partition("/")[0]
    if not bucket:
        yield skipped(f"AWS does not say where {found.name} keeps its artifacts.", part="store")
        return
    try:
        bucket_region(subject.aws, bucket)
    except NotFound:
        yield failed(
            f"The bucket {bucket}, in which {found.name} keeps its artifacts ({found.store}), does not exist: the "
            "first step that logs to MLflow fails, about 5 minutes after the start.",
            lines("Make the bucket anew:", f"aws s3 mb s3://{bucket} --region {region}", "Or:", others),
            part="store",
            store=found.store,
        )
    else:
        yield passed(f"The bucket of its artifacts, {bucket}, exists.", part="store", store=found.store)
