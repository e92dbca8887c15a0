"""Pipeline executions that are running."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from model_evaluation.lookups.concurrency import together
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.session import Aws

PIPELINES_READ = 20


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
