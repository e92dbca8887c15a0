"""The names that one configured evaluation is made of, from the recorded answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from model_evaluation.lookups.iam import Requester
from model_evaluation.runtime.s3_uri import shard_names

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


@dataclass(frozen=True)
class Model:
    """A model under test, or the one that it is compared with. ``part`` names findings about it; ``package`` is empty
    where only the base model is evaluated; ``weights`` are ``bucket/key``, empty when nothing says where they are."""

    part: str
    package: str
    base_model: str
    base_model_version: str | None
    weights: str

    @property
    def step(self) -> str:
        """The step whose answer it is."""
        return "scope" if self.part else "model"


@dataclass(frozen=True)
class Configuration:
    """``dataset`` and ``output`` are ``bucket/key``; empty strings are things that this evaluation does not have, or
    that nobody has answered yet."""

    partition: str
    region: str
    account: str
    role: str
    dataset: str = ""
    output: str = ""
    models: tuple[Model, ...] = ()
    mlflow: str = ""
    mlflow_create: bool = False

    def arn(self, service: str, resource: str) -> str:
        """An ARN of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def sagemaker(self, resource: str) -> str:
        return self.arn("sagemaker", resource)

    def s3(self, path: str) -> str:
        return f"arn:{self.partition}:s3:::{path}"

    def of_hub(self, resource: str) -> str:
        """An ARN of the public hub's."""
        return f"arn:{self.partition}:sagemaker:{self.region}:aws:{resource}"

    @property
    def requester(self) -> Requester:
        """The execution role as S3 and KMS see it: everything goes over TLS, in the evaluation's region."""
        context = {
            "aws:securetransport": "true",
            "aws:principalarn": self.role,
            "aws:principalaccount": self.account,
            "aws:principaltype": "AssumedRole",
            "s3:tlsversion": "1.2",
            "aws:requestedregion": self.region,
            "kms:calleraccount": self.account,
        }
        return Requester(self.role, context)

    @property
    def role_name(self) -> str:
        return self.role.rpartition("/")[2]

    @property
    def dataset_bucket(self) -> str:
        return self.dataset.partition("/")[0]

    @property
    def output_bucket(self) -> str:
        return self.output.partition("/")[0]

    @property
    def dataset_objects(self) -> tuple[str, ...]:
        """ARNs of the dataset's files; ``dataset`` itself has a star for several, which is a pattern IAM knows."""
        return tuple(self.s3(path) for path in shard_names(self.dataset)) if self.dataset else ()

    @property
    def buckets(self) -> tuple[str, ...]:
        """ARNs of the dataset's and the results' bucket, which may be one."""
        names = (self.dataset_bucket, self.output_bucket)
        return tuple(dict.fromkeys(self.s3(name) for name in names if name))

    @property
    def packages(self) -> tuple[str, ...]:
        """ARNs of the model packages that take part."""
        return tuple(model.package for model in self.models if model.package)

    @property
    def weights(self) -> tuple[str, ...]:
        return tuple(model.weights for model in self.models if model.weights)


def configuration_of(context: Context, role: str = "") -> Configuration:
    """The names, with the execution role ``role`` where it is not the recorded one."""
    role = role or str(context.facts("role").get("arn", context.value("role") or ""))
    dataset, output = context.facts("dataset"), context.facts("output")
    partition, account = (role.split(":")[1], role.split(":")[4]) if role.startswith("arn:") else ("aws", "")
    mlflow = str(context.value("mlflow") or "")
    return Configuration(
        partition=partition,
        region=str(context.value("region") or context.aws.region),
        account=account,
        role=role,
        dataset=f"{dataset['bucket']}/{dataset['key']}" if dataset.get("bucket") else "",
        output=f"{output['bucket']}/{output['prefix']}" if output.get("bucket") else "",
        models=models_of(context),
        mlflow=mlflow if mlflow.startswith("arn:") else "",
        mlflow_create=mlflow == "create",
    )


def models_of(context: Context) -> tuple[Model, ...]:
    """The model under test, and the model package that `scope` names to compare it with."""
    model, scope = str(context.value("model") or ""), str(context.value("scope") or "")
    if not context.facts("model").get("base_model"):
        return ()
    first = _model("", model if scope != "base" and ":model-package/" in model else "", context.facts("model"))
    if ":model-package/" not in scope:
        return (first,)
    return (first, _model("reference", scope, context.facts("scope")))


def _model(part: str, package: str, facts: Mapping[str, object]) -> Model:
    weights = str(facts.get("model_data") or "").removeprefix("s3://").rstrip("/") if package else ""
    version = facts.get("base_model_version")
    return Model(part, package, str(facts.get("base_model") or ""), str(version) if version else None, weights)
