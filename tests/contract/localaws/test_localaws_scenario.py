from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.kinds.llm_as_judge.localaws.bedrock import JudgeModel, Judges
from model_evaluation.localaws import LocalAws, Scenario
from trouble import Trouble


def test_boto3_sees_the_codes(aws: LocalAws, s3: Any, sagemaker: Any, world: Any) -> None:
    aws.scenario = Trouble(
        deny={"s3:GetObject": "", "HeadBucket": ""}, errors={"ListPipelines": ("InternalFailure", "oh")}
    )
    with pytest.raises(ClientError) as denied:
        s3.get_object(Bucket=world.bucket, Key="x")
    assert denied.value.response["Error"]["Code"] == "AccessDenied"
    with pytest.raises(ClientError) as headed:
        s3.head_bucket(Bucket=world.bucket)
    assert headed.value.response["Error"]["Code"] == "403"
    with pytest.raises(ClientError) as failed:
        sagemaker.list_pipelines()
    assert failed.value.response["Error"] == {"Code": "InternalFailure", "Message": "oh"}
    aws.scenario = Trouble(expire_credentials_after=0.0)
    with pytest.raises(ClientError) as expired:
        sagemaker.list_pipelines()
    assert expired.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_start_can_be_refused(aws: LocalAws, start: Any) -> None:
    aws.scenario = Trouble(
        errors={"StartPipelineExecution": ("ResourceLimitExceeded", "The account-level service limit is 0")}
    )
    with pytest.raises(ClientError, match="limit is 0") as caught:
        start()
    assert caught.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_credentials_expire_for_every_call_after_the_nth_of_one_operation(
    aws: LocalAws, s3: Any, sagemaker: Any
) -> None:
    aws.scenario = Trouble(expire_credentials_after=("ListPipelines", 2))
    for _ in range(2):
        sagemaker.list_pipelines()
        s3.list_buckets()
    with pytest.raises(ClientError, match="ExpiredTokenException"):
        sagemaker.list_pipelines()
    with pytest.raises(ClientError, match="ExpiredToken"):
        s3.list_buckets()


def test_somebody_elses_update_lands_before_the_start(aws: LocalAws, sagemaker: Any, start: Any) -> None:
    aws.scenario = Trouble(foreign_update={"Correctness": "Coherence"})
    ran = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=start())
    assert "Coherence" in ran["PipelineDefinition"]
    assert "Correctness" not in ran["PipelineDefinition"]
    ran = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=start())
    assert "Correctness" in ran["PipelineDefinition"]


def test_judges_can_be_chosen(aws: LocalAws, clients: Any) -> None:
    only = JudgeModel("acme.judge-v1:0", "Judge", authorized=False)
    aws.scenario = Scenario(parts=(Judges((only,)),))
    with pytest.raises(ClientError, match="ResourceNotFound"):
        clients("bedrock").get_foundation_model(modelIdentifier="amazon.nova-pro-v1:0")
    availability = clients("bedrock").get_foundation_model_availability(modelId="acme.judge-v1:0")
    assert availability["authorizationStatus"] == "NOT_AUTHORIZED"
