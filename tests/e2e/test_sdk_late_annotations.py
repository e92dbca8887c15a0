"""The SDK starts an evaluation with a Python that reads annotations when they are asked for (3.14 and later)."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from model_evaluation.kinds.llm_as_judge.localaws.player import World, seed_demo_world
from model_evaluation.localaws import LocalAws

pytestmark = pytest.mark.e2e

# What such a Python makes of the SDK, with any Python: by the time of the call ``Tag`` is the class of another module.
LATE_ANNOTATIONS = """
from sagemaker.core import resources
create = resources.Pipeline.create.__func__
while hasattr(create, "__wrapped__"):
    create = create.__wrapped__
create.__annotations__["tags"] = list[resources.Tag] | None
"""
START = """
import json, sys
sys.modules["rfc3987_syntax"] = None  # see packages.without_grammars
from sagemaker.train.evaluate import LLMAsJudgeEvaluator
from model_evaluation.runtime.launch.pipelines import PipelineRuns

evaluator = LLMAsJudgeEvaluator(**json.loads(sys.argv[2]))
started = PipelineRuns().start(evaluator, None, None) if sys.argv[1] == "ours" else evaluator.evaluate()
print("SEEN " + json.dumps([started.arn, str(started)]))
"""


def start(how: str, aws: LocalAws, world: World) -> tuple[str | None, str]:
    """The execution's ARN, and everything that was said of the start."""
    arguments = {
        "model": world.model_package_arn,
        "evaluator_model": world.judge,
        "dataset": world.dataset_uri,
        "builtin_metrics": ["Correctness"],
        "s3_output_path": world.output_uri,
        "mlflow_resource_arn": world.mlflow_app_arn,
        "role": world.role_arn,
        "region": world.region,
    }
    command = [sys.executable, "-c", LATE_ANNOTATIONS + START, how, json.dumps(arguments)]
    done = subprocess.run(command, env=aws.child_environment(), capture_output=True, text=True, check=True)
    arn, text = json.loads(done.stdout.partition("SEEN ")[2])
    return arn, text


def test_our_start_passes_where_the_sdks_own_is_refused_by_the_sdk() -> None:
    """When this fails because the SDK can start alone, what our start does about it may go."""
    with LocalAws(step_seconds=0.1) as aws:
        world = seed_demo_world(aws)
        arn, text = start("alone", aws, world)
        assert (arn, "valid dictionary or instance of Tag" in text) == (None, True)
        arn, _ = start("ours", aws, world)
        assert arn is not None
        sagemaker = aws.client("sagemaker")
        pipeline = sagemaker.describe_pipeline(PipelineName=arn.split("/")[1])["PipelineArn"]
        assert {"Key": "SagemakerModelEvaluation", "Value": "true"} in sagemaker.list_tags(ResourceArn=pipeline)["Tags"]
