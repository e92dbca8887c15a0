"""The model under test as the SDK's InspectAI evaluator takes it: by its Bedrock id, an endpoint, or weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.runtime.models import MODEL_PACKAGE
from model_evaluation.runtime.settings import Json

EXPECTED = (
    "{'bedrock': ID}, {'endpoint': NAME}, or {'package': ARN, 'weights': 's3://…', 'image': IMAGE, 'instance_type': …}"
)
PACKAGE_PARTS = ("package", "weights", "image", "instance_type")


@dataclass(frozen=True)
class Target:
    """Exactly one of ``bedrock`` (id of a model or an inference profile), ``endpoint`` (name) and ``package`` (ARN) is
    set. A package comes with what an endpoint of it is made of, which the evaluation creates and deletes."""

    bedrock: str | None = None
    endpoint: str | None = None
    package: str | None = None
    weights: str | None = None
    image: str | None = None
    instance_type: str | None = None

    @classmethod
    def read(cls, value: object) -> Target:
        """From a parameter. Raises ``ValueError`` with what was expected: the SDK takes several of them at once, uses
        one and does not say which."""
        if not isinstance(value, Mapping) or not all(isinstance(part, str) and part.strip() for part in value.values()):
            raise ValueError(EXPECTED)
        if set(value) not in ({"bedrock"}, {"endpoint"}, set(PACKAGE_PARTS)):
            raise ValueError(EXPECTED)
        target = cls(**value)
        if target.package and not MODEL_PACKAGE.fullmatch(target.package):
            raise ValueError("a package by its ARN, with the version at its end")
        if target.weights and not target.weights.startswith("s3://"):
            raise ValueError("weights in S3 (s3://…)")
        if target.instance_type and not target.instance_type.startswith("ml."):
            raise ValueError("an instance type such as ml.g5.2xlarge")
        return target

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.bedrock or self.endpoint or self.package)

    @property
    def mode(self) -> str:
        """``bedrock``, ``endpoint`` or ``package``."""
        return "bedrock" if self.bedrock else "endpoint" if self.endpoint else "package"

    @property
    def answer(self) -> str:
        """What the question for a model takes for it."""
        return f"{self.mode} {self.name}{f' on {self.instance_type}' if self.package else ''}"

    @property
    def words(self) -> str:
        """Name and mode for a reader."""
        how = {
            "bedrock": "Bedrock",
            "endpoint": "SageMaker endpoint",
            "package": f"its own endpoint on {self.instance_type}, deleted afterwards",
        }
        return f"{self.name} ({how[self.mode]})"

    def as_parameter(self) -> Json:
        """What :meth:`read` reads."""
        return {name: part for name, part in vars(self).items() if part}

    def provider(self, region: str) -> Json:
        """What the definition must say of it: the parts of ``inference_provider`` that identify the model."""
        if self.bedrock:
            return {"bedrock": {"model_id": self.bedrock, "region": region}}
        own: Json = {"endpoint_name": self.endpoint, "region": region}
        if self.package:
            own |= {"model_s3_uri": self.weights, "inference_image_uri": self.image}
            own |= {"instance_type": self.instance_type, "cleanup_endpoint": True}
        return {"sagemaker_endpoint": own}
