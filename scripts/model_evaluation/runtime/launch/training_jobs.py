"""Runs that are single training jobs, started by the SageMaker SDK's model trainer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.service import Call
from model_evaluation.runtime.settings import Json

from .service import AnySettings, ListedRun, Runs, RunState, Started, Step

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

JOB = "job"
"""Name of the one step that such a run has."""
STATUSES = {"Completed": "Succeeded", "InProgress": "Executing"}
# A run's name as launching makes it, and the time stamp that the SDK appends to it.
OURS = re.compile(r"(.+-[0-9a-f]{8}-[0-9a-f]{8})-\d{14}")
LABEL_LENGTH = 30
"""Longest label whose run's name, with the SDK's time stamp, fits into the 63 characters of a job's name."""


class TrainingJobRuns(Runs[AnySettings]):
    """The launch cell's function returns a ``ModelTrainer``, or whatever else has its ``train``."""

    def start(self, call: Call, settings: AnySettings, aws: AwsClients) -> Started:
        """Starts the job without waiting for it."""
        call.train(wait=False, logs=False)
        job = getattr(call, "_latest_training_job", None)
        arn = getattr(job, "training_job_arn", None)
        return Started(str(arn)) if arn else Started(None, "the SDK did not say which job it started")

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        job = self.job(aws, arn)
        status = _status(job)
        step = Step(
            JOB,
            status,
            job.get("TrainingStartTime") or job["CreationTime"],
            job.get("TrainingEndTime"),
            job.get("FailureReason", ""),
            arn,
        )
        reason = job.get("FailureReason", "")
        return RunState(arn, status, job["CreationTime"], _started_as(job["TrainingJobName"]), reason, (step,))

    def job(self, aws: AwsClients, arn: str) -> Json:
        """The job as SageMaker describes it."""
        job: Json = aws.sagemaker.describe_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])
        return job

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])

    def stop_command(self, arn: str) -> str:
        region, name = arn.split(":")[3], arn.rsplit("/", 1)[-1]
        return f"aws sagemaker stop-training-job --region {region} --training-job-name {name}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        """Of the account's training jobs those that a launch of ours can have named."""
        yield from _listed(aws, CreationTimeAfter=after)

    def named(self, aws: AwsClients, name: str, after: datetime) -> str | None:
        jobs = _listed(aws, CreationTimeAfter=after, NameContains=name)
        return next((run.arn for run in jobs if run.name == name), None)

    def expected_steps(self, settings: AnySettings) -> tuple[str, ...]:
        return (JOB,)

    def differences(self, aws: AwsClients, arn: str, name: str, settings: AnySettings) -> list[str]:
        return self.job_differences(self.job(aws, arn), settings)

    def job_differences(self, job: Json, settings: AnySettings) -> list[str]:
        """How a described job differs from the settings, a sentence each."""
        return []


def _listed(aws: AwsClients, **request: object) -> Iterator[ListedRun]:
    for page in aws.sagemaker.get_paginator("list_training_jobs").paginate(**request):
        for job in page["TrainingJobSummaries"]:
            if OURS.fullmatch(job["TrainingJobName"]):
                name = _started_as(job["TrainingJobName"])
                yield ListedRun(job["TrainingJobArn"], name, _status(job), job["CreationTime"])


def _status(job: Json) -> str:
    status = str(job["TrainingJobStatus"])
    return STATUSES.get(status, status)


def _started_as(name: str) -> str:
    match = OURS.fullmatch(name)
    return match[1] if match else name
