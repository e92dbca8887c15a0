"""Batch transform jobs: how they are started, looked at and ended, and the rows that they are given."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from model_evaluation.runtime.launch.failures import COMMON_FAILURES, read_failures
from model_evaluation.runtime.launch.service import ListedRun, Runs, RunState, Started, Step
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import aws_error_code

from .families import FAMILIES, Family, family_of

if TYPE_CHECKING:
    import pandas as pd

    from model_evaluation.runtime.session import AwsClients

    from .settings import PredictiveSettings

STATUSES = {"Completed": "Succeeded", "InProgress": "Executing"}
STEP = "Transform"
ROW_ID = "row"


class TransformRuns(Runs["PredictiveSettings"]):
    """One job per model."""

    labels = {STEP: "The model predicts the rows"}  # noqa: RUF012 - a constant table
    failures = (*read_failures(Path(__file__).with_name("failures.toml")), *COMMON_FAILURES)

    def start(self, call: Any, settings: PredictiveSettings, aws: AwsClients) -> Started:
        """The call has started it already: it answers with the job."""
        return Started(str(call.transform_job_arn))

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        job = aws.sagemaker.describe_transform_job(TransformJobName=_name(arn))
        status = STATUSES.get(job["TransformJobStatus"], job["TransformJobStatus"])
        reason = job.get("FailureReason", "")
        step = Step(STEP, status, job.get("TransformStartTime", job["CreationTime"]), job.get("TransformEndTime"),
                    reason, arn)  # fmt: skip
        return RunState(arn, status, job["CreationTime"], job["TransformJobName"], reason, (step,))

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_transform_job(TransformJobName=_name(arn))

    def stop_command(self, arn: str) -> str:
        return f"aws sagemaker stop-transform-job --transform-job-name {_name(arn)} --region {arn.split(':')[3]}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        for page in aws.sagemaker.get_paginator("list_transform_jobs").paginate(CreationTimeAfter=after):
            for job in page["TransformJobSummaries"]:
                status = STATUSES.get(job["TransformJobStatus"], job["TransformJobStatus"])
                yield ListedRun(job["TransformJobArn"], job["TransformJobName"], status, job["CreationTime"])

    def expected_steps(self, settings: PredictiveSettings) -> tuple[str, ...]:
        return (STEP,)

    def differences(self, aws: AwsClients, arn: str, name: str, settings: PredictiveSettings) -> list[str]:
        """Whether it predicts with the model that was asked for."""
        job = aws.sagemaker.describe_transform_job(TransformJobName=_name(arn))
        wanted = model_name(settings, aws)
        return [] if job["ModelName"] == wanted else [f"it predicts with {job['ModelName']}, not with {wanted}"]


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


# -- the model -----------------------------------------------------------------------------------------------


def model_name(settings: PredictiveSettings, aws: AwsClients) -> str:
    """The SageMaker model that predicts. A package or a training job gets one, made once and free of charge."""
    arn = settings.model
    if ":model/" in arn:
        return _name(arn)
    name = f"model-evaluation-{hashlib.sha256(arn.encode()).hexdigest()[:16]}"
    try:
        aws.sagemaker.describe_model(ModelName=name)
    except ClientError as error:
        if aws_error_code(error) not in ("ValidationException", "ResourceNotFound"):
            raise
        aws.sagemaker.create_model(
            ModelName=name, ExecutionRoleArn=settings.role_arn, Containers=[_container(arn, aws)]
        )
    return name


def container_of(name: str, aws: AwsClients) -> dict[str, Any]:
    """The container of a SageMaker model that answers; that of its package where it names one."""
    answer = aws.sagemaker.describe_model(ModelName=name)
    container: dict[str, Any] = (answer.get("Containers") or [answer.get("PrimaryContainer") or {}])[-1]
    if package := container.get("ModelPackageName"):
        described = aws.sagemaker.describe_model_package(ModelPackageName=package)
        inner: dict[str, Any] = (described.get("InferenceSpecification", {}).get("Containers") or [{}])[-1]
        return inner
    return container


def container_family(settings: PredictiveSettings, aws: AwsClients) -> Family:
    """What the model's container answers like."""
    return FAMILIES[family_of(str(container_of(model_name(settings, aws), aws).get("Image", "")))]


def _container(arn: str, aws: AwsClients) -> dict[str, Any]:
    if ":model-package/" in arn:
        return {"ModelPackageName": arn}
    job = aws.sagemaker.describe_training_job(TrainingJobName=_name(arn))
    image = job["AlgorithmSpecification"]["TrainingImage"]
    return {"Image": image, "ModelDataUrl": job["ModelArtifacts"]["S3ModelArtifacts"]}


# -- its rows ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class JobRows:
    """Rows as a job takes them: CSV without a header, the id first, then what the model is given. The label is not in
    them. ``uri`` is the prefix of their parts, ``ids`` are in the rows' order, by part; ``width`` counts features."""

    uri: str
    ids: tuple[tuple[str, ...], ...]
    width: int


def job_csv(frame: pd.DataFrame, ids: Sequence[str], features: Sequence[str]) -> bytes:
    """The rows of a table for a job."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    values = [frame[name].tolist() for name in features]
    writer.writerows(zip(ids, *values, strict=True))
    return out.getvalue().encode()


def put_once(aws: AwsClients, prefix: str, parts: Sequence[bytes]) -> str:
    """Puts files below a prefix that is named for their content, so that the same rows are there once."""
    digest = hashlib.sha256(b"\x00".join(parts)).hexdigest()[:16]
    bucket, key = S3Uri.parse(f"{prefix}/inputs/{digest}/")
    listing = aws.s3.list_objects_v2(Bucket=bucket, Prefix=key)
    there = {item["Key"]: int(item["Size"]) for item in listing.get("Contents", [])}
    for number, body in enumerate(parts):
        name = f"{key}rows-{number:05d}.csv"
        if there.get(name) != len(body):
            aws.s3.put_object(Bucket=bucket, Key=name, Body=body)
    return f"s3://{bucket}/{key}"
