"""The notebook's way to AWS."""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3  # noqa: TID251  # these modules run in the Studio kernel, where model_evaluation.lookups is not
from botocore.config import Config
from botocore.exceptions import ClientError, CredentialRetrievalError, NoCredentialsError, TokenRetrievalError

from .settings import EvaluationSettings

AWS_HOSTS = ("amazonaws.com", "amazonaws.com.cn", "api.aws")
DATASET_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d+):hub-content/([^/]+)/DataSet/([^/]+)/(.+)")
CREDENTIAL_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "RequestExpired",
        "InvalidClientTokenId",
        "UnrecognizedClientException",
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
    }
)


@dataclass(frozen=True)
class AwsClients:
    """boto3 clients of one region; they are made anew by :func:`connect`, never renewed."""

    region: str
    session: Any
    sagemaker: Any
    s3: Any
    sts: Any
    bedrock: Any
    logs: Any

    @property
    def simulated(self) -> bool:
        """Whether any service is reached at an endpoint that is not AWS's own."""
        clients = (self.sagemaker, self.s3, self.sts, self.bedrock, self.logs)
        return not all(is_aws_endpoint(client.meta.endpoint_url) for client in clients)


def prepare_environment(region: str) -> None:
    """Settles the region for everything in this kernel and quietens the SDK's log.

    The SDK creates clients while it is being imported, from these variables; without them the import fails.
    """
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = region
    logging.getLogger("sagemaker").setLevel(logging.WARNING)


def connect(settings: EvaluationSettings) -> AwsClients:
    """Fresh clients in the settings' region, from the standard AWS configuration of this kernel.

    Called again it picks up credentials that were renewed meanwhile.
    """
    config = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=60)
    session = boto3.Session(region_name=settings.region)
    made = {name: session.client(name, config=config) for name in ("sagemaker", "s3", "sts", "bedrock", "logs")}
    return AwsClients(region=settings.region, session=session, **made)


def is_aws_endpoint(url: str) -> bool:
    """Whether the URL's host is AWS's own."""
    host = urlsplit(url).hostname or ""
    return any(host == known or host.endswith(f".{known}") for known in AWS_HOSTS)


def aws_error_code(error: Exception) -> str:
    """The service's error code, or the exception's name when the request never got that far."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def is_credentials_error(error: Exception) -> bool:
    """Whether new credentials are what it takes: expired, absent or not recognised."""
    if isinstance(error, NoCredentialsError | CredentialRetrievalError | TokenRetrievalError):
        return True
    return aws_error_code(error) in CREDENTIAL_CODES or aws_error_code(error).startswith(("SSO", "UnauthorizedSSO"))


def dataset_object(settings: EvaluationSettings, aws: AwsClients) -> tuple[str, str]:
    """Bucket and key of the dataset's file; an AI-Registry ARN is looked up. ``ValueError`` when it is neither."""
    found = re.fullmatch(r"s3://([^/]+)/(.+)", settings.dataset, re.DOTALL)
    if found:
        return found[1], found[2]
    arn = DATASET_ARN.fullmatch(settings.dataset)
    if arn is None:
        raise ValueError(f"expected s3://bucket/key or a DataSet ARN, received {settings.dataset!r}")
    content = aws.sagemaker.describe_hub_content(
        HubName=arn[3], HubContentType="DataSet", HubContentName=arn[4], HubContentVersion=arn[5]
    )
    document = json.loads(content["HubContentDocument"])
    return document["DatasetS3Bucket"], document["DatasetS3Prefix"]


def dataset_lines(settings: EvaluationSettings, aws: AwsClients) -> Iterator[bytes]:
    """The lines of all the dataset's files, one after the other, without their ends. Judge jobs take 1000 rows at
    most: each file is read whole."""
    for shard in settings.shards:
        bucket, key = dataset_object(shard, aws)
        body: bytes = aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        yield from body.removesuffix(b"\n").split(b"\n")


def model_names(settings: EvaluationSettings, aws: AwsClients) -> dict[str, str | None]:
    """What the two sides are called: ``tuned`` by its package, ``base`` by its name in the hub.

    A side that is not evaluated, or a base model that the package does not name, is ``None``.
    """
    if settings.scope == "base":
        return {"tuned": None, "base": settings.model}
    base = None
    if settings.scope == "compare":
        package = aws.sagemaker.describe_model_package(ModelPackageName=settings.model)
        containers = package.get("InferenceSpecification", {}).get("Containers") or [{}]
        known = containers[0].get("BaseModel", {})
        base = known.get("HubContentName") or known.get("HubContentArn")
    return {"tuned": settings.model, "base": base}
