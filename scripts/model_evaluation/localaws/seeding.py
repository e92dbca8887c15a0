"""Fills an account: with single things (roles, buckets, base models, packages, data sets), and for the demo with those
of an imaginary company, Fernway, that fine-tuned a support assistant."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

from model_evaluation.localaws.services.models import GROUPS, PACKAGES, PUBLIC_HUB, eula_uri, put_content, settings_uri
from model_evaluation.runtime.s3_uri import S3Uri

from .cloud import Cloud
from .jobs.job import TRAINING, Job
from .operations import DAY, Record, timestamp
from .services.mlflow import put_app, put_server

BASE_MODEL = "meta-textgeneration-llama-3-2-3b-instruct"
BASE_MODEL_VERSION = "1.10.0"
OTHER_BASE_MODELS = {"meta-textgeneration-llama-3-2-1b-instruct": "1.9.0", "huggingface-reasoning-qwen3-8b": "1.3.0"}


def public_model_arn(region: str, name: str, version: str) -> str:
    return f"arn:aws:sagemaker:{region}:aws:hub-content/{PUBLIC_HUB}/Model/{name}/{version}"


def role_name(arn: str) -> str:
    return arn.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Seeder:
    """Puts single things into an account; what exists already is left as it is."""

    cloud: Cloud
    region: str

    def role(self, arn: str, services: tuple[str, ...], actions: tuple[str, ...]) -> None:
        """A role that trusts the named services and may do ``actions`` on everything."""
        iam = self.cloud.own_client("iam", "us-east-1")
        path, _, name = arn.rsplit(":role", 1)[-1].rpartition("/")
        principal = {"Service": [f"{service}.amazonaws.com" for service in services]}
        trusted = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = {"Version": "2012-10-17", "Statement": [trusted]}
        allowed = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = {"Version": "2012-10-17", "Statement": [allowed]}
        try:
            iam.create_role(RoleName=name, Path=f"{path}/", AssumeRolePolicyDocument=json.dumps(trust))
        except iam.exceptions.EntityAlreadyExistsException:
            return
        iam.put_role_policy(RoleName=name, PolicyName="evaluation", PolicyDocument=json.dumps(policy))

    def bucket(self, name: str, region: str) -> None:
        s3 = self.cloud.own_client("s3", region)
        place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
        with contextlib.suppress(s3.exceptions.BucketAlreadyOwnedByYou):
            s3.create_bucket(Bucket=name, **place)

    def object(self, uri: str, body: bytes) -> None:
        bucket, key = S3Uri.parse(uri)
        self.cloud.own_client("s3", self.region).put_object(Bucket=bucket, Key=key, Body=body)

    def base_model(self, name: str, version: str, *, recipe: bool = True) -> None:
        """A model of the public hub, with an evaluation recipe unless ``recipe`` is false."""
        recipes = [
            {"DisplayName": f"{name} SFT LoRA", "Name": f"{name}_sft_lora", "Type": "FineTuning"},
            {
                "DisplayName": f"{name} open-source evaluation",
                "Name": f"open-source-eval-{name}",
                "Type": "Evaluation",
                "EvaluationType": "DeterministicEvaluation",
                "SmtjOverrideParamsS3Uri": settings_uri(self.region),
            },
        ]
        document: Record = {
            "Url": f"https://example.invalid/{name}",
            "Version": version,
            "RecipeCollection": recipes if recipe else [],
        }
        if name.startswith("meta-"):
            document |= {"GatedBucket": True, "HostingEulaUri": eula_uri(self.region, "llama3_2")}
        path = f"{PUBLIC_HUB}/Model/{name}/{version}"
        put_content(self.cloud, self.region, path, document, ["@task:text-generation"])

    def group(self, name: str, description: str, *, days_ago: float = 0.0) -> None:
        members = {"ModelPackageGroupDescription": description, "ModelPackageGroupStatus": "Completed"}
        created = timestamp(self.cloud.started - days_ago * DAY)
        GROUPS.add(self.cloud, self.region, name, {**members, "CreationTime": created})

    def package(
        self,
        group: str,
        version: int,
        *,
        status: str = "Completed",
        approval: str = "PendingManualApproval",
        base: str | None = BASE_MODEL,
        base_version: str | None = None,
        made_by: str = "",
        days_ago: float = 0.0,
    ) -> None:
        """A version of a group; ``base`` is the hub name of its base model, ``None`` for none.

        ``base_version`` may be left out for the models this module names; ``made_by`` is a training job's ARN.
        """
        arn = PACKAGES.arn(self.cloud, self.region, f"{group}/{version}")
        weights = f"s3://fernway-models/{group}/{version}/"
        source = {"S3Uri": weights, "S3DataType": "S3Prefix", "CompressionType": "None"}
        container: Record = {"ModelDataSource": {"S3DataSource": source}}
        if base is None:
            container["Image"] = f"{self.cloud.account}.dkr.ecr.{self.region}.amazonaws.com/churn:latest"
        else:
            self.bucket("fernway-models", self.region)
            self.object(f"{weights}adapter_model.safetensors", b"SIMULATED")
            versions = {BASE_MODEL: BASE_MODEL_VERSION, **OTHER_BASE_MODELS}
            container["BaseModel"] = {
                "HubContentName": base,
                "HubContentVersion": base_version or versions[base],
                "RecipeName": f"{base}_sft_lora",
            }
        PACKAGES.add(
            self.cloud,
            self.region,
            arn,
            {
                "ModelPackageName": arn,
                "ModelPackageGroupName": group,
                "ModelPackageVersion": version,
                "CreationTime": timestamp(self.cloud.started - days_ago * DAY),
                "ModelPackageStatus": status,
                "ModelPackageStatusDetails": {"ValidationStatuses": []},
                "ModelApprovalStatus": approval,
                "InferenceSpecification": {"Containers": [container]},
                "MetadataProperties": {"GeneratedBy": made_by} if made_by else {},
            },
        )

    def fine_tuning_job(self, name: str, role: str, *, output: str, package: str, training_data: str) -> None:
        """A fine-tuning job on ``training_data``, finished 17 days ago, whose output is a model package."""
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": training_data}}
        arguments = {
            "RoleArn": role,
            "InputDataConfig": [{"ChannelName": "train", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": output},
            "ServerlessJobConfig": {
                "BaseModelArn": public_model_arn(self.region, BASE_MODEL, BASE_MODEL_VERSION),
                "AcceptEula": True,
                "JobType": "FineTuning",
                "CustomizationTechnique": "SFT",
            },
            "ModelPackageConfig": {
                "ModelPackageGroupArn": GROUPS.arn(self.cloud, self.region, package.rsplit("/", 2)[-2])
            },
            "OutputModelPackageArn": package,
        }
        started = self.cloud.started - 17.1 * DAY
        job = Job(self.cloud, self.region, TRAINING, name, arguments, started, label=name)
        job.begin()
        job.end("Completed", started + 2700)

    def dataset(self, arn: str, uri: str) -> None:
        """An AI-registry DataSet that stands for an S3 object."""
        bucket, key = S3Uri.parse(uri)
        document = {
            "DatasetType": "CUSTOMER_PROVIDED",
            "DatasetS3Bucket": bucket,
            "DatasetS3Prefix": key,
            "Dependencies": [],
        }
        path = arn.partition(":hub-content/")[2]
        put_content(self.cloud, self.region, path, document, ["method:uploaded", "customization_technique:sft"])


BASE_MODEL_WITHOUT_RECIPE = "huggingface-llm-falcon-7b-instruct-bf16"

# What an execution role of any evaluation needs, and what the demo's caller needs to check it.
ROLE_ACTIONS = (
    "s3:*",
    "sagemaker:*",
    "sagemaker-mlflow:*",
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


class Company:
    """The names of what every kind of evaluation finds in the account; a kind's subclass adds its own."""

    def __init__(self, account: str, region: str) -> None:
        def arn(resource: str) -> str:
            return f"arn:aws:sagemaker:{region}:{account}:{resource}"

        self.account = account
        self.region = region
        self.role_arn = f"arn:aws:iam::{account}:role/FernwayModelEvaluation"
        self.role_for_lambda = f"arn:aws:iam::{account}:role/FernwayOrderLambda"
        self.bucket = f"fernway-ml-{account}-{region}"
        self.region_elsewhere = "eu-west-1" if region != "eu-west-1" else "us-east-1"
        self.bucket_elsewhere = f"fernway-archive-{account}-{self.region_elsewhere}"
        self.output_uri = f"s3://{self.bucket}/evaluations/support-assistant"
        self.group_name = "fernway-support-assistant"
        self.group_arn = arn(f"model-package-group/{self.group_name}")
        self.group_keyword = "support"
        self.model_package_arn = arn(f"model-package/{self.group_name}/3")
        self.failed_model_package_arn = arn(f"model-package/{self.group_name}/2")
        self.approved_model_package_arn = arn(f"model-package/{self.group_name}/1")
        self.package_without_base_model = arn("model-package/fernway-churn-classifier/1")
        self.training_job_name = "fernway-support-assistant-sft-2026-11-02-0915"
        self.training_job_arn = arn(f"training-job/{self.training_job_name}")
        self.mlflow_app_arn = arn("mlflow-app/app-FERNWAY00001")
        self.mlflow_server_arn = arn("mlflow-tracking-server/fernway-tracking")
        self.base_model_name = BASE_MODEL
        self.base_model_arn = public_model_arn(region, BASE_MODEL, BASE_MODEL_VERSION)
        self.base_model_without_recipe = BASE_MODEL_WITHOUT_RECIPE

    def names(self) -> dict[str, str]:
        """Every single value by its name here."""
        return {name: value for name, value in vars(self).items() if isinstance(value, str)}

    def as_lines(self) -> dict[str, str]:
        """``LOCAL_AWS_DATASET_URI`` and so on: :meth:`names` for people and shells."""
        return {f"LOCAL_AWS_{name.upper()}": value for name, value in self.names().items()}


