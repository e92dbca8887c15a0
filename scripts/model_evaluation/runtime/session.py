"""The notebook's way to AWS."""

from __future__ import annotations

import logging
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3  # noqa: TID251  # these modules run in the Studio kernel, where model_evaluation.lookups is not
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    TokenRetrievalError,
)

from .endpoints import is_aws

if TYPE_CHECKING:
    from .settings import Settings

Client = Any
"""A client or session of boto3, which has no types."""
AwsFailure = (ClientError, BotoCoreError)
"""Whatever boto3 raises for AWS's sake."""
CREDENTIALS = re.compile(
    "ExpiredToken|RequestExpired|InvalidClientTokenId|UnrecognizedClientException|InvalidAccessKeyId|SignatureDoesNotMatch"
    "|^SSO|^UnauthorizedSSO"
)
GONE_CODES = frozenset({"404", "NoSuchKey", "NoSuchBucket", "ResourceNotFound", "ResourceNotFoundException"})
PATIENT = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=10, read_timeout=60)


@dataclass
class AwsClients:
    """boto3 clients of one region, one per service; :func:`connect` makes new ones, they are never renewed.

    ``session`` is a boto3 Session, or whatever makes clients the way one does.
    """

    region: str
    session: Client
    clients: dict[str, Client] = field(default_factory=dict)

    def client(self, service: str) -> Client:
        """The client of a service, the same one each time."""
        if service not in self.clients:
            self.clients[service] = self.session.client(service, region_name=self.region, config=PATIENT)
        return self.clients[service]

    @property
    def sagemaker(self) -> Client:
        return self.client("sagemaker")

    @property
    def s3(self) -> Client:
        return self.client("s3")

    @property
    def simulated(self) -> bool:
        """Whether any service is reached at an endpoint that is not AWS's own."""
        return not all(is_aws(client.meta.endpoint_url) for client in self.clients.values())

    def sdk_session(self, uploads: str = "") -> Client:
        """The same as the SageMaker SDK's own session. ``uploads`` is the S3 prefix for what the SDK uploads; without
        one it makes a bucket of its own."""
        try:
            from sagemaker.core.helper.session_helper import Session
        except ImportError:  # SDK v2
            from sagemaker import Session

        bucket, _, prefix = uploads.removeprefix("s3://").partition("/")
        return Session(
            boto_session=self.session,
            sagemaker_client=self.sagemaker,
            default_bucket=bucket or None,
            default_bucket_prefix=prefix or None,
        )


def connect(settings: Settings) -> AwsClients:
    """Fresh clients in the settings' region, from the standard AWS configuration of this kernel.

    Called again it picks up credentials that were renewed meanwhile. The region is settled for everything in this
    kernel: the SDK creates clients while it is being imported, and its import fails without one.
    """
    os.environ["AWS_DEFAULT_REGION"] = os.environ["AWS_REGION"] = settings.region
    logging.getLogger("sagemaker").setLevel(logging.WARNING)
    aws = AwsClients(settings.region, boto3.Session(region_name=settings.region))
    for service in settings.services:
        aws.client(service)
    return aws


def aws_error_code(error: Exception) -> str:
    """The service's error code, or the exception's name when the request never got that far."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "Unknown"))
    return type(error).__name__


def was_refused(error: Exception) -> bool:
    """Whether AWS answered, and said no for a reason that is not its own fault."""
    if not isinstance(error, ClientError):
        return False
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)) < 500


def is_credentials_error(error: Exception) -> bool:
    """Whether new credentials are what it takes: expired, absent or not recognised."""
    if isinstance(error, NoCredentialsError | CredentialRetrievalError | TokenRetrievalError):
        return True
    return CREDENTIALS.search(aws_error_code(error)) is not None
