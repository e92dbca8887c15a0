"""The MLflow app or server: without one the SDK would silently create one."""

from __future__ import annotations

from collections.abc import Iterator

from model_evaluation.errors import NotFound
from model_evaluation.lookups.s3.objects import bucket_region
from model_evaluation.lookups.sagemaker.mlflow import LEFT_TO_THE_SDK, describe_tracker
from model_evaluation.preflight.fixes import command, lines
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.s3_uri import S3Uri


def mlflow(subject: Subject) -> Iterator[Result]:
    answer, region, revise = str(subject.value("mlflow")), subject.region, "evaluate.py revise mlflow"
    if answer == "create":
        yield warned(LEFT_TO_THE_SDK, "To use an app that is there already:", revise, part="mlflow_create")
        return
    others = lines(
        "Choose another one; these are there:",
        command("sagemaker", "list-mlflow-apps", region=region),
        command("sagemaker", "list-mlflow-tracking-servers", region=region),
        revise,
    )
    try:
        tracker = describe_tracker(subject.aws, answer, region)
    except NotFound:
        yield failed(f"{answer} does not exist (any more).", others, arn=answer)
        return
    state = f"The MLflow {tracker.kind} {tracker.name} is {tracker.status}"
    if not tracker.usable:
        yield failed(f"{state} and cannot track a run.", others, arn=answer)
        return
    yield passed(f"{state}.", arn=answer, state=tracker.status)
    if not tracker.store.startswith("s3://"):
        yield skipped(f"AWS does not say where {tracker.name} keeps its artifacts.", part="store")
        return
    bucket = S3Uri.parse(tracker.store).bucket
    try:
        bucket_region(subject.aws, bucket)
    except NotFound:
        yield failed(
            f"The bucket {bucket}, in which {tracker.name} keeps its artifacts ({tracker.store}), does not exist: the "
            "first step that logs to MLflow fails, about 5 minutes after the start.",
            "Make the bucket anew:",
            f"aws s3 mb s3://{bucket} --region {region}",
            "Or:",
            others,
            part="store",
            store=tracker.store,
        )
    else:
        yield passed(f"The bucket of its artifacts, {bucket}, exists.", part="store", store=tracker.store)
