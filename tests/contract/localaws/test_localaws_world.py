from __future__ import annotations

import datetime
import json
import re
from collections import Counter
from statistics import fmean
from typing import Any

import pytest
from botocore.exceptions import ClientError

from model_evaluation.kinds.llm_as_judge.demo.script import demo_custom_metrics, demo_dataset
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.kinds.llm_as_judge.localaws.bedrock import Judges
from model_evaluation.kinds.llm_as_judge.localaws.judging import Item, judge_builtin
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.language import base_answer, tuned_answer
from model_evaluation.localaws.rehearsal import account_of, seed_rehearsal
from model_evaluation.localaws.services.mlflow import APPS
from model_evaluation.localaws.services.models import registry_hub_name
from model_evaluation.runtime.rows import DatasetRow, read_dataset_rows

ROWS = read_dataset_rows(demo_dataset().splitlines())


# The account


def test_the_newest_usable_version_awaits_approval(sagemaker: Any, world: Any) -> None:
    listed = sagemaker.list_model_packages(ModelPackageGroupName=world.group_name)["ModelPackageSummaryList"]
    assert [
        (item["ModelPackageVersion"], item["ModelPackageStatus"], item["ModelApprovalStatus"]) for item in listed
    ] == [
        (3, "Completed", "PendingManualApproval"),
        (2, "Failed", "PendingManualApproval"),
        (1, "Completed", "Approved"),
    ]
    package = sagemaker.describe_model_package(ModelPackageName=world.model_package_arn)
    base = package["InferenceSpecification"]["Containers"][0]["BaseModel"]
    assert base["HubContentName"] == world.base_model_name


def test_a_keyword_leads_to_a_choice(sagemaker: Any, world: Any) -> None:
    found = sagemaker.list_model_package_groups(NameContains=world.group_keyword)
    names = [group["ModelPackageGroupName"] for group in found["ModelPackageGroupSummaryList"]]
    assert len(names) == 3
    assert world.group_name in names


def test_one_package_knows_no_base_model(sagemaker: Any, world: Any) -> None:
    package = sagemaker.describe_model_package(ModelPackageName=world.package_without_base_model)
    assert "BaseModel" not in package["InferenceSpecification"]["Containers"][0]


def test_packages_of_other_regions_and_accounts_are_denied(sagemaker: Any, world: Any) -> None:
    other = world.model_package_arn.replace(world.account, "999999999999")
    with pytest.raises(ClientError) as denied:
        sagemaker.describe_model_package(ModelPackageName=other)
    assert denied.value.response["Error"]["Code"] == "AccessDeniedException"
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=world.model_package_arn[:-1] + "9")


def test_the_training_job_leads_to_the_package(sagemaker: Any, world: Any) -> None:
    job = sagemaker.describe_training_job(TrainingJobName=world.training_job_name)
    assert job["OutputModelPackageArn"] == world.model_package_arn
    names = [
        item["TrainingJobName"] for item in sagemaker.list_training_jobs(NameContains="sft")["TrainingJobSummaries"]
    ]
    assert names == [world.training_job_name]
    with pytest.raises(ClientError, match="Requested resource not found"):
        sagemaker.describe_training_job(TrainingJobName="nothing")


def test_judges_are_listed_with_one_legacy_and_one_retired(s3: Any, clients: Any, world: Any) -> None:
    body = s3.get_object(Bucket="jumpstart-cache-prod-us-west-2", Key="fmhMetadata/supported-llmaj-judge-models.json")[
        "Body"
    ].read()
    listed = [model["model_id"] for model in json.loads(body)["supported_judge_models"]]
    assert tuple(listed) == world.judges
    assert len(listed) == 6
    details = {
        model: clients("bedrock").get_foundation_model(modelIdentifier=model)["modelDetails"]["modelLifecycle"]
        for model in listed
    }
    now = datetime.datetime.fromtimestamp(1_790_000_000, datetime.UTC)
    assert details[world.judge]["status"] == "ACTIVE"
    assert details[world.judge_legacy]["status"] == "LEGACY"
    assert details[world.judge_legacy]["endOfLifeTime"] > now
    assert details[world.judge_retired]["endOfLifeTime"] < now
    with pytest.raises(ClientError, match="ResourceNotFound"):
        clients("bedrock").get_foundation_model(modelIdentifier="nobody.nothing-v1:0")


@pytest.mark.parametrize(("state", "code"), [("denied", "AccessDenied"), ("missing", "NoSuchKey")])
def test_the_judge_list_can_be_unreadable(aws: LocalAws, s3: Any, state: Any, code: str) -> None:
    aws.scenario = Scenario(parts=(Judges(judge_list=state),))
    with pytest.raises(ClientError) as caught:
        s3.get_object(Bucket="jumpstart-cache-prod-us-west-2", Key="fmhMetadata/supported-llmaj-judge-models.json")
    assert caught.value.response["Error"]["Code"] == code


