"""Pipeline executions and their steps; :mod:`..jobs.timeline` plays them."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import invalid, not_found
from model_evaluation.localaws.jobs.definition import read_definition
from model_evaluation.localaws.jobs.execution import Execution
from model_evaluation.localaws.operations import SHARED, Record, Request
from model_evaluation.localaws.store import described, listed, page

from .pipelines import PIPELINES


def _find(cloud: Cloud, request: Request) -> Execution:
    arn = request.params.get("PipelineExecutionArn", "")
    execution = cloud.timeline.executions.get(arn)
    if execution is None or execution.region != request.region:
        raise not_found("Pipeline execution", arn)
    return execution


@SHARED.plays("sagemaker", "StartPipelineExecution")
def start_pipeline_execution(cloud: Cloud, request: Request) -> Record:
    pipeline = PIPELINES.find(cloud, request)
    definition = read_definition(pipeline["PipelineDefinition"])
    execution = cloud.timeline.start(request.region, pipeline, definition, request.params)
    pipeline["LastRunTime"] = pipeline["LastExecutionTime"] = execution.record["CreationTime"]
    return {"PipelineExecutionArn": execution.arn}


@SHARED.plays("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(cloud: Cloud, request: Request) -> Record:
    return described(request, _find(cloud, request).record)


@SHARED.plays("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_definition(cloud: Cloud, request: Request) -> Record:
    execution = _find(cloud, request)
    return {"PipelineDefinition": execution.definition.text, "CreationTime": execution.record["CreationTime"]}


@SHARED.plays("sagemaker", "ListPipelineExecutions")
def list_pipeline_executions(cloud: Cloud, request: Request) -> Record:
    arn = PIPELINES.find(cloud, request)["PipelineArn"]
    records = [execution.record for execution in cloud.timeline.executions.values()]
    mine = [record for record in records if record["PipelineArn"] == arn]
    name = "PipelineExecutionArn"
    return listed(request, mine, into="PipelineExecutionSummaries", name=name, newest_first=True)


@SHARED.plays("sagemaker", "ListPipelineExecutionSteps")
def list_pipeline_execution_steps(cloud: Cloud, request: Request) -> Record:
    rows = _find(cloud, request).summaries()
    if request.params.get("SortOrder") != "Ascending":
        rows.reverse()
    return page(request, rows, into="PipelineExecutionSteps")


@SHARED.plays("sagemaker", "StopPipelineExecution")
def stop_pipeline_execution(cloud: Cloud, request: Request) -> Record:
    execution = _find(cloud, request)
    if execution.over:
        raise invalid(f"Only pipelines with 'Executing' status can be stopped. Current status is '{execution.status}'.")
    if execution.stopped_at is None:
        execution.stop(cloud.clock())
    return {"PipelineExecutionArn": execution.arn}
