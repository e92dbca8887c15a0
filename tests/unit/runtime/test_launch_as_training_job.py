"""A kind whose runs are training jobs, started by a plain call of boto3: launched once, found again, waited for."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3  # noqa: TID251 - as the notebook has it
import pytest
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from model_evaluation.runtime.checks import check_identity, check_region, run_checks
from model_evaluation.runtime.launch.launcher import Launch, RunInProgressError, launch_once
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.progress import ProgressView
from model_evaluation.runtime.launch.service import ListedRun, Runs, RunState, Started, Step
from model_evaluation.runtime.launch.waiting import EvaluationRunError, wait_for_run
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import ParameterReader, Settings

REGION, ACCOUNT = "us-west-2", "123456789012"
STATUSES = {"Completed": "Succeeded", "InProgress": "Executing"}


class JobRuns(Runs["JobSettings"]):
    labels = {"job": "The container evaluates the model"}  # noqa: RUF012

    def start(self, call: Any, settings: JobSettings, aws: AwsClients) -> Started:
        return Started(call["TrainingJobArn"])

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        job = aws.sagemaker.describe_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])
        status = STATUSES.get(job["TrainingJobStatus"], job["TrainingJobStatus"])
        step = Step("job", status, job["CreationTime"], reason=job.get("FailureReason", ""), job_arn=arn)
        return RunState(arn, status, job["CreationTime"], job["TrainingJobName"], steps=(step,))

    def stop(self, aws: AwsClients, arn: str) -> None:
        aws.sagemaker.stop_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])

    def stop_command(self, arn: str) -> str:
        return f"aws sagemaker stop-training-job --training-job-name {arn.rsplit('/', 1)[-1]}"

    def recent(self, aws: AwsClients, after: datetime) -> Iterator[ListedRun]:
        for job in aws.sagemaker.list_training_jobs(CreationTimeAfter=after)["TrainingJobSummaries"]:
            status = STATUSES.get(job["TrainingJobStatus"], job["TrainingJobStatus"])
            yield ListedRun(job["TrainingJobArn"], job["TrainingJobName"], status, job["CreationTime"])

    def expected_steps(self, settings: JobSettings) -> tuple[str, ...]:
        return ("job",)


@dataclass(frozen=True, kw_only=True)
class JobSettings(Settings):
    kind = "job"
    runs = JobRuns()
    checks = (("Credentials", check_identity), ("Region", check_region))
    recipe: str

    @classmethod
    def read(cls, reader: ParameterReader) -> dict[str, Any]:
        return super().read(reader) | {"recipe": reader.text("RECIPE"), "role_arn": reader.text("ROLE_ARN")}

    def configuration(self) -> dict[str, Any]:
        return {**super().configuration(), "recipe": self.recipe}


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = AwsClients(REGION, boto3.Session("k", "s", region_name=REGION))
        self.lines: list[str] = []
        self.kill = False

    def settings(self, **changes: Any) -> JobSettings:
        return JobSettings.from_parameters(
            {
                "REGION": REGION,
                "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/Evaluation",
                "RECIPE": "gen_qa",
                "RUN_LABEL": "qa",
                "RESULTS_DIR": str(self.folder),
                "POLL_SECONDS": 0.01,
                "TIMEOUT_MINUTES": None,
                "FORCE_NEW_RUN": False,
            }
            | changes
        )

    def start(self, settings: JobSettings, run_name: str) -> Any:
        answer = self.aws.sagemaker.create_training_job(
            TrainingJobName=run_name,
            RoleArn=settings.role_arn,
            AlgorithmSpecification={"TrainingImage": f"image:{settings.recipe}", "TrainingInputMode": "File"},
            OutputDataConfig={"S3OutputPath": "s3://bucket/out"},
            ResourceConfig={"InstanceType": "ml.g5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
            StoppingCondition={"MaxRuntimeInSeconds": 60},
        )
        if self.kill:
            raise KeyboardInterrupt
        return answer

    def launch(self, **changes: Any) -> Launch:
        return launch_once(self.start, self.settings(**changes), self.aws, sleep=lambda _: None, out=self.lines.append)

    @property
    def jobs(self) -> list[Any]:
        return list(sagemaker_backends[ACCOUNT][REGION].training_jobs.values())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with mock_aws():
        yield Place(tmp_path / "results")


def test_it_is_started_once_and_waited_for(place: Place) -> None:
    run_checks(place.settings(), place.aws, out=place.lines.append)
    assert all(line.startswith("✓") for line in place.lines)
    launch = place.launch()
    assert place.launch().arn == launch.arn
    assert len(place.jobs) == 1
    view = ProgressView(jupyter=False, out=place.lines.append)
    assert wait_for_run(launch.arn, launch.settings, place.aws, view=view).status == "Succeeded"
    assert any("The container evaluates the model: succeeded" in line for line in place.lines)


def test_a_kill_between_the_call_and_its_record_leads_back_to_the_job(place: Place) -> None:
    place.kill = True
    with pytest.raises(KeyboardInterrupt):
        place.launch()
    place.kill = False
    assert place.launch().arn == place.jobs[0].arn
    assert len(place.jobs) == 1


def test_a_lost_folder_leads_back_to_the_job_and_another_configuration_asks(place: Place) -> None:
    arn = place.launch().arn
    shutil.rmtree(place.folder)
    assert place.launch().arn == arn
    place.jobs[0].training_job_status = "InProgress"
    with pytest.raises(RunInProgressError, match="recipe: gen_qa is running, mmlu is asked for") as raised:
        place.launch(RECIPE="mmlu")
    assert "aws sagemaker stop-training-job --training-job-name qa-" in raised.value.fix
    assert len(place.jobs) == 1


def test_a_failed_job_is_told_and_followed_by_a_new_one(place: Place) -> None:
    launch = place.launch()
    place.jobs[0].training_job_status, place.jobs[0].failure_reason = "Failed", "CapacityError: none left"
    with pytest.raises(EvaluationRunError, match="had no capacity"):
        wait_for_run(launch.arn, launch.settings, place.aws, view=ProgressView(jupyter=False, out=place.lines.append))
    assert place.launch().arn != launch.arn


def test_what_aws_refuses_is_not_taken_for_a_start(place: Place) -> None:
    def refused(settings: JobSettings, run_name: str) -> Any:
        return place.aws.sagemaker.describe_training_job(TrainingJobName="there-is-none")

    place.start = refused  # type: ignore[method-assign]
    with pytest.raises(LaunchError, match="SageMaker did not start the evaluation"):
        place.launch()
    assert place.jobs == []