def test_some_judges_need_an_inference_profile(clients: Any) -> None:
    profiles = clients("bedrock").list_inference_profiles()["inferenceProfileSummaries"]
    assert [profile["inferenceProfileId"] for profile in profiles] == ["us.anthropic.claude-sonnet-4-5-20250929-v1:0"]


def test_base_models_are_hub_contents_and_one_has_no_evaluation_recipe(sagemaker: Any, world: Any) -> None:
    def recipes(name: str) -> list[str]:
        content = sagemaker.describe_hub_content(
            HubName="SageMakerPublicHub", HubContentType="Model", HubContentName=name
        )
        document = json.loads(content["HubContentDocument"])
        return [recipe["Type"] for recipe in document["RecipeCollection"]]

    assert "Evaluation" in recipes(world.base_model_name)
    assert recipes(world.base_model_without_recipe) == []
    with pytest.raises(ClientError, match="does not exist"):
        recipes("no-such-model")


def test_the_registered_dataset_stands_for_the_object(sagemaker: Any, world: Any) -> None:
    hub, kind, name, version = world.dataset_arn.split(":hub-content/")[1].split("/")
    content = sagemaker.describe_hub_content(
        HubName=hub, HubContentType=kind, HubContentName=name, HubContentVersion=version
    )
    document = json.loads(content["HubContentDocument"])
    assert f"s3://{document['DatasetS3Bucket']}/{document['DatasetS3Prefix']}" == world.dataset_uri
    assert re.fullmatch("[A-Z0-9]{52}", registry_hub_name("us-west-2", world.account))


def test_mlflow_can_be_there_or_not(aws: LocalAws, sagemaker: Any, world: Any) -> None:
    (app,) = sagemaker.list_mlflow_apps()["Summaries"]
    assert (app["Arn"], app["Status"]) == (world.mlflow_app_arn, "Created")
    assert "SIMULATED" in sagemaker.create_presigned_mlflow_app_url(Arn=app["Arn"])["AuthorizedUrl"]
    (server,) = sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"]
    assert server["TrackingServerArn"] == world.mlflow_server_arn
    apps = APPS.table(aws.cloud, world.region)
    record = apps.get(world.mlflow_app_arn)
    apps.pop(world.mlflow_app_arn, None)
    assert sagemaker.list_mlflow_apps()["Summaries"] == []
    made = sagemaker.create_mlflow_app(Name="n", ArtifactStoreUri="s3://b/p", RoleArn=world.role_arn)
    assert [app["Arn"] for app in sagemaker.list_mlflow_apps()["Summaries"]] == [made["Arn"]]
    apps.pop(made["Arn"], None)
    apps[world.mlflow_app_arn] = record or {}


def test_an_older_run_lies_under_the_output_prefix(s3: Any, world: Any) -> None:
    bucket, _, prefix = world.output_uri.removeprefix("s3://").partition("/")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=f"{prefix}/custom-llmaj-eval-{world.older_execution_id}/")
    assert any(item["Key"].endswith("_output.jsonl") for item in listed["Contents"])


def test_roles_trust_different_services(clients: Any, world: Any) -> None:
    def trusted(arn: str) -> set[str]:
        role = clients("iam").get_role(RoleName=arn.rsplit("/", 1)[-1])["Role"]
        statements = role["AssumeRolePolicyDocument"]["Statement"]
        return {service for statement in statements for service in statement["Principal"]["Service"]}

    assert trusted(world.role_arn) == {"sagemaker.amazonaws.com", "bedrock.amazonaws.com"}
    assert trusted(world.role_without_bedrock_trust) == {"sagemaker.amazonaws.com"}
    assert trusted(world.role_for_lambda) == {"lambda.amazonaws.com"}


def test_buckets_lie_in_two_regions(s3: Any, world: Any) -> None:
    regions = [
        s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] for bucket in (world.bucket, world.bucket_elsewhere)
    ]
    assert regions == ["us-west-2", "eu-west-1"]


def test_prices_and_quotas_can_be_read(clients: Any) -> None:
    products = clients("pricing").get_products(
        ServiceCode="AmazonBedrock", Filters=[{"Type": "TERM_MATCH", "Field": "model", "Value": "Nova Pro"}]
    )["PriceList"]
    assert len(products) == 2
    assert json.loads(products[0])["product"]["attributes"]["simulated"] == "true"
    quota = clients("service-quotas").get_service_quota(ServiceCode="sagemaker", QuotaCode="L-619D690E")
    assert quota["Quota"]["Value"] == 5.0


def test_an_artifact_is_found_by_its_source(sagemaker: Any) -> None:
    made = sagemaker.create_artifact(ArtifactType="Model", Source={"SourceUri": "arn:x"}, Properties={"a": "b"})
    listed = sagemaker.list_artifacts(SourceUri="arn:x")["ArtifactSummaries"]
    assert [artifact["ArtifactArn"] for artifact in listed] == [made["ArtifactArn"]]
    assert sagemaker.list_artifacts(SourceUri="arn:y")["ArtifactSummaries"] == []


