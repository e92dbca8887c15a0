"""A run among the others of its account: its name, runs under the same label, and how many there may be at once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from typing import NamedTuple

from botocore.config import Config
from botocore.exceptions import ClientError

from model_evaluation.runtime.session import AwsClients, AwsFailure, aws_error_code, is_credentials_error

from .service import ListedRun

LABEL_LENGTH = 50  # the whole name stays below the 71 characters that leave room for the SDK's time stamp
# A kernel confined to a VPC may have no way to this service; the start must not hang on that.
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


class LabelledRuns(NamedTuple):
    """The newest runs under a label: of this very configuration, going on or ended well; of another one, going on."""

    mine: ListedRun | None
    other: ListedRun | None


def run_name(label: str, fingerprint: str) -> str:
    """A name no other run has, which starts with the label as far as SageMaker's alphabet allows."""
    return f"{_slug(label)}-{fingerprint[:8]}-{secrets.token_hex(4)}"


def labelled_runs(runs: Iterable[ListedRun], label: str, fingerprint: str) -> LabelledRuns:
    """Which of the account's runs are this project's. Other configurations without a label may be anybody's."""
    name = re.compile(rf"{re.escape(_slug(label))}-([0-9a-f]{{8}})-[0-9a-f]{{8}}")
    mine = other = None
    for run in sorted(runs, key=lambda run: str(run.started or "")):
        match = name.fullmatch(run.name)
        if match and match[1] == fingerprint[:8]:
            mine = mine if run.status in ("Failed", "Stopped", "Stopping") else run
        elif match and run.takes_a_place and label.strip():
            other = run
    return LabelledRuns(mine, other)


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
