"""The seam to AWS: the clients of one boto3 session."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any

from model_evaluation.errors import AwsError, NoRegion
from model_evaluation.runtime.settings import Json

from .concurrency import Once
from .failures import ATTEMPTS, aws_errors

if TYPE_CHECKING:
    from botocore.credentials import Credentials

    from model_evaluation.runtime.session import AwsClients

Client = Any
"""A client of boto3, which has no types."""


class Aws:
    """Clients of one boto3 session, created once each. Safe to share between threads."""

    def __init__(self, region: str | None = None) -> None:
        import boto3  # noqa: TID251 - this is the seam, and loads what takes long only when it is needed
        from botocore.config import Config

        with aws_errors("reading the AWS configuration"):
            self._session = boto3.Session(region_name=region)
        # boto3 itself reads AWS_DEFAULT_REGION only; the AWS CLI and other SDKs read AWS_REGION first.
        self.region_or_none: str | None = region or os.environ.get("AWS_REGION") or self._session.region_name or None
        # Bounded on purpose: a person waits for the answer.
        self._config = Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=60,
            user_agent_extra="model-evaluation",
        )
        self._clients: dict[tuple[str, str], Client] = {}
        self._lock = threading.Lock()
        self.once = Once()  # for what cannot change while a command runs

    @property
    def credentials(self) -> Credentials | None:
        """The session's botocore credentials, ``None`` when there are none. They are never shown or stored."""
        with aws_errors("reading the AWS credentials"):
            credentials: Credentials | None = self._session.get_credentials()
        return credentials

    @property
    def region(self) -> str:
        """The configured region. Raises NoRegion; there is no silent default."""
        if self.region_or_none is None:
            raise NoRegion(
                "No AWS region is configured.",
                fix="Set it to the region of the fine-tuned model, for example: export AWS_REGION=us-west-2",
            )
        return self.region_or_none

    def client(self, service: str, region_name: str | None = None, *, config: object = None) -> Client:
        """The boto3 client of ``service`` in a region (default: the configured one), as a boto3 Session makes one;
        ``config`` is not heeded."""
        region = region_name or self.region
        with self._lock:  # creating clients from one session is not thread-safe; using them is
            key = (service, region)
            if key not in self._clients:
                try:
                    with aws_errors(f"creating the {service} client"):
                        self._clients[key] = self._session.client(service, region_name=region, config=self._config)
                except ValueError as error:  # which botocore raises for an address that is none
                    message = f"AWS cannot be called at the address that is set: {error}."
                    raise AwsError(message, fix="Correct or unset AWS_ENDPOINT_URL: https://HOST[:PORT]") from error
            return self._clients[key]


def ask(
    aws: Aws, call: str, doing: str, about: str | None = None, *, region: str | None = None, **request: object
) -> Json:
    """AWS's answer to one call, such as ``iam.get_role``. ``doing`` completes "while ..." in the words of a failure,
    and ``about`` is what was looked up."""
    service, _, operation = call.partition(".")
    with aws_errors(doing, resource=about):
        answer: Json = getattr(aws.client(service, region), operation)(**request)
    return answer


def listing(
    aws: Aws, call: str, key: str, doing: str, about: str | None = None, *, region: str | None = None, **request: object
) -> list[Json]:
    """What a listing of AWS holds on all its pages, of which ``key`` is the member with the entries; otherwise as
    :func:`ask`."""
    service, _, operation = call.partition(".")
    with aws_errors(doing, resource=about):
        pages = aws.client(service, region).get_paginator(operation).paginate(**request)
        return [entry for page in pages for entry in page[key]]


def runtime_clients(aws: Aws, region: str | None) -> AwsClients:
    """The clients in the shape that the notebook's library takes."""
    from model_evaluation.runtime.session import AwsClients

    return AwsClients(region or aws.region, aws)
