"""Starting over without starting again."""

from __future__ import annotations

import pytest

from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.operations import LocalAwsBug
from running_execution import seed_running_execution


def test_after_a_reset_everything_is_as_after_a_start_but_address_and_clients() -> None:
    with LocalAws(step_seconds=0) as aws:
        endpoint, s3, sagemaker = aws.endpoint, aws.client("s3"), aws.client("sagemaker")
        assert aws.client("s3") is s3
        for _ in range(2):  # the second world needs nothing of the first
            world = seed_demo_world(aws)
            aws.scenario = Scenario(hold_step="Inference", quotas={"L-619D690E": 1.0})
            seed_running_execution(aws, world)
            assert s3.list_buckets()["Buckets"]
            assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"]
            aws.reset()
            assert (aws.endpoint, aws.scenario, aws.calls.names()) == (endpoint, Scenario(), [])
            assert s3.list_buckets()["Buckets"] == []
            assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
            assert sagemaker.list_pipelines()["PipelineSummaries"] == []
            assert "LocalAwsCaller" in aws.client("sts").get_caller_identity()["Arn"]


def test_a_fault_of_local_aws_itself_is_not_forgotten_by_a_reset() -> None:
    with LocalAws(step_seconds=0) as aws:
        aws.cloud.bugs.append(LocalAwsBug("broken"))
        with pytest.raises(LocalAwsBug, match="broken"):
            aws.reset()
        aws.cloud.bugs.clear()
