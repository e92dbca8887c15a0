from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.kinds.llm_as_judge.localaws.judges import JudgeModel, Judges
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.errors import ServiceError
from model_evaluation.localaws.scenario import Rules


def code_of(rules: Rules, service: str, operation: str) -> str | None:
    try:
        rules.admit(service, operation)
    except ServiceError as error:
        return error.code
    return None


def test_default_scenario_admits_everything() -> None:
    assert code_of(Rules(Scenario(), lambda: 0.0), "s3", "GetObject") is None


def test_throttles_so_many_calls_and_then_passes() -> None:
    rules = Rules(Scenario(throttle={"Describe*": 2}), lambda: 0.0)
    codes = [code_of(rules, "sagemaker", "DescribePipeline") for _ in range(3)]
    assert codes == ["ThrottlingException", "ThrottlingException", None]


@pytest.mark.parametrize(
    ("service", "expired", "denied", "throttled"),
    [
        ("sagemaker", "ExpiredTokenException", "AccessDeniedException", "ThrottlingException"),
        ("s3", "ExpiredToken", "AccessDenied", "SlowDown"),
        ("iam", "ExpiredToken", "AccessDenied", "Throttling"),
    ],
)
def test_each_service_has_its_own_codes(service: str, expired: str, denied: str, throttled: str) -> None:
    assert code_of(Rules(Scenario(expire_credentials_after=0.0), lambda: 0.0), service, "X") == expired
    assert code_of(Rules(Scenario(deny={f"{service}:X": ""}), lambda: 0.0), service, "X") == denied
    assert code_of(Rules(Scenario(throttle={"X": 1}), lambda: 0.0), service, "X") == throttled


def test_credentials_expire_for_every_call_after_the_nth_of_one_operation() -> None:
    rules = Rules(Scenario(expire_credentials_after=("DescribePipelineExecution", 2)), lambda: 0.0)
    assert code_of(rules, "sagemaker", "DescribePipelineExecution") is None
    assert code_of(rules, "sagemaker", "ListPipelines") is None
    assert code_of(rules, "sagemaker", "DescribePipelineExecution") is None
    assert code_of(rules, "sagemaker", "ListPipelines") is None
    assert code_of(rules, "sagemaker", "DescribePipelineExecution") == "ExpiredTokenException"
    assert code_of(rules, "s3", "GetObject") == "ExpiredToken"


def test_credentials_expire_after_a_time() -> None:
    now = [100.0]
    rules = Rules(Scenario(expire_credentials_after=30.0), lambda: now[0])
    assert code_of(rules, "sts", "GetCallerIdentity") is None
    now[0] = 130.0
    assert code_of(rules, "sts", "GetCallerIdentity") == "ExpiredToken"


def test_boto3_sees_the_codes(aws: LocalAws, s3: Any, sagemaker: Any, world: Any) -> None:
    aws.scenario = Scenario(
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
    aws.scenario = Scenario(expire_credentials_after=0.0)
    with pytest.raises(ClientError) as expired:
        sagemaker.list_pipelines()
    assert expired.value.response["Error"]["Code"] == "ExpiredTokenException"


def test_start_can_be_refused(aws: LocalAws, start: Any) -> None:
    aws.scenario = Scenario(
        errors={"StartPipelineExecution": ("ResourceLimitExceeded", "The account-level service limit is 0")}
    )
    with pytest.raises(ClientError, match="limit is 0") as caught:
        start()
    assert caught.value.response["Error"]["Code"] == "ResourceLimitExceeded"


def test_somebody_elses_update_lands_before_the_start(aws: LocalAws, sagemaker: Any, start: Any) -> None:
    aws.scenario = Scenario(foreign_update={"Correctness": "Coherence"})
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
