"""The demo's account: an imaginary company, Fernway, that fine-tuned a support assistant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any

from model_evaluation.localaws.services.hub import registry_hub_name
from model_evaluation.localaws.services.mlflow import put_app, put_server
from model_evaluation.runtime.rows import read_dataset_rows

from .answers import base_answer, tuned_answer
from .cloud import Cloud
from .judging import Item, judge_builtin
from .results import JudgedRow, judged_files, python_repr_of_prompt
from .scenario import Scenario
from .seeding import (
    BASE_MODEL,
    BASE_MODEL_VERSION,
    OTHER_BASE_MODELS,
    Seeder,
    public_model_arn,
    role_name,
)
from .server import LocalAws

BASE_MODEL_WITHOUT_RECIPE = "huggingface-llm-falcon-7b-instruct-bf16"
OLDER_EXECUTION = "k3v9q0z1x7ab"

# What an execution role of an evaluation needs, and what the demo's caller needs to check it.
ROLE_ACTIONS = (
    "s3:*",
    "sagemaker:*",
    "sagemaker-mlflow:*",
    "bedrock:*",
    "logs:*",
    "ecr:*",
    "kms:*",
    "cloudwatch:*",
    "ec2:*",
    "pricing:GetProducts",
    "servicequotas:*",
    "iam:GetRole",
    "iam:ListRoles",
    "iam:PassRole",
    "iam:SimulatePrincipalPolicy",
    "sts:GetCallerIdentity",
    "lambda:InvokeFunction",
)


@dataclass(frozen=True)
class World:
    """The names of everything in a seeded account."""

    account: str
    region: str
    role_arn: str
    role_without_bedrock_trust: str
    role_for_lambda: str
    bucket: str
    bucket_elsewhere: str
    region_elsewhere: str
    dataset_uri: str
    dataset_elsewhere_uri: str
    dataset_arn: str
    output_uri: str
    model_package_arn: str
    failed_model_package_arn: str
    approved_model_package_arn: str
    package_without_base_model: str
    group_name: str
    group_arn: str
    group_keyword: str
    training_job_name: str
    training_job_arn: str
    judge: str
    judge_legacy: str
    judge_retired: str
    judges: tuple[str, ...]
    mlflow_app_arn: str
    mlflow_server_arn: str
    base_model_name: str
    base_model_arn: str
    base_model_without_recipe: str
    older_execution_id: str

    def as_lines(self) -> dict[str, str]:
        """``LOCAL_AWS_DATASET_URI`` and so on: every single value, for people and shells."""
        return {f"LOCAL_AWS_{name.upper()}": value for name, value in asdict(self).items() if isinstance(value, str)}


def demo_dataset() -> bytes:
    """The sample dataset: 60 support tickets with reference answers."""
    return _demo_file("support_tickets.jsonl")


def demo_custom_metrics() -> str:
    """The sample custom metric, as JSON text."""
    return _demo_file("custom_metrics.json").decode()


def _demo_file(name: str) -> bytes:
    return resources.files("model_evaluation.demo").joinpath("data", name).read_bytes()


def seed_demo_world(aws: LocalAws, region: str = "us-west-2") -> World:
    """Fills an empty local AWS with the demo's account and says what is in it."""
    cloud = aws.cloud
    world = _demo_names(cloud, region)
    cloud.caller_arn = f"arn:aws:sts::{cloud.account}:assumed-role/{role_name(world.role_arn)}/SageMaker"
    seed = Seeder(cloud, region)
    seed.role(world.role_arn, ("sagemaker", "bedrock"), ROLE_ACTIONS)
    seed.role(world.role_without_bedrock_trust, ("sagemaker",), ROLE_ACTIONS)
    seed.role(world.role_for_lambda, ("lambda",), ("logs:CreateLogGroup", "logs:PutLogEvents"))
    seed.bucket(world.bucket, region)
    seed.bucket(world.bucket_elsewhere, world.region_elsewhere)
    seed.object(world.dataset_uri, demo_dataset())
    seed.object(world.dataset_elsewhere_uri, demo_dataset())
    seed.base_model(BASE_MODEL, BASE_MODEL_VERSION)
    for name, version in OTHER_BASE_MODELS.items():
        seed.base_model(name, version)
    seed.base_model(BASE_MODEL_WITHOUT_RECIPE, "2.1.0", recipe=False)
    _seed_packages(seed, world)
    training_data = f"s3://{world.bucket}/datasets/training.jsonl"
    seed.training_job(world.training_job_name, world.role_arn, world.output_uri, world.model_package_arn, training_data)
    put_app(
        cloud,
        region,
        world.mlflow_app_arn,
        "fernway-experiments",
        world.role_arn,
        f"s3://{world.bucket}/mlflow",
        "ENABLED",
    )
    put_server(cloud, region, "fernway-tracking", world.role_arn, f"s3://{world.bucket}/mlflow-server")
    seed.dataset(world.dataset_arn, world.dataset_uri)
    _seed_older_run(seed, world)
    return world


