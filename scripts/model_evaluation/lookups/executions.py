"""One pipeline execution in AWS: its status now, by its name, and ending it."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import NamedTuple

from model_evaluation.runtime.launch.pipeline import ENDED, execution_named

from .arns import parse_arn
from .session import Aws, aws_errors


class ExecutionStatus(NamedTuple):
    """``reason`` is the service's when it failed; ``changed`` is ISO 8601, empty when the service did not say."""

    status: str
    reason: str
    changed: str

    @property
    def running(self) -> bool:
        return self.status not in ENDED


def execution_status(aws: Aws, arn: str) -> ExecutionStatus:
    """One Describe. Raises NotFound when AWS knows no such execution."""
    with aws_errors("reading the state of", resource=arn):
        answer = aws.client("sagemaker", _region(arn)).describe_pipeline_execution(PipelineExecutionArn=arn)
    changed = answer.get("LastModifiedTime")
    return ExecutionStatus(
        str(answer["PipelineExecutionStatus"]),
        str(answer.get("FailureReason", "")),
        changed.isoformat(timespec="seconds") if isinstance(changed, datetime) else "",
    )


def find_execution(aws: Aws, region: str, name: str, after: datetime) -> str | None:
    """ARN of the execution that was started under ``name`` later than ``after``."""
    with aws_errors("looking for the execution", resource=name):
        return execution_named(aws.client("sagemaker", region), name, after)


def stop_execution(aws: Aws, arn: str) -> None:
    """Begin to stop it; its running jobs end within a minute or two."""
    with aws_errors("stopping", resource=arn):
        aws.client("sagemaker", _region(arn)).stop_pipeline_execution(
            PipelineExecutionArn=arn, ClientRequestToken=secrets.token_hex(16)
        )


def _region(arn: str) -> str | None:
    """The ARN's region; ``None`` (the configured one) for a record that was damaged by hand: AWS then says so."""
    parsed = parse_arn(arn)
    return parsed.region if parsed else None
