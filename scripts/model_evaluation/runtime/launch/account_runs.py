"""What AWS itself knows of evaluations: those that run in the account, and this project's own that nobody recorded."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from model_evaluation.kinds.llm_as_judge.runtime.evaluator import label_slug
from model_evaluation.runtime.session import AwsClients, aws_error_code, is_credentials_error

from .pipeline import ListedRun

# Concurrent serverless evaluation jobs; the service publishes its quotas by code.
EVALUATIONS_QUOTA = ("sagemaker", "L-619D690E")
QUOTA_MISSING = frozenset({"NoSuchResourceException", "ResourceNotFoundException"})
# A kernel confined to a VPC may have no way to this service; the start must not hang on that.
QUICK = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})
TAKES_A_PLACE = frozenset({"Executing", "Stopping"})
NOT_WORTH_ATTACHING = frozenset({"Failed", "Stopped", "Stopping"})


def evaluation_limit(aws: AwsClients) -> int | None:
    """How many evaluations may run at once in this account and region; ``None`` when that is not published, may not
    be read, or is below 1, which the service itself contradicts or says better."""
    try:
        quotas = aws.session.client("service-quotas", region_name=aws.region, config=QUICK)
        service, code = EVALUATIONS_QUOTA
        try:
            value = quotas.get_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
        except ClientError as error:
            if aws_error_code(error) not in QUOTA_MISSING:
                raise
            value = quotas.get_aws_default_service_quota(ServiceCode=service, QuotaCode=code)["Quota"]["Value"]
    except (ClientError, BotoCoreError) as error:
        if is_credentials_error(error):
            raise
        return None
    return int(value) if value >= 1 else None


def running_now(runs: Iterable[ListedRun]) -> list[ListedRun]:
    """Those that take a place."""
    return [run for run in runs if run.status in TAKES_A_PLACE]


def unrecorded_run(runs: Iterable[ListedRun], label: str, fingerprint: str) -> ListedRun | None:
    """The newest run of this very configuration that is going on or succeeded."""
    mine = [run for run in runs if _named(run.name, label) == fingerprint[:8] and run.status not in NOT_WORTH_ATTACHING]
    return max(mine, key=_started, default=None)


def unrecorded_other(runs: Iterable[ListedRun], label: str, fingerprint: str) -> ListedRun | None:
    """The newest run under this project's label that is going on with another configuration."""
    others = [run for run in running_now(runs) if _named(run.name, label) not in (None, fingerprint[:8])]
    return max(others, key=_started, default=None) if label.strip() else None


def _named(shown: str, label: str) -> str | None:
    """The configuration's eight letters in a display name under this label, else ``None``."""
    found = re.fullmatch(rf"{re.escape(label_slug(label))}-([0-9a-f]{{8}})-[0-9a-f]{{8}}-\d+", shown)
    return found[1] if found else None


def _started(run: ListedRun) -> Any:
    return str(run.started or "")
