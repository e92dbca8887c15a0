"""Amazon Resource Names, taken apart and named for what they are. No network."""

from __future__ import annotations

import re
from typing import NamedTuple


class Arn(NamedTuple):
    """``arn:partition:service:region:account:resource``"""

    text: str
    service: str
    region: str
    account: str
    resource: str


_ARN = re.compile(r"arn:aws[a-z-]*:([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(\S.*)", re.ASCII | re.DOTALL)

# Service and type of resource -> what a person calls it, where its type's own words do not say it.
_NAMES = {
    ("sagemaker", "pipeline"): "pipeline or pipeline execution",
    ("sagemaker", "endpoint-config"): "endpoint configuration",
    ("sagemaker", "mlflow-app"): "MLflow app",
    ("sagemaker", "mlflow-tracking-server"): "MLflow tracking server",
    ("iam", "role"): "IAM role",
    ("iam", "user"): "IAM user",
    ("sts", "assumed-role"): "role session",
}


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN, or ``None`` when ``text`` is none."""
    match = _ARN.fullmatch(text)
    return Arn(text, *match.groups()) if match else None


def kind_of(arn: Arn) -> str:
    """What the ARN names, in words: "training job", "AI Registry dataset", "lambda function"."""
    if arn.service == "s3":
        return "S3 bucket or object"
    resource = re.split("[:/]", arn.resource)
    if resource[0] == "hub-content":
        kinds = {"DataSet": "AI Registry dataset", "JsonDoc": "AI Registry evaluator", "Model": "hub model"}
        return kinds.get(resource[2] if len(resource) > 2 else "", "hub content")
    words = resource[0].replace("-", " ")
    return _NAMES.get((arn.service, resource[0]), words if arn.service == "sagemaker" else f"{arn.service} {words}")


def a_kind_of(arn: Arn) -> str:
    """The kind with its article: "a training job", "an endpoint", "an MLflow app"."""
    kind = kind_of(arn)
    return f"{'an' if kind.startswith(('a', 'e', 'i', 'o', 'A', 'I', 'M', 'S3')) else 'a'} {kind}"
