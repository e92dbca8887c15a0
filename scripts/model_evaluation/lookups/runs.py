"""Evaluations that are running now on the pipelines that the SDK shares between all users of an account."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from .session import Aws, aws_errors, together

# The SDK names every pipeline of a kind so, and updates the first one it finds in place.
JUDGE_PIPELINES = "SagemakerEvaluation-LLMAJEvaluation"
PIPELINES_READ = 20


class Running(NamedTuple):
    """An execution that has not ended; ``started`` is ISO 8601 or empty."""

    arn: str
    name: str
    status: str
    started: str


def running_evaluations(aws: Aws, region: str) -> list[Running]:
    """LLM-as-judge executions of this account and region that have not ended, oldest first."""
    client = aws.client("sagemaker", region)
    with aws_errors("listing evaluation pipelines"):
        pipelines = client.list_pipelines(PipelineNamePrefix=JUDGE_PIPELINES, MaxResults=PIPELINES_READ)
    names = [str(item["PipelineName"]) for item in pipelines["PipelineSummaries"]]

    def executions(name: str) -> list[Running]:
        with aws_errors("listing the executions of", resource=name):
            answer = client.list_pipeline_executions(
                PipelineName=name, SortBy="CreationTime", SortOrder="Descending", MaxResults=50
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

    found = together(*[lambda name=name: executions(name) for name in names])
    return sorted((item for batch in found for item in batch), key=lambda item: item.started)


def _iso(moment: object) -> str:
    return moment.isoformat(timespec="seconds") if isinstance(moment, datetime.datetime) else ""
