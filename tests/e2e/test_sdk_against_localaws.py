"""The unmodified sagemaker SDK, in a process of its own, evaluates a model on local AWS."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from model_evaluation.kinds.llm_as_judge.demo.script import demo_custom_metrics
from model_evaluation.kinds.llm_as_judge.localaws.player import World, seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.services.mlflow import APPS
from trouble import Trouble

pytestmark = pytest.mark.e2e

Evaluate = Callable[..., dict[str, Any]]

# What a notebook does, without the notebook: one JSON object in, one out, for as long as there are lines.
WORKER = """
import json, sys
sys.modules["rfc3987_syntax"] = None  # see packages.without_grammars
from sagemaker.train.evaluate import LLMAsJudgeEvaluator
from model_evaluation.runtime.launch.pipelines import take_tags_as_dictionaries

take_tags_as_dictionaries()

def evaluate(given):
    stop = given.pop("stop", False)
    execution = LLMAsJudgeEvaluator(**given).evaluate()
    seen = {"arn": execution.arn, "reason": execution.status.failure_reason}
    if stop:
        execution.stop()
    elif execution.arn:
        try:
            execution.wait(poll=0.2, timeout=600)
        except Exception as error:
            seen["raised"] = f"{type(error).__name__}: {error}"
    execution.refresh()
    seen["status"] = execution.status.overall_status
    seen["steps"] = {step.name: [step.status, step.failure_reason] for step in execution.status.step_details}
    return seen

for line in sys.stdin:
    try:
        seen = evaluate(json.loads(line))
    except Exception as error:
        seen = {"error": f"{type(error).__name__}: {error}"}
    print("SEEN " + json.dumps(seen), flush=True)
"""


class Sdk:
    """A process in which the SDK is imported once and evaluates as often as it is asked to."""

    def __init__(self, env: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def evaluate(self, **given: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(given) + "\n")
        self._process.stdin.flush()
        for line in self._process.stdout:
            if line.startswith("SEEN "):
                seen: dict[str, Any] = json.loads(line.removeprefix("SEEN "))
                return seen
        raise AssertionError(f"the SDK's process ended with {self._process.wait()}")

    def close(self) -> None:
        self._process.communicate(timeout=300)


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[LocalAws, World]]:
    with LocalAws(step_seconds=0.1) as aws:
        yield aws, seed_demo_world(aws)


@pytest.fixture
def aws(running: tuple[LocalAws, World]) -> LocalAws:
    running[0].scenario = Scenario()
    running[0].calls.clear()
    return running[0]


@pytest.fixture
def world(running: tuple[LocalAws, World]) -> World:
    return running[1]


@pytest.fixture(scope="module")
def sdk(running: tuple[LocalAws, World]) -> Iterator[Sdk]:
    worker = Sdk(running[0].child_environment())
    yield worker
    worker.close()


def configuration(world: World, **changes: Any) -> dict[str, Any]:
    """The demo's configuration with ``changes``."""
    return {
        "model": world.model_package_arn,
        "evaluator_model": world.judge,
        "dataset": world.dataset_uri,
        "builtin_metrics": ["Correctness", "Builtin.Completeness"],
        "evaluate_base_model": True,
        "s3_output_path": world.output_uri,
        "mlflow_resource_arn": world.mlflow_app_arn,
        "role": world.role_arn,
        "region": world.region,
        "base_eval_name": "sdk-test",
        **changes,
    }


@pytest.fixture
def evaluate(aws: LocalAws, world: World, sdk: Sdk) -> Iterator[Callable[..., dict[str, Any]]]:
    yield lambda **changes: sdk.evaluate(**configuration(world, **changes))
    assert aws.refused == []
    assert aws.cloud.bugs == []


def keys_of(aws: LocalAws, world: World, part: str) -> list[str]:
    pages = aws.client("s3").get_paginator("list_objects_v2").paginate(Bucket=world.bucket)
    return [item["Key"] for page in pages for item in page["Contents"] if part in item["Key"]]


