"""Batch transform jobs: how they are started, looked at and ended, and the rows that they are given."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from botocore.exceptions import ClientError

from model_evaluation.runtime.launch.service import (
    COMMON_FAILURES,
    ListedRun,
    Runs,
    RunState,
    Started,
    Step,
    read_failures,
)
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.session import AwsClients, aws_error_code

from .families import FAMILIES, Family, family_of

if TYPE_CHECKING:
    from .settings import PredictiveSettings

STATUSES = {"Completed": "Succeeded", "InProgress": "Executing"}
STEP = "Transform"


class StartedJob(Protocol):
    """The SDK's answer to a start."""

    transform_job_arn: str


class TransformRuns(Runs["PredictiveSettings"]):
    """One job per model."""

    labels = {STEP: "The model predicts the rows"}  # noqa: RUF012 - a constant table
    failures = (*read_failures(__file__), *COMMON_FAILURES)

    def start(self, call: StartedJob, settings: PredictiveSettings, aws: AwsClients) -> Started:
        """The call has started it already: it answers with the job."""
        return Started(str(call.transform_job_arn))

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        job = aws.sagemaker.describe_transform_job(TransformJobName=_name(arn))
        status, reason, created = _status(job), job.get("FailureReason", ""), job["CreationTime"]
        step = Step(STEP, status, job.get("TransformStartTime", created), job.get("TransformEndTime"), reason, arn)
        return RunState(arn, status, created, job["TransformJobName"], reason, (step,))

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_transform_job(TransformJobName=_name(arn))

    def stop_command(self, arn: str) -> str:
        return f"aws sagemaker stop-transform-job --transform-job-name {_name(arn)} --region {arn.split(':')[3]}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        for page in aws.sagemaker.get_paginator("list_transform_jobs").paginate(CreationTimeAfter=after):
            for job in page["TransformJobSummaries"]:
                yield ListedRun(job["TransformJobArn"], job["TransformJobName"], _status(job), job["CreationTime"])

    def expected_steps(self, settings: PredictiveSettings) -> tuple[str, ...]:
        return (STEP,)

    def differences(self, aws: AwsClients, arn: str, name: str, settings: PredictiveSettings) -> list[str]:
        """Whether it predicts with the model that was asked for."""
        job = aws.sagemaker.describe_transform_job(TransformJobName=_name(arn))
        model = model_name(settings, aws)
        return [] if job["ModelName"] == model else [f"it predicts with {job['ModelName']}, not with {model}"]


def _status(job: Mapping[str, str]) -> str:
    return STATUSES.get(job["TransformJobStatus"], job["TransformJobStatus"])


def _name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


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
        container: dict[str, str] = {"ModelPackageName": arn}
        if ":model-package/" not in arn:
            job = aws.sagemaker.describe_training_job(TrainingJobName=_name(arn))
            image, data = job["AlgorithmSpecification"]["TrainingImage"], job["ModelArtifacts"]["S3ModelArtifacts"]
            container = {"Image": image, "ModelDataUrl": data}
        aws.sagemaker.create_model(ModelName=name, ExecutionRoleArn=settings.role_arn, Containers=[container])
    return name


class Container:
    """The container of a SageMaker model that answers; that of its package where it names one."""

    def __init__(self, model: str, aws: AwsClients) -> None:
        answer = aws.sagemaker.describe_model(ModelName=model)
        described = (answer.get("Containers") or [answer.get("PrimaryContainer") or {}])[-1]
        if package := described.get("ModelPackageName"):
            content = aws.sagemaker.describe_model_package(ModelPackageName=package)
            described = (content.get("InferenceSpecification", {}).get("Containers") or [{}])[-1]
        self.family: Family = FAMILIES[family_of(str(described.get("Image", "")))]
        keys = str(described.get("Environment", {}).get("SAGEMAKER_INFERENCE_OUTPUT", ""))
        self.output = [key.strip() for key in keys.split(",") if key.strip()]
        """The fields that it was told to give."""


def container_family(settings: PredictiveSettings, aws: AwsClients) -> Family:
    """What the model's container answers like."""
    return Container(model_name(settings, aws), aws).family


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
