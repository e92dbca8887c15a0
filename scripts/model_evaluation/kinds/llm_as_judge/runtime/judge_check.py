"""Whether the judge can be used, asked before anything is started."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_evaluation.runtime.checks import MISSING_CODES, CheckResult
from model_evaluation.runtime.session import AwsClients, aws_error_code

if TYPE_CHECKING:
    from .settings import JudgeSettings


def check_judge(settings: JudgeSettings, aws: AwsClients, now: datetime) -> Iterator[CheckResult]:
    """The judge is in service in this region."""
    judge = settings.judge
    try:
        details = aws.client("bedrock").get_foundation_model(modelIdentifier=judge)["modelDetails"]
    except ClientError as error:
        if aws_error_code(error) not in MISSING_CODES:
            raise
        message = f"{judge} is not available in {settings.region}."
        yield CheckResult("Judge", "fail", message, "Choose a judge that is in service in this region.")
        return
    lifecycle = details.get("modelLifecycle", {})
    ends = lifecycle.get("endOfLifeTime")
    if ends is not None and ends <= now:
        message = f"{judge} was retired on {ends:%Y-%m-%d}."
        yield CheckResult("Judge", "fail", message, "Choose a judge that is in service.")
    elif lifecycle.get("status", "ACTIVE") != "ACTIVE":
        until = f", to be retired on {ends:%Y-%m-%d}" if ends else ""
        message = f"{judge} is {lifecycle['status']}{until}."
        yield CheckResult("Judge", "warn", message, "Prefer a judge that is ACTIVE.")
    else:
        yield CheckResult("Judge", "pass", f"{judge}, ACTIVE")