def test_compares_with_the_base_model(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    seen = evaluate()
    assert seen["status"] == "Succeeded"
    assert {name: status for name, (status, _) in seen["steps"].items()} == dict.fromkeys(
        [
            "CreateEvaluationAction",
            "EvaluateBaseInferenceModel",
            "EvaluateCustomInferenceModel",
            "EvaluateBaseModelMetrics",
            "EvaluateCustomModelMetrics",
            "AssociateLineage",
        ],
        "Succeeded",
    )
    execution_id = seen["arn"].rsplit("/", 1)[-1]
    keys = keys_of(aws, world, execution_id)
    for side in ("base", "custom"):
        rows = [key for key in keys if f"{side}-llmaj-eval" in key and "/datasets/" in key]
        assert len(rows) == 1
        body = aws.client("s3").get_object(Bucket=world.bucket, Key=rows[0])["Body"].read()
        assert len(body.splitlines()) == 60
    assert len([key for key in keys if key.endswith("bedrock_llm_judge_results.json")]) == 2
    # The regional STS host, which AWS_ENDPOINT_URL does not redirect, and the usage reports came here.
    assert "sts:GetCallerIdentity" in aws.calls.names()
    assert "telemetry:GET" in aws.calls.names()


def test_without_the_base_model_it_runs_half_the_steps(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    seen = evaluate(evaluate_base_model=False)
    assert seen["status"] == "Succeeded"
    assert set(seen["steps"]) == {
        "CreateEvaluationAction",
        "EvaluateCustomInferenceModel",
        "EvaluateCustomModelMetrics",
        "AssociateLineage",
    }


def test_custom_metrics_are_uploaded_and_judged(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    metrics = [{"customMetricDefinition": item["customMetricDefinition"]} for item in json.loads(demo_custom_metrics())]
    seen = evaluate(builtin_metrics=None, custom_metrics=json.dumps(metrics))
    assert seen["status"] == "Succeeded"
    uploads = [call.params["Key"] for call in aws.calls.of("PutObject")]
    assert [key.rsplit("/", 1)[-1] for key in uploads] == ["custom-metrics.json"]
    key = next(
        key
        for key in keys_of(aws, world, seen["arn"].rsplit("/", 1)[-1])
        if "custom-llmaj-eval" in key and "/datasets/" in key
    )
    body = aws.client("s3").get_object(Bucket=world.bucket, Key=key)["Body"].read()
    assert b"ActionableSteps" in body


def test_a_failing_step_is_seen_with_its_reason(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    aws.scenario = Scenario(fail_step={"CustomModelMetrics": "ClientError: AccessDeniedException"})
    seen = evaluate()
    assert seen["status"] == "Failed"
    assert seen["steps"]["EvaluateCustomModelMetrics"] == ["Failed", "ClientError: AccessDeniedException"]
    assert "FailedStatusError" in seen["raised"]


def test_stop_reaches_the_execution(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    aws.scenario = Scenario(hold_step="Inference")
    seen = evaluate(stop=True)
    assert len(aws.calls.of("StopPipelineExecution")) == 1
    assert seen["status"] == "Stopped"


def test_a_refused_start_leaves_no_execution(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    aws.scenario = Trouble(errors={"StartPipelineExecution": ("ResourceLimitExceeded", "0 concurrent evaluation jobs")})
    seen = evaluate()
    assert (seen["arn"], seen["status"]) == (None, "Failed")
    assert "0 concurrent evaluation jobs" in seen["reason"]


def test_a_registered_dataset_and_a_hub_model_without_an_endpoint_url(aws: LocalAws, world: World) -> None:
    """Everything through the proxy: virtual-host S3, regional hosts, TLS."""
    env = aws.child_environment()
    del env["AWS_ENDPOINT_URL"]
    sdk = Sdk(env)
    seen = sdk.evaluate(**configuration(world, model=world.base_model_name, dataset=world.dataset_arn))
    sdk.close()
    assert seen["status"] == "Succeeded"
    assert set(seen["steps"]) == {"EvaluateBaseInferenceModel", "EvaluateBaseModelMetrics"}
    assert aws.refused == []


def test_without_an_mlflow_app_the_sdk_creates_one(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    apps = APPS.table(aws.cloud, world.region)
    usual = apps.get(world.mlflow_app_arn)
    apps.pop(world.mlflow_app_arn, None)
    seen = evaluate(mlflow_resource_arn=None, evaluate_base_model=False)
    assert seen["status"] == "Succeeded"
    assert len(aws.calls.of("CreateMlflowApp")) == 1
    apps[world.mlflow_app_arn] = usual or {}


def test_a_retired_judge_is_refused_before_anything_starts(aws: LocalAws, world: World, evaluate: Evaluate) -> None:
    seen = evaluate(evaluator_model=world.judge_retired)
    assert "end of life" in seen["error"]
    assert aws.calls.of("StartPipelineExecution") == []