def _demo_names(cloud: Cloud, region: str) -> World:
    account = cloud.account
    group = "fernway-support-assistant"
    bucket = f"fernway-ml-{account}-{region}"
    elsewhere = "eu-west-1" if region != "eu-west-1" else "us-east-1"
    other_bucket = f"fernway-archive-{account}-{elsewhere}"
    hub = registry_hub_name(region, account)
    job = "fernway-support-assistant-sft-2026-11-02-0915"
    listed = tuple(judge.model_id for judge in cloud.scenario.judges if judge.listed)

    def judge_where(condition: Any) -> str:
        return next((j.model_id for j in cloud.scenario.judges if j.listed and condition(j)), "")

    return World(
        account=account,
        region=region,
        role_arn=f"arn:aws:iam::{account}:role/FernwayModelEvaluation",
        role_without_bedrock_trust=f"arn:aws:iam::{account}:role/FernwaySageMakerOnly",
        role_for_lambda=f"arn:aws:iam::{account}:role/FernwayOrderLambda",
        bucket=bucket,
        bucket_elsewhere=other_bucket,
        region_elsewhere=elsewhere,
        dataset_uri=f"s3://{bucket}/datasets/support_tickets.jsonl",
        dataset_elsewhere_uri=f"s3://{other_bucket}/datasets/support_tickets.jsonl",
        dataset_arn=cloud.arn(region, f"hub-content/{hub}/DataSet/fernway-support-tickets/1.0.0"),
        output_uri=f"s3://{bucket}/evaluations/support-assistant",
        model_package_arn=cloud.arn(region, f"model-package/{group}/3"),
        failed_model_package_arn=cloud.arn(region, f"model-package/{group}/2"),
        approved_model_package_arn=cloud.arn(region, f"model-package/{group}/1"),
        package_without_base_model=cloud.arn(region, "model-package/fernway-churn-classifier/1"),
        group_name=group,
        group_arn=cloud.arn(region, f"model-package-group/{group}"),
        group_keyword="support",
        training_job_name=job,
        training_job_arn=cloud.arn(region, f"training-job/{job}"),
        judge=judge_where(lambda j: j.status == "ACTIVE" and j.on_demand),
        judge_legacy=judge_where(lambda j: j.status == "LEGACY" and not cloud.past_end_of_life(j)),
        judge_retired=judge_where(cloud.past_end_of_life),
        judges=listed,
        mlflow_app_arn=cloud.arn(region, "mlflow-app/app-FERNWAY00001"),
        mlflow_server_arn=cloud.arn(region, "mlflow-tracking-server/fernway-tracking"),
        base_model_name=BASE_MODEL,
        base_model_arn=public_model_arn(region, BASE_MODEL, BASE_MODEL_VERSION),
        base_model_without_recipe=BASE_MODEL_WITHOUT_RECIPE,
        older_execution_id=OLDER_EXECUTION,
    )


def _seed_packages(seed: Seeder, world: World) -> None:
    seed.group(world.group_name, "Support assistant, fine-tuned on answered tickets", days_ago=40)
    seed.package(world.group_name, 1, approval="Approved", days_ago=38)
    seed.package(world.group_name, 2, status="Failed", days_ago=20)
    seed.package(world.group_name, 3, made_by=world.training_job_arn, days_ago=17)
    seed.group("fernway-support-triage", "Routes tickets to a team", days_ago=90)
    seed.package("fernway-support-triage", 1, base="meta-textgeneration-llama-3-2-1b-instruct", days_ago=88)
    seed.group("fernway-support-drafts", "First drafts of answers, discontinued", days_ago=200)
    seed.package("fernway-support-drafts", 1, approval="Rejected", days_ago=190)
    seed.group("fernway-churn-classifier", "Not made by serverless fine-tuning", days_ago=300)
    seed.package("fernway-churn-classifier", 1, base=None, approval="Approved", days_ago=299)


def _seed_older_run(seed: Seeder, world: World) -> None:
    """Result files of an earlier run with half of the dataset, under the same output prefix."""
    rows = read_dataset_rows(demo_dataset().splitlines()).rows[:30]
    # The older run judged the group's first version, whose answers resembled the base model's more.
    answers = {
        "custom": [tuned_answer(row) if row.line % 3 else base_answer(row) for row in rows],
        "base": [base_answer(row) for row in rows],
    }
    for side, texts in answers.items():
        judged = []
        for row, text in zip(rows, texts, strict=True):
            item = Item(row.prompt, row.reference, text)
            verdict = judge_builtin(world.judge, "Correctness", item)
            judged.append(
                JudgedRow(
                    python_repr_of_prompt(row),
                    row.reference or "",
                    str([text]),
                    "CustomInference" if side == "custom" else "BaseInference",
                    {"Correctness": verdict},
                )
            )
        job = f"{side}-llmaj-eval-{OLDER_EXECUTION}"
        step = "EvaluateCustomModelMetrics" if side == "custom" else "EvaluateBaseModelMetrics"
        metrics_job = f"pipelines-{OLDER_EXECUTION}-{step}-0a1b2c3d4e"
        for file in judged_files(job, metrics_job, world.judge, judged, Scenario()):
            seed.object(f"{world.output_uri}/{file.key}", file.body)
