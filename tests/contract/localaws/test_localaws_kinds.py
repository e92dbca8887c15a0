"""What a kind of evaluation can have played without a line in local AWS itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract.localaws.conftest import STEP_SECONDS, Clock
from contract.localaws.toy_player import KIND, MODEL
from model_evaluation.kinds.registry import REGISTRY
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Company, Seeder

Toy = tuple[LocalAws, Company]


@pytest.fixture(scope="module")
def shared(clock: Clock) -> Iterator[Toy]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRY, "toy", "contract.localaws.toy_player")
        with LocalAws(step_seconds=STEP_SECONDS, clock=clock) as aws:
            yield aws, KIND.player().seed_world(Seeder(aws.cloud, aws.region))


@pytest.fixture
def toy(shared: Toy) -> Toy:
    shared[0].scenario = Scenario()
    return shared


def start_training(toy: Toy, name: str, image: str = "toy:1", **more: Any) -> Any:
    aws, company = toy
    return aws.client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=company.role_arn,
        AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": company.output_uri},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 60},
        **more,
    )


def training(toy: Toy, name: str) -> Any:
    return toy[0].client("sagemaker").describe_training_job(TrainingJobName=name)


def objects_below(toy: Toy, part: str) -> list[str]:
    listed = toy[0].client("s3").list_objects_v2(Bucket=toy[1].bucket)
    return [item["Key"] for item in listed.get("Contents", []) if part in item["Key"]]


def test_a_training_job_of_its_own_runs_its_time_and_leaves_its_files(toy: Toy, clock: Clock) -> None:
    start_training(toy, "toy-1")
    assert training(toy, "toy-1")["TrainingJobStatus"] == "InProgress"
    assert objects_below(toy, "toy-1") == []
    clock.forward(STEP_SECONDS)
    done = training(toy, "toy-1")
    assert (done["TrainingJobStatus"], done["SecondaryStatus"]) == ("Completed", "Completed")
    assert (done["TrainingEndTime"] - done["TrainingStartTime"]).total_seconds() == STEP_SECONDS
    assert objects_below(toy, "toy-1") == ["evaluations/support-assistant/toy-1/output/scores.json"]
    listed = toy[0].client("sagemaker").list_training_jobs(NameContains="toy-1", StatusEquals="Completed")
    assert [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]] == ["toy-1"]


def test_a_job_of_its_own_fails_with_the_kinds_the_scenarios_or_nobodys_reason(toy: Toy, clock: Clock) -> None:
    toy[0].scenario = Scenario(fail_step={"unlucky": "CapacityError: none left"})
    start_training(toy, "toy-impossible", HyperParameters={"task": "impossible"})
    start_training(toy, "toy-unlucky")
    start_training(toy, "stranger", image="other:1")
    clock.forward(STEP_SECONDS)
    reasons = [training(toy, name)["FailureReason"] for name in ("toy-impossible", "toy-unlucky", "stranger")]
    assert reasons[:2] == ["AlgorithmError: no such task", "CapacityError: none left"]
    assert "does not play stranger: no kind of evaluation knows such a job" in reasons[2]


def test_a_job_of_its_own_can_be_held_and_stopped_and_its_name_is_taken(toy: Toy, clock: Clock) -> None:
    sagemaker = toy[0].client("sagemaker")
    toy[0].scenario = Scenario(hold_step="toy-held")
    start_training(toy, "toy-held")
    clock.forward(100 * STEP_SECONDS)
    assert training(toy, "toy-held")["TrainingJobStatus"] == "InProgress"
    sagemaker.stop_training_job(TrainingJobName="toy-held")
    stopped = training(toy, "toy-held")
    assert stopped["TrainingJobStatus"] == "Stopped"
    with pytest.raises(ClientError, match="in status Stopped"):
        sagemaker.stop_training_job(TrainingJobName="toy-held")
    with pytest.raises(ClientError, match="ResourceInUse"):
        start_training(toy, "toy-held")
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.stop_training_job(TrainingJobName="nothing")


def start_transform(toy: Toy, name: str, model: str = MODEL) -> None:
    aws, company = toy
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{company.bucket}/in/rows.csv"}
    aws.client("sagemaker").create_transform_job(
        TransformJobName=name,
        ModelName=model,
        TransformInput={"DataSource": {"S3DataSource": source}, "ContentType": "text/csv"},
        TransformOutput={"S3OutputPath": f"s3://{company.bucket}/{name}"},
        TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1},
    )


def test_a_transform_job_answers_its_rows(toy: Toy, clock: Clock) -> None:
    aws, company = toy
    aws.client("s3").put_object(Bucket=company.bucket, Key="in/rows.csv", Body=b"a\nbcd\n")
    start_transform(toy, "transform-1")
    clock.forward(STEP_SECONDS)
    job = aws.client("sagemaker").describe_transform_job(TransformJobName="transform-1")
    assert job["TransformJobStatus"] == "Completed", job
    body = aws.client("s3").get_object(Bucket=company.bucket, Key="transform-1/rows.csv.out")["Body"].read()
    assert body == b"1\n3\n"


def test_a_kind_may_refuse_what_the_shared_operations_would_accept(toy: Toy) -> None:
    with pytest.raises(ClientError, match="Could not find model nobody"):
        start_transform(toy, "transform-2", model="nobody")


def test_a_kind_answers_an_endpoint(toy: Toy) -> None:
    answer = toy[0].client("sagemaker-runtime").invoke_endpoint(EndpointName="e", Body=b"abcd\n")
    assert answer["Body"].read() == b"4\n"


def test_a_pipelines_step_may_be_a_job_of_any_type(toy: Toy, clock: Clock) -> None:
    aws, company = toy
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{company.bucket}/in/rows.csv"}}
    aws.client("s3").put_object(Bucket=company.bucket, Key="in/rows.csv", Body=b"a\n")
    arguments = {
        "ModelName": MODEL,
        "TransformInput": {"DataSource": source},
        "TransformOutput": {"S3OutputPath": f"s3://{company.bucket}/by-pipeline"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }
    steps = [{"Name": "Predict", "Type": "Transform", "Arguments": arguments}, {"Name": "Wait", "Type": "Callback"}]
    sagemaker = aws.client("sagemaker")
    sagemaker.create_pipeline(
        PipelineName="toy", ClientRequestToken="0" * 32, RoleArn=company.role_arn,
        PipelineDefinition=json.dumps({"Steps": steps}),
    )  # fmt: skip
    arns = {
        sagemaker.start_pipeline_execution(PipelineName="toy", ClientRequestToken="1" * 32)["PipelineExecutionArn"]
        for _ in range(2)
    }
    assert len(arns) == 1, "the same token gives the same execution"
    clock.forward(STEP_SECONDS)
    listed = sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=arns.pop())["PipelineExecutionSteps"]
    ran = {step["StepName"]: step for step in listed}
    assert ran["Predict"]["StepStatus"] == "Succeeded"
    name = ran["Predict"]["Metadata"]["TransformJob"]["Arn"].rpartition("/")[2]
    assert sagemaker.describe_transform_job(TransformJobName=name)["TransformJobStatus"] == "Completed"
    assert "does not play steps of type Callback" in ran["Wait"]["FailureReason"]


def test_a_plain_job_has_its_category_in_its_log_group(toy: Toy, clock: Clock) -> None:
    aws, company = toy
    sagemaker = aws.client("sagemaker")
    sagemaker.create_job(
        JobName="plain", RoleArn=company.role_arn, JobCategory="AgentRFTEvaluation",
        JobConfigSchemaVersion="1.0.0", JobConfigDocument="{}",
    )  # fmt: skip
    clock.forward(STEP_SECONDS)
    job = sagemaker.describe_job(JobName="plain", JobCategory="AgentRFTEvaluation")
    assert (job["JobStatus"], job["JobArn"].rpartition(":")[2]) == ("Failed", "job/plain")
    (group,) = aws.client("logs").describe_log_groups(logGroupNamePrefix="/aws/sagemaker/Job/")["logGroups"]
    assert group["logGroupName"].endswith("/AgentRFTEvaluation")


def test_a_kind_has_prices_quotas_and_public_objects(toy: Toy) -> None:
    aws, _ = toy
    wanted = [{"Type": "TERM_MATCH", "Field": "instanceName", "Value": "ml.toy"}]
    (product,) = aws.client("pricing").get_products(ServiceCode="AmazonSageMaker", Filters=wanted)["PriceList"]
    assert json.loads(product)["product"]["attributes"]["simulated"] == "true"
    quota = aws.client("service-quotas").get_service_quota(ServiceCode="sagemaker", QuotaCode="L-TOY")["Quota"]
    assert quota["Value"] == 2.0
    s3 = aws.client("s3")
    assert s3.get_object(Bucket="jumpstart-cache-prod-us-west-2", Key="toy/limits.json")["Body"].read() == b"{}"
    with pytest.raises(ClientError, match="NoSuchKey"):
        s3.get_object(Bucket="jumpstart-cache-prod-us-west-2", Key="toy/other.json")
