"""What is checked: the recorded answers, and lookups that several checks share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_evaluation.conversation.context import Context
from model_evaluation.lookups.hub import HubModel, describe_base_model
from model_evaluation.lookups.identity import Caller, who_am_i
from model_evaluation.lookups.models import ModelPackage, describe_package
from model_evaluation.lookups.once import Once
from model_evaluation.lookups.policies import bucket_policy
from model_evaluation.lookups.roles import Role, describe_role
from model_evaluation.lookups.session import Aws

from .permissions import Plan


class Subject:
    """The configuration under check. Safe to share between threads; every shared lookup is made once, and its
    failure is raised to each check that asks for it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.once = Once(keep_failures=True)

    @property
    def aws(self) -> Aws:
        return self.context.aws

    @property
    def region(self) -> str:
        """The evaluation's region."""
        return str(self.context.value("region"))

    def value(self, step_id: str) -> Any:
        return self.context.value(step_id)

    def facts(self, step_id: str) -> Mapping[str, Any]:
        return self.context.facts(step_id)

    def caller(self) -> Caller:
        return who_am_i(self.aws)

    def role_name(self) -> str:
        return str(self.facts("role").get("arn", self.value("role"))).rpartition("/")[2]

    def role(self) -> Role:
        """The execution role. Raises NotFound, AccessDenied."""
        return self.once("role", lambda: describe_role(self.aws, self.role_name()))

    def package(self) -> ModelPackage:
        """The fine-tuned model's package. Raises NotFound, AccessDenied."""
        arn = str(self.value("model"))
        return self.once("package", lambda: describe_package(self.aws, arn, self.region))

    def base_model(self) -> HubModel:
        """The base model in the public hub. Raises NotFound, AccessDenied."""
        facts = self.facts("model")
        name, version = str(facts["base_model"]), facts.get("base_model_version")
        return self.once("base model", lambda: describe_base_model(self.aws, name, version, self.region))

    def bucket_policy(self, bucket: str) -> Mapping[str, Any]:
        return self.once(("bucket policy", bucket), lambda: bucket_policy(self.aws, bucket))

    def buckets(self) -> dict[str, str]:
        """The buckets in use, and what each is for."""
        found: dict[str, str] = {}
        for step_id, purpose in (("dataset", "the dataset"), ("output", "the results")):
            bucket = str(self.facts(step_id).get("bucket", ""))
            if bucket:
                found[bucket] = f"{found[bucket]} and {purpose}" if bucket in found else purpose
        return found

    def plan(self) -> Plan:
        """The names that permissions are about."""
        return plan_of(self.context)


def plan_of(context: Context) -> Plan:
    """The names that permissions are about, from the recorded answers."""
    role = str(context.facts("role").get("arn", context.value("role")))
    dataset, output, model = context.facts("dataset"), context.facts("output"), context.facts("model")
    region = str(context.value("region"))
    partition, account = role.split(":")[1], role.split(":")[4]
    base = f"{model.get('base_model')}/{model.get('base_model_version') or '*'}"
    scope = context.value("scope")
    mlflow = str(context.value("mlflow") or "")
    return Plan(
        partition=partition,
        region=region,
        account=account,
        role=role,
        dataset=f"{dataset['bucket']}/{dataset['key']}",
        dataset_bucket=str(dataset["bucket"]),
        output=f"{output['bucket']}/{output['prefix']}",
        output_bucket=str(output["bucket"]),
        judge=str(context.value("judge")),
        package=str(context.value("model")) if scope != "base" else "",
        base_model=f"arn:{partition}:sagemaker:{region}:aws:hub-content/SageMakerPublicHub/Model/{base}",
        hub=f"arn:{partition}:sagemaker:{region}:aws:hub/SageMakerPublicHub",
        weights=str(model.get("model_data", "")).removeprefix("s3://") if scope != "base" else "",
        mlflow=mlflow if mlflow.startswith("arn:") else "",
        mlflow_create=mlflow == "create",
    )
