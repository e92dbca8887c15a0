"""The parameters cell of a notebook with toys, and how their runs are started, found and ended: training jobs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from model_evaluation.runtime.checks import check_dataset, check_identity, check_output, check_region
from model_evaluation.runtime.launch.service import ListedRun, Runs, RunState, Started, Step
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import Json, ParameterReader, Settings

SHAPES = {
    "scores": "a score of each toy for each row",
    "labels": "the truth and what each toy took it for",
    "preferences": "which toy was better on each row",
    "aggregates": "a share per part of the rows, and nothing about single rows",
}
STATUSES = {"Completed": "Succeeded", "InProgress": "Executing"}


def job_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


class ToyRuns(Runs["ToySettings"]):
    labels = {"play": "The toys play"}  # noqa: RUF012

    def start(self, call: Json, settings: ToySettings, aws: AwsClients) -> Started:
        return Started(call["TrainingJobArn"])

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        job = aws.sagemaker.describe_training_job(TrainingJobName=job_name(arn))
        status = STATUSES.get(job["TrainingJobStatus"], job["TrainingJobStatus"])
        step = Step("play", status, job["CreationTime"], reason=job.get("FailureReason", ""), job_arn=arn)
        return RunState(arn, status, job["CreationTime"], job_name(arn), steps=(step,))

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_training_job(TrainingJobName=job_name(arn))

    def show_command(self, arn: str) -> str:
        return f"aws sagemaker describe-training-job --training-job-name {job_name(arn)}"

    def stop_command(self, arn: str) -> str:
        return f"aws sagemaker stop-training-job --training-job-name {job_name(arn)}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        for page in aws.sagemaker.get_paginator("list_training_jobs").paginate(CreationTimeAfter=after):
            for job in page["TrainingJobSummaries"]:
                status = STATUSES.get(job["TrainingJobStatus"], job["TrainingJobStatus"])
                yield ListedRun(job["TrainingJobArn"], job["TrainingJobName"], status, job["CreationTime"])

    def differences(self, aws: AwsClients, arn: str, name: str, settings: ToySettings) -> list[str]:
        job = aws.sagemaker.describe_training_job(TrainingJobName=job_name(arn))
        shape = job.get("HyperParameters", {}).get("shape")
        return [] if shape == settings.shape else [f"its shape is {shape}, not {settings.shape}"]

    def expected_steps(self, settings: ToySettings) -> tuple[str, ...]:
        return ("play",)


@dataclass(frozen=True, kw_only=True)
class ToySettings(Settings):
    """``shape`` is one of :data:`SHAPES`, ``copies`` how many containers share the rows."""

    kind = "toy"
    runs = ToyRuns()
    checks = (
        ("Credentials", check_identity),
        ("Region", check_region),
        ("Dataset", check_dataset),
        ("Output bucket", check_output),
    )

    shape: str
    copies: int

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        return super().read(reader) | {
            "role_arn": reader.text("ROLE_ARN"),
            "dataset": reader.text("DATASET"),
            "dataset_etag": reader.optional_text("DATASET_ETAG") or "",
            "s3_output": reader.output_uri("S3_OUTPUT"),
            "shape": reader.text("SHAPE"),
            "copies": int(reader.positive("COPIES") or 1),
        }

    def faults(self) -> list[str]:
        if self.shape not in SHAPES:
            return [f"SHAPE must be one of {', '.join(SHAPES)} (received {self.shape!r})"]
        return super().faults()

    def configuration(self) -> Json:
        return {**super().configuration(), "dataset": self.dataset, "shape": self.shape, "copies": self.copies}

    def overview(self) -> dict[str, str]:
        return {"Shape": self.shape, "Dataset": self.dataset, **super().overview()}


SETTINGS = ToySettings
