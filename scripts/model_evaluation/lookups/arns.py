"""Amazon Resource Names, taken apart and named for what they are. No network."""

from __future__ import annotations

import re
from typing import NamedTuple


class Arn(NamedTuple):
    """``arn:partition:service:region:account:resource``"""

    text: str
    partition: str
    service: str
    region: str
    account: str
    resource: str


_ARN = re.compile(r"arn:(aws[a-z-]*):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(\S.*)", re.ASCII | re.DOTALL)

# (service, how the resource begins) -> what a person calls it; the first match wins.
_KINDS = (
    ("sagemaker", "model-package-group/", "model package group"),
    ("sagemaker", "model-package/", "model package"),
    ("sagemaker", "training-job/", "training job"),
    ("sagemaker", "endpoint/", "endpoint"),
    ("sagemaker", "endpoint-config/", "endpoint configuration"),
    ("sagemaker", "model/", "model"),
    ("sagemaker", "pipeline/", "pipeline or pipeline execution"),
    ("sagemaker", "mlflow-app/", "MLflow app"),
    ("sagemaker", "mlflow-tracking-server/", "MLflow tracking server"),
    ("sagemaker", "processing-job/", "processing job"),
    ("sagemaker", "hub/", "hub"),
    ("iam", "role/", "IAM role"),
    ("iam", "user/", "IAM user"),
    ("sts", "assumed-role/", "role session"),
    ("s3", "", "S3 bucket or object"),
    ("bedrock", "foundation-model/", "Bedrock foundation model"),
    ("bedrock", "inference-profile/", "Bedrock inference profile"),
    ("bedrock", "evaluation-job/", "Bedrock evaluation job"),
    ("lambda", "function:", "Lambda function"),
)


def parse_arn(text: str) -> Arn | None:
    """The parts of an ARN, or ``None`` when ``text`` is none."""
    match = _ARN.fullmatch(text)
    return Arn(text, *match.groups()) if match else None


def kind_of(arn: Arn) -> str:
    """What the ARN names, in words: "training job", "AI Registry dataset", "lambda resource"."""
    if arn.service == "sagemaker" and arn.resource.startswith("hub-content/"):
        parts = arn.resource.split("/")
        kinds = {"DataSet": "AI Registry dataset", "JsonDoc": "AI Registry evaluator", "Model": "hub model"}
        return kinds.get(parts[2] if len(parts) > 2 else "", "hub content")
    for service, beginning, kind in _KINDS:
        if arn.service == service and arn.resource.startswith(beginning):
            return kind
    return f"{arn.service} resource"


def a_kind_of(arn: Arn) -> str:
    """The kind with its article: "a training job", "an endpoint", "an MLflow app"."""
    kind = kind_of(arn)
    return f"{'an' if kind.startswith(('a', 'e', 'i', 'o', 'A', 'I', 'M', 'S3')) else 'a'} {kind}"
