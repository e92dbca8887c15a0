"""Whether the judge can be used, asked before anything is started."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from model_evaluation.runtime.checks import MISSING_CODES, Fault
from model_evaluation.runtime.session import AwsClients, aws_error_code

if TYPE_CHECKING:
    from .settings import JudgeSettings


def check_judge(settings: JudgeSettings, aws: AwsClients) -> str:
    """The judge is in service in this region."""
    judge, choose = settings.judge, "Choose a judge that is in service in this region."
    try:
        details = aws.client("bedrock").get_foundation_model(modelIdentifier=judge)["modelDetails"]
    except ClientError as error:
        if aws_error_code(error) not in MISSING_CODES:
            raise
        raise Fault(f"{judge} is not available in {settings.region}.", choose) from error
    lifecycle = details.get("modelLifecycle", {})
    ends = lifecycle.get("endOfLifeTime")
    if ends is not None and ends <= datetime.now(UTC):
        raise Fault(f"{judge} was retired on {ends:%Y-%m-%d}.", choose)
    if lifecycle.get("status", "ACTIVE") != "ACTIVE":
        until = f", to be retired on {ends:%Y-%m-%d}" if ends else ""
        raise Fault(f"{judge} is {lifecycle['status']}{until}.", "Prefer a judge that is ACTIVE.", "warn")
    return f"{judge}, ACTIVE"
