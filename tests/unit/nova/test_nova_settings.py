"""The parameters cell of a Nova evaluation, and its jobs: started once, taken up again, told apart from others."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3  # noqa: TID251 - as the notebook has it
import pytest
import yaml
from moto import mock_aws
from moto.sagemaker.models import sagemaker_backends

from model_evaluation.kinds.nova.runtime.recipes.recipe import GEN_QA, LLM_JUDGE, recipe_of
from model_evaluation.kinds.nova.runtime.settings import NovaSettings
from model_evaluation.runtime.launch.launcher import Launch, launch_once
from model_evaluation.runtime.launch.ledger import LaunchError
from model_evaluation.runtime.launch.service import diagnose
from model_evaluation.runtime.launch.training_jobs import LABEL_LENGTH
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import SettingsError
from unit.nova.container_runs import CHECKPOINT, LITE, recipe

REGION, ACCOUNT = "us-east-1", "123456789012"
PARAMETERS: dict[str, Any] = {
    "REGION": REGION,
    "ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/Evaluation",
    "RECIPE": recipe(CHECKPOINT, replicas=2),
    "REFERENCE_MODEL": "nova-lite/prod",
    "MODEL_NAMES": {"tuned": "router", "base": "nova-lite/prod"},
    "DATASET": "s3://acme/rows/gen_qa.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "ANSWER_FIELD": "class",
    "PRIMARY_METRIC": "accuracy",
    "IMAGE_URI": "708977205387.dkr.ecr.us-east-1.amazonaws.com/nova-evaluation-repo:SM-TJ-Eval-V2-latest",
    "INSTANCE_TYPE": "ml.g5.12xlarge",
    "MAX_RUNTIME_HOURS": 12,
    "S3_OUTPUT": "s3://acme/results",
    "RESULTS_DIR": "results",
    "RUN_LABEL": "a-label-that-is-much-longer-than-the-name-of-a-training-job-may-be",
    "POLL_SECONDS": 0.01,
    "TIMEOUT_MINUTES": None,
    "FORCE_NEW_RUN": False,
}


def settings(**changes: Any) -> NovaSettings:
    return NovaSettings.from_parameters(PARAMETERS | changes)


def test_two_models_are_two_jobs_on_the_same_rows() -> None:
    tuned, base = settings().parts
    assert (tuned.model, base.model) == (CHECKPOINT, "nova-lite/prod")
    assert base.recipe["run"]["model_name_or_path"] == "nova-lite/prod"
    assert (tuned.dataset, base.dataset) == (PARAMETERS["DATASET"],) * 2
    assert tuned.run_label != base.run_label
    assert (settings().scope, settings(REFERENCE_MODEL=None).scope) == ("compare", "tuned")
    assert len(base.run_label) <= LABEL_LENGTH
    assert base.parts == (base,)


def test_the_recipe_that_the_sdk_reads_is_the_parameters_under_the_runs_name() -> None:
    path = settings().recipe_file("run-1")
    read = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    assert read["run"].pop("name") == "run-1"
    assert read["run"] == {key: value for key, value in PARAMETERS["RECIPE"]["run"].items() if key != "name"}
    assert settings().max_runtime_seconds == 12 * 3600


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"RECIPE": {**PARAMETERS["RECIPE"], "processor": {"lambda-arn": "x"}}}, "processor has no key lambda-arn"),
        ({"RECIPE": recipe("nova-lite-v1:0")}, "Nova Lite's alias is nova-lite/prod"),
        ({"RECIPE": "run: {}"}, "RECIPE must be a Python literal"),
        ({"RECIPE": None}, "a dictionary of the sections"),
        ({"IMAGE_URI": ""}, "IMAGE_URI must be text"),
        ({"DATASET": "s3://acme/rows/tickets.jsonl"}, "a file named gen_qa.jsonl"),
        ({"DATASET": None}, "a file named gen_qa.jsonl"),
        ({"RECIPE": recipe(CHECKPOINT, "mmlu")}, "DATASET must be None"),
        ({"RECIPE": recipe(CHECKPOINT, LLM_JUDGE), "DATASET": "s3://a/llm_judge.jsonl"}, "both answers are in"),
        ({"REFERENCE_MODEL": "nova-pro/prod"}, "REFERENCE_MODEL: run.model_name_or_path is nova-pro/prod"),
        ({"MAX_RUNTIME_HOURS": 500}, "at most 120"),
        ({"MAX_RUNTIME_HOURS": 0}, "a number above 0"),
        ({"PRIMARY_METRIC": ""}, "PRIMARY_METRIC must be text"),
    ],
)
def test_what_cannot_be_started_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError) as raised:
        settings(**changes)
    assert told in str(raised.value)


class Trainer:
    """What the SDK's trainer does of a start: names the job after the base name and the time, and creates it."""

    def __init__(self, aws: AwsClients, own: NovaSettings, run_name: str, **changes: Any) -> None:
        self.aws, self.own, self.base_job_name = aws, own, run_name
        self.training_image = changes.get("training_image", own.image_uri)
        self.role = own.role_arn
        self.compute = SimpleNamespace(instance_type=own.instance_type, instance_count=own.replicas)
        self.output_data_config = SimpleNamespace(s3_output_path=own.s3_output)
        self.model = changes.get("model", own.model)

    def train(self, *, wait: bool, logs: bool) -> None:
        key = "base_model_location" if self.model.startswith("s3://") else "base_model"
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": self.own.dataset}}
        answer = self.aws.sagemaker.create_training_job(
            TrainingJobName=f"{self.base_job_name}-20261129010203",
            RoleArn=self.role,
            HyperParameters={key: self.model},
            AlgorithmSpecification={"TrainingImage": self.training_image, "TrainingInputMode": "File"},
            InputDataConfig=[{"ChannelName": "train", "DataSource": source}],
            OutputDataConfig={"S3OutputPath": self.own.s3_output},
            ResourceConfig={
                "InstanceType": self.compute.instance_type, "InstanceCount": self.compute.instance_count,
                "VolumeSizeInGB": 30,
            },
            StoppingCondition={"MaxRuntimeInSeconds": self.own.max_runtime_seconds},
        )  # fmt: skip
        self._latest_training_job = SimpleNamespace(training_job_arn=answer["TrainingJobArn"])


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.aws = AwsClients(REGION, boto3.Session("k", "s", region_name=REGION))
        self.lines: list[str] = []
        self.changes: dict[str, Any] = {}

    def start(self, own: NovaSettings, run_name: str) -> Trainer:
        return Trainer(self.aws, own, run_name, **self.changes)

    def launch(self, **changes: Any) -> Launch:
        own = settings(RESULTS_DIR=str(self.folder), **changes)
        return launch_once(self.start, own, self.aws, sleep=lambda _: None, out=self.lines.append)

    @property
    def jobs(self) -> list[Any]:
        return list(sagemaker_backends[ACCOUNT][REGION].training_jobs.values())


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with mock_aws():
        yield Place(tmp_path / "results")