# Rehearsals


def test_a_rehearsal_world_holds_what_the_configuration_names(aws: LocalAws, clients: Any, s3: Any) -> None:
    account = aws.account
    parameters = {
        "REGION": "us-west-2",
        "ROLE_ARN": f"arn:aws:iam::{account}:role/service-role/Mine",
        "MODEL_PACKAGE_ARN": f"arn:aws:sagemaker:us-west-2:{account}:model-package/my-group/7",
        "DATASET": f"arn:aws:sagemaker:us-west-2:{account}:hub-content/MYHUB/DataSet/mine/2.0.0",
        "JUDGE_MODEL": "acme.brand-new-judge-v1:0",
        "S3_OUTPUT": "s3://my-output-bucket/prefix",
        "MLFLOW_RESOURCE_ARN": f"arn:aws:sagemaker:us-west-2:{account}:mlflow-tracking-server/mine",
    }
    assert account_of(parameters) == account
    caller = aws.cloud.caller_arn
    seed_rehearsal(
        aws,
        KIND.player(),
        parameters,
        {parameters["DATASET"]: b'{"query": "q", "response": "r"}\n'},
        base_model="acme-own-model",
    )
    assert clients("iam").get_role(RoleName="Mine")["Role"]["Arn"] == parameters["ROLE_ARN"]
    sagemaker = clients("sagemaker")
    package = sagemaker.describe_model_package(ModelPackageName=parameters["MODEL_PACKAGE_ARN"])
    assert package["ModelPackageStatus"] == "Completed"
    base = package["InferenceSpecification"]["Containers"][0]["BaseModel"]
    assert sagemaker.describe_hub_content(
        HubName="SageMakerPublicHub",
        HubContentType="Model",
        HubContentName="acme-own-model",
        HubContentVersion=base["HubContentVersion"],
    )
    assert sagemaker.describe_mlflow_tracking_server(TrackingServerName="mine")
    content = sagemaker.describe_hub_content(
        HubName="MYHUB", HubContentType="DataSet", HubContentName="mine", HubContentVersion="2.0.0"
    )
    document = json.loads(content["HubContentDocument"])
    stored = s3.get_object(Bucket=document["DatasetS3Bucket"], Key=document["DatasetS3Prefix"])
    assert stored["Body"].read() == b'{"query": "q", "response": "r"}\n'
    judge = clients("bedrock").get_foundation_model(modelIdentifier="acme.brand-new-judge-v1:0")
    assert judge["modelDetails"]["modelLifecycle"]["status"] == "ACTIVE"
    aws.cloud.caller_arn = caller


# The sample data


def test_sample_data_is_sixty_rows_in_four_unequal_categories() -> None:
    assert (len(ROWS.rows), ROWS.skipped) == (60, 0)
    sizes = Counter(row.category for row in ROWS.rows)
    assert len(sizes) == len(set(sizes.values())) == 4
    assert all(row.reference for row in ROWS.rows)
    assert {key for row in ROWS.rows for key in row.metadata} == {"difficulty", "channel"}
    assert [count for count in Counter(row.prompt for row in ROWS.rows).values() if count > 1] == [2]


@pytest.mark.parametrize("mark", ["'", '"', "\n", "😕", "مرحبا", "同期"])
def test_sample_data_holds_what_breaks_naive_readers(mark: str) -> None:
    assert any(mark in row.prompt for row in ROWS.rows)


def test_the_sample_metric_is_in_bedrocks_format() -> None:
    (item,) = json.loads(demo_custom_metrics())
    definition = item["customMetricDefinition"]
    assert item["direction"] == "higher"
    assert set(definition) == {"name", "instructions", "ratingScale"}
    assert re.fullmatch(r"[0-9a-zA-Z\-_.]{1,63}", definition["name"])
    assert len(definition["instructions"]) <= 5000
    assert "{{prediction}}" in definition["instructions"]
    assert all(len(rating["definition"].split()) <= 5 for rating in definition["ratingScale"])


def differences(rows: list[DatasetRow], metric: str, judge: str) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for row in rows:
        tuned, base = (
            judge_builtin(judge, metric, Item(row.prompt, row.reference, answer(row))).score
            for answer in (tuned_answer, base_answer)
        )
        assert isinstance(tuned, float)
        assert isinstance(base, float)
        found.setdefault(str(row.category), []).append(tuned - base)
    return found


@pytest.mark.parametrize("judge", ["amazon.nova-pro-v1:0", "meta.llama3-1-70b-instruct-v1:0"])
def test_the_tuned_model_is_better_but_not_everywhere(judge: str) -> None:
    found = differences(ROWS.rows, "Correctness", judge)
    everything = [value for values in found.values() for value in values]
    assert 0.1 <= fmean(everything) <= 0.25
    assert sum(value < 0 for value in everything) >= 3  # rows where the base model is better
    assert [category for category, values in found.items() if fmean(values) < 0] == ["developer_api"]
