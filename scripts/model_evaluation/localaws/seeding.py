"""Puts single things into an account: roles, buckets, base models, packages, data sets."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass

from model_evaluation.runtime.s3_uri import S3Uri

from .cloud import Cloud
from .jobs.job import TRAINING, Job
from .operations import Record
from .services.hub import PUBLIC_HUB, eula_uri, put_content, settings_uri
from .services.packages import GROUPS, PACKAGES
from .store import DAY, timestamp

BASE_MODEL = "meta-textgeneration-llama-3-2-3b-instruct"
BASE_MODEL_VERSION = "1.10.0"
OTHER_BASE_MODELS = {
    "meta-textgeneration-llama-3-2-1b-instruct": "1.9.0",
    "huggingface-reasoning-qwen3-8b": "1.3.0",
}


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