def seed_company(seed: Seeder, trusted_services: tuple[str, ...], actions: tuple[str, ...]) -> Company:
    """Fills an empty account with everything of :class:`Company`, which it returns.

    The execution role trusts ``trusted_services`` and may do ``actions`` beside what every evaluation needs.
    """
    company = Company(seed.cloud.account, seed.region)
    seed.cloud.caller_arn = f"arn:aws:sts::{company.account}:assumed-role/{role_name(company.role_arn)}/SageMaker"
    seed.role(company.role_arn, trusted_services, (*ROLE_ACTIONS, *actions))
    seed.role(company.role_for_lambda, ("lambda",), ("logs:CreateLogGroup", "logs:PutLogEvents"))
    seed.bucket(company.bucket, seed.region)
    seed.bucket(company.bucket_elsewhere, company.region_elsewhere)
    seed.base_model(BASE_MODEL, BASE_MODEL_VERSION)
    for name, version in OTHER_BASE_MODELS.items():
        seed.base_model(name, version)
    seed.base_model(BASE_MODEL_WITHOUT_RECIPE, "2.1.0", recipe=False)
    _seed_packages(seed, company)
    seed.fine_tuning_job(
        company.training_job_name,
        company.role_arn,
        output=company.output_uri,
        package=company.model_package_arn,
        training_data=f"s3://{company.bucket}/datasets/training.jsonl",
    )
    store = f"s3://{company.bucket}/mlflow"
    put_app(seed.cloud, seed.region, company.mlflow_app_arn, "fernway-experiments", company.role_arn, store, "ENABLED")
    put_server(seed.cloud, seed.region, "fernway-tracking", company.role_arn, f"{store}-server")
    return company


def _seed_packages(seed: Seeder, company: Company) -> None:
    group = company.group_name
    seed.group(group, "Support assistant, fine-tuned on answered tickets", days_ago=40)
    seed.package(group, 1, approval="Approved", days_ago=38)
    seed.package(group, 2, status="Failed", days_ago=20)
    seed.package(group, 3, made_by=company.training_job_arn, days_ago=17)
    seed.group("fernway-support-triage", "Routes tickets to a team", days_ago=90)
    seed.package("fernway-support-triage", 1, base="meta-textgeneration-llama-3-2-1b-instruct", days_ago=88)
    seed.group("fernway-support-drafts", "First drafts of answers, discontinued", days_ago=200)
    seed.package("fernway-support-drafts", 1, approval="Rejected", days_ago=190)
    seed.group("fernway-churn-classifier", "Not made by serverless fine-tuning", days_ago=300)
    seed.package("fernway-churn-classifier", 1, base=None, approval="Approved", days_ago=299)
