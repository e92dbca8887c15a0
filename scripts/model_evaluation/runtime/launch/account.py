"""A run among the others of its account: its name, by which it is found again, and how many there may be at once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable

from botocore.config import Config
from botocore.exceptions import ClientError

from model_evaluation.runtime.session import AwsClients, AwsFailure, aws_error_code, is_credentials_error

from .service import ListedRun

LABEL_LENGTH = 50  # the whole name stays below the 71 characters that leave room for the SDK's time stamp
# A kernel confined to a VPC may have no way to this service; the start must not hang on that.
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def run_name(label: str, fingerprint: str) -> str:
    """A name no other run has, which starts with the label as far as SageMaker's alphabet allows."""
    return f"{_slug(label)}-{fingerprint[:8]}-{secrets.token_hex(4)}"


def run_of(runs: Iterable[ListedRun], label: str, fingerprint: str) -> ListedRun | None:
    """The newest of the account's runs of a configuration under a label that goes on or has ended well."""
    named = re.compile(rf"{re.escape(_slug(label))}-{fingerprint[:8]}-[0-9a-f]{{8}}")
    lost = ("Failed", "Stopped", "Stopping")
    mine = [run for run in runs if named.fullmatch(run.name) and run.status not in lost]
    return max(mine, key=lambda run: str(run.started or ""), default=None)


def _slug(label: str) -> str:
    return re.sub(r"[^a-zA-Z0-9]+", "-", label).strip("-")[:LABEL_LENGTH].strip("-") or "model-evaluation"


def concurrency_limit(aws: AwsClients, quota: tuple[str, str] | None) -> int | None:
    """How many runs there may be at once in this account and region; ``None`` when that is not published, may not be
    read, or is below 1, which the service itself contradicts or says better."""
    if quota is None:
        return None
    try:
        quotas = aws.session.client("service-quotas", region_name=aws.region, config=QUICK)
        names = {"ServiceCode": quota[0], "QuotaCode": quota[1]}
        try:
            value = quotas.get_service_quota(**names)["Quota"]["Value"]
        except ClientError as error:
            if aws_error_code(error) not in ("NoSuchResourceException", "ResourceNotFoundException"):
                raise
            value = quotas.get_aws_default_service_quota(**names)["Quota"]["Value"]
    except AwsFailure as error:
        if is_credentials_error(error):
            raise
        return None
    return int(value) if value >= 1 else None
