"""Pipeline executions in AWS: one's status now, by its name, and ending it; and all that are running."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any, NamedTuple

from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.concurrency import together
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.launch.pipeline import ENDED, execution_named

PIPELINES_READ = 20


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
    return ExecutionStatus(
        str(answer["PipelineExecutionStatus"]),
        str(answer.get("FailureReason", "")),
        _iso(answer.get("LastModifiedTime")),
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


class Running(NamedTuple):
    """An execution that has not ended; ``started`` is ISO 8601 or empty."""

    arn: str
    name: str
    status: str
    started: str


def running_executions(aws: Aws, region: str, prefix: str) -> list[Running]:
    """Executions that have not ended, oldest first, of the pipelines whose names begin with ``prefix``: the SDK names
    every pipeline of a type of evaluation so, shares it between all users of an account and updates it in place."""
    client = aws.client("sagemaker", region)
    with aws_errors("listing evaluation pipelines"):
        pipelines = client.list_pipelines(PipelineNamePrefix=prefix, MaxResults=PIPELINES_READ)
    names = [str(item["PipelineName"]) for item in pipelines["PipelineSummaries"]]
    lists = together(*[lambda name=name: _running_of(client, name) for name in names])
    return sorted((item for items in lists for item in items), key=lambda item: item.started)


def _running_of(client: Any, pipeline: str) -> list[Running]:
    with aws_errors("listing the executions of", resource=pipeline):
        answer = client.list_pipeline_executions(
            PipelineName=pipeline, SortBy="CreationTime", SortOrder="Descending", MaxResults=50
        )
    return [
        Running(
            str(item["PipelineExecutionArn"]),
            str(item.get("PipelineExecutionDisplayName", "")),
            str(item["PipelineExecutionStatus"]),
            _iso(item.get("StartTime")),
        )
        for item in answer["PipelineExecutionSummaries"]
        if item["PipelineExecutionStatus"] in ("Executing", "Stopping")
    ]


def _iso(moment: object) -> str:
    return moment.isoformat(timespec="seconds") if isinstance(moment, datetime) else ""


def _region(arn: str) -> str | None:
    """The ARN's region; ``None`` (the configured one) for a record that was damaged by hand: AWS then says so."""
    parsed = parse_arn(arn)
    return parsed.region if parsed else None