def test_a_job_is_started_once_and_found_without_its_record(place: Place) -> None:
    arn = place.launch().arn
    assert place.launch().arn == arn
    shutil.rmtree(place.folder)
    assert place.launch().arn == arn
    (job,) = place.jobs
    assert len(job.training_job_name) <= 63


def test_a_call_that_says_something_else_than_the_parameters_starts_nothing(place: Place) -> None:
    place.changes = {"training_image": "another"}
    with pytest.raises(LaunchError, match="training_image='another'"):
        place.launch()
    assert place.jobs == []


def test_what_differs_in_a_job_is_told(place: Place) -> None:
    arn, (own, _) = place.launch().arn, settings().parts
    assert own.runs.differences(place.aws, arn, "run", own) == []
    job = place.jobs[0]
    job.hyper_parameters = {"base_model": '"nova-lite/prod"'}  # as when a checkpoint is not found
    job.resource_config["InstanceCount"] = 1
    assert own.runs.differences(place.aws, arn, "run", own) == [
        "its model is nova-lite/prod", "its number of instances is 1",
    ]  # fmt: skip


def test_strange_jobs_of_the_account_are_left_alone(place: Place) -> None:
    own = settings()
    for name in ("somebody-elses", "xgboost-2026-11-29-00-00-00"):
        trainer = Trainer(place.aws, own, name)
        trainer.train(wait=False, logs=False)
    place.launch()
    assert len(place.jobs) == 3


def test_states_steps_and_the_command_that_ends_it(place: Place) -> None:
    arn = place.launch().arn
    runs = NovaSettings.runs
    place.jobs[0].training_job_status, place.jobs[0].failure_reason = "Failed", "AlgorithmError: x"
    state = runs.describe(place.aws, arn)
    assert (state.status, state.steps[0].name, state.steps[0].reason) == ("Failed", "job", "AlgorithmError: x")
    assert runs.stop_command(arn).startswith("aws sagemaker stop-training-job --region us-east-1")
    assert LITE is not None
    assert recipe_of(GEN_QA, LITE, CHECKPOINT)["run"]["model_type"] == LITE.model_type


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("RuntimeError: Engine core initialization failed.", "of one family"),
        (
            "ConfigValidationError: Reasoning mode is enabled but model 'x' does not support reasoning",
            "Take reasoning_effort out",
        ),
        ("TypeError: preprocessor must have exactly 2 parameters", "exactly two parameters"),
        ("Lambda response body must be a JSON string, got <class 'list'>", "json.dumps"),
        ("ValidationException: Invalid HubContentArn format", "processor.lambda_arn"),
        ("Could not resolve model checkpoint path for evaluate job! Falling back to base model", "manifest.json"),
        ("AccessDenied: s3:GetObject on customer-escrow-1-smtj-x", "Allow s3:GetObject"),
        ("ClientError: customer-escrow-1-smtj-x: Forbidden", "Allow s3:GetObject"),
        ("MaxRuntimeExceeded", "Raise MAX_RUNTIME_HOURS"),
    ],
)
def test_messages_that_others_have_met_lead_to_a_fix(message: str, told: str) -> None:
    assert told in diagnose(message, NovaSettings.runs.failures).fix


def test_an_unknown_sdk_is_refused() -> None:
    with pytest.raises(SettingsError, match="SDK must be one of v3, v2"):
        settings(SDK="v1")
