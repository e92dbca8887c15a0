"""What is checked: the recorded answers, and lookups that several checks share."""

from __future__ import annotations

from functools import cached_property

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import Facts, Value
from model_evaluation.kinds.permissions import Permissions
from model_evaluation.lookups.iam import Policy, Role, describe_role
from model_evaluation.lookups.identity import Caller, who_am_i
from model_evaluation.lookups.s3.objects import bucket_policy
from model_evaluation.lookups.sagemaker.hub import HubModel, describe_base_model
from model_evaluation.lookups.sagemaker.models import ModelPackage, describe_package
from model_evaluation.lookups.session import Aws, Once

from .configuration import Configuration, Model, configuration_of


class Subject:
    """The configuration under check. Safe to share between threads; every shared lookup is made once, and its
    failure is raised to each check that asks for it."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.once = Once()

    @property
    def aws(self) -> Aws:
        return self.context.aws

    @property
    def region(self) -> str:
        """The evaluation's region."""
        return str(self.context.value("region"))

    @cached_property
    def configuration(self) -> Configuration:
        return configuration_of(self.context)

    def value(self, step_id: str) -> Value:
        return self.context.value(step_id)

    def facts(self, step_id: str) -> Facts:
        return self.context.facts(step_id)

    def caller(self) -> Caller:
        return who_am_i(self.aws)

    def role(self) -> Role:
        """The execution role. Raises NotFound, AccessDenied."""
        return self.once("role", lambda: describe_role(self.aws, self.configuration.role_name))

    def permissions(self) -> Permissions:
        """What the kind needs to be allowed. May raise what its lookups raise."""
        return self.once("permissions", lambda: self.context.kind.permissions(self.context))

    def package(self, model: Model) -> ModelPackage:
        """A fine-tuned model's package. Raises NotFound, AccessDenied."""
        return self.once(("package", model), lambda: describe_package(self.aws, model.package, self.region))

    def base_model(self, model: Model) -> HubModel:
        """Its base model in the public hub. Raises NotFound, AccessDenied."""
        name, version = model.base_model, model.base_model_version
        return self.once(("base model", name), lambda: describe_base_model(self.aws, name, version, self.region))

    def bucket_policy(self, bucket: str) -> Policy:
        return self.once(("bucket policy", bucket), lambda: bucket_policy(self.aws, bucket))

    def buckets(self) -> dict[str, str]:
        """The buckets in use, and what each is for."""
        buckets: dict[str, str] = {}
        for step_id, purpose in (("dataset", "the dataset"), ("output", "the results")):
            bucket = str(self.facts(step_id).get("bucket", ""))
            if bucket:
                buckets[bucket] = f"{buckets[bucket]} and {purpose}" if bucket in buckets else purpose
        return buckets
