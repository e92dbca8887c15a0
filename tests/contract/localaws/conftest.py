"""One local AWS for this folder, on a clock that only moves when a test says so."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.localaws.player import World, seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder

STEP_SECONDS = 10.0
TINY = "datasets/tiny.jsonl"
_numbers = itertools.count(1)


class Clock:
    """Seconds since 1970; :meth:`forward` is the only thing that moves them."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def running(clock: Clock) -> Iterator[tuple[LocalAws, World]]:
    with LocalAws(step_seconds=STEP_SECONDS, clock=clock) as aws:
        world = seed_demo_world(aws)
        rows = [json.dumps({"query": f"What is {n}?", "response": f"It is {n}."}) for n in range(3)]
        Seeder(aws.cloud, world.region).object(f"s3://{world.bucket}/{TINY}", "\n".join(rows).encode())
        yield aws, world


@pytest.fixture
def aws(running: tuple[LocalAws, World]) -> LocalAws:
    aws = running[0]
    aws.scenario = Scenario()
    aws.calls.clear()
    return aws


@pytest.fixture
def world(running: tuple[LocalAws, World]) -> World:
    return running[1]


@pytest.fixture(scope="module")
def clients(running: tuple[LocalAws, World]) -> Callable[[str], Any]:
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            made[service] = running[0].client(service)
        return made[service]

    return client


@pytest.fixture
def sagemaker(clients: Callable[[str], Any]) -> Any:
    return clients("sagemaker")


@pytest.fixture
def s3(clients: Callable[[str], Any]) -> Any:
    return clients("s3")


def join(*parts: Any) -> dict[str, Any]:
    return {"Std:Join": {"On": "", "Values": list(parts)}}


def training(name: str, world: World, evaluation: str, after: list[str], **arguments: Any) -> dict[str, Any]:
    return {
        "Name": name,
        "Type": "Training",
        "DependsOn": after,
        "Arguments": {
            "RoleArn": arguments.pop("RoleArn", world.role_arn),
            "ServerlessJobConfig": {
                "BaseModelArn": arguments.pop("BaseModelArn", world.base_model_arn),
                "AcceptEula": True,
                "JobType": "Evaluation",
                "EvaluationType": evaluation,
            },
            **arguments,
        },
    }


def judge_definition(
    world: World,
    *,
    base: bool = True,
    dataset: str | None = None,
    output: str | None = None,
    metrics: tuple[str, ...] = ("Correctness",),
    custom: str | None = None,
    judge: str | None = None,
    mlflow: str | None = None,
    **overrides: Any,
) -> str:
    """The definition the SDK renders for a model package, reduced to what a step reads."""
    out = output or world.output_uri
    source = dataset or f"s3://{world.bucket}/{TINY}"
    data = (
        {"DatasetSource": {"DatasetArn": source}}
        if source.startswith("arn:")
        else {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": source}}
    )
    group = {"ModelPackageGroupArn": world.group_arn, "SourceModelPackageArn": world.model_package_arn}
    lineage = {
        "Name": "CreateEvaluationAction",
        "Type": "Lineage",
        "Arguments": {
            "Actions": [
                {
                    "ActionName": {"Get": "Execution.PipelineExecutionId"},
                    "ActionType": "Evaluation",
                    "Source": {"SourceUri": world.model_package_arn, "SourceType": "ModelPackage"},
                }
            ]
        },
    }
    steps: list[dict[str, Any]] = [lineage]
    for side in ("Base", "Custom") if base else ("Custom",):
        package = {"ModelPackageConfig": group} if side == "Custom" else {}
        inference = f"Evaluate{side}InferenceModel"
        name = join(f"{side.lower()}-llmaj-eval-", {"Get": "Execution.PipelineExecutionId"})
        hyperparameters: dict[str, Any] = {
            "name": name,
            "judge_model_id": judge or world.judge,
            "inference_data_s3_path": join(
                {"Get": f"Steps.{inference}.OutputDataConfig.S3OutputPath"},
                "/",
                {"Get": f"Steps.{inference}.TrainingJobName"},
                f"/output/output/{side}Inference/eval_results/inference_output.jsonl",
            ),
            "output_path": out,
            "llmaj_metrics": json.dumps(list(metrics)),
        }
        if custom is not None:
            hyperparameters["custom_metrics"] = custom
        steps.append(
            training(
                inference,
                world,
                "BenchmarkEvaluation",
                ["CreateEvaluationAction"],
                HyperParameters={"name": f"{side}Inference", "task": "inference_only"},
                InputDataConfig=[{"ChannelName": "train", "DataSource": data}],
                OutputDataConfig={"S3OutputPath": out, "CompressionType": "NONE"},
                **package,
                **overrides,
            )
        )
        steps.append(
            training(
                f"Evaluate{side}ModelMetrics",
                world,
                "LLMAJEvaluation",
                [inference],
                HyperParameters=hyperparameters,
                OutputDataConfig={"S3OutputPath": out, "CompressionType": "NONE"},
                **package,
                **overrides,
            )
        )
    tracking = {"MlflowConfig": {"MlflowResourceArn": mlflow}} if mlflow else {}
    return json.dumps({"Version": "2020-12-01", "Metadata": {}, "Parameters": [], "Steps": steps, **tracking})


@pytest.fixture
def start(aws: LocalAws, sagemaker: Any, world: World) -> Callable[..., str]:
    """Starts a judge evaluation of three rows on a pipeline of its own; returns the execution's ARN.

    Asks for ``aws``, so that a test which does not name it has the default scenario all the same.
    """

    def start_execution(**definition: Any) -> str:
        number = next(_numbers)
        name = f"pipeline-{number}"
        sagemaker.create_pipeline(
            PipelineName=name,
            ClientRequestToken=f"create-{name}-0123456789012345678901234567890",
            RoleArn=world.role_arn,
            PipelineDefinition=judge_definition(world, **definition),
        )
        started = sagemaker.start_pipeline_execution(
            PipelineName=name, ClientRequestToken=f"start-{name}-0123456789012345678901234567890"
        )
        return str(started["PipelineExecutionArn"])

    return start_execution


@pytest.fixture
def finish(sagemaker: Any, clock: Clock) -> Callable[[str], dict[str, Any]]:
    """Lets an execution run to its end; returns its description, with ``Steps`` by name."""

    def finish_execution(arn: str) -> dict[str, Any]:
        clock.forward(20 * STEP_SECONDS)
        description: dict[str, Any] = sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        steps = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arn, MaxResults=100)
        description["Steps"] = {step["StepName"]: step for step in steps["PipelineExecutionSteps"]}
        return description

    return finish_execution
