"""SageMaker pipelines, their executions, which :mod:`..jobs.timeline` plays, and what else goes with them: the tags of
every SageMaker resource, and the lineage's artifacts, of which nobody here reads more than that they exist."""

from __future__ import annotations

import hashlib

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.jobs.execution import Execution, read_definition
from model_evaluation.localaws.operations import (
    SHARED,
    Record,
    Request,
    Resource,
    described,
    invalid,
    listed,
    not_found,
    page,
)

PIPELINES = Resource("Pipeline", key="PipelineName", prefix="pipeline", summaries="PipelineSummaries")
SHARED.plays("sagemaker", "DescribePipeline")(PIPELINES.describe)
CHANGEABLE = ("PipelineDisplayName", "PipelineDescription", "PipelineDefinition", "RoleArn")
ARTIFACTS = Resource(
    "Artifact",
    key="ArtifactArn",
    prefix="artifact",
    summaries="ArtifactSummaries",
    name="ArtifactName",
    filters={"SourceUri": "Source.SourceUri", "ArtifactType": "ArtifactType"},
)
ARTIFACTS.play()


@SHARED.plays("sagemaker", "CreatePipeline")
def create_pipeline(cloud: Cloud, request: Request) -> Record:
    params, name = request.params, request.params["PipelineName"]
    arn = PIPELINES.arn(cloud, request.region, name)
    if arn in PIPELINES.table(cloud, request.region):
        raise invalid(f"Pipeline names must be unique within an AWS account and region. {arn} exists already.")
    read_definition(params.get("PipelineDefinition", ""))
    own = {key: params[key] for key in CHANGEABLE if key in params}
    PIPELINES.add(cloud, request.region, name, {"PipelineDisplayName": name, "PipelineStatus": "Active", **own})
    cloud.tag(arn, params.get("Tags", []))
    return {"PipelineArn": arn}


@SHARED.plays("sagemaker", "UpdatePipeline")
def update_pipeline(cloud: Cloud, request: Request) -> Record:
    record = PIPELINES.find(cloud, request)
    if "PipelineDefinition" in request.params:
        read_definition(request.params["PipelineDefinition"])
    record |= {key: request.params[key] for key in CHANGEABLE if key in request.params}
    record["LastModifiedTime"] = cloud.now()
    return {"PipelineArn": record["PipelineArn"]}


@SHARED.plays("sagemaker", "ListPipelines")
def list_pipelines(cloud: Cloud, request: Request) -> Record:
    prefix = request.params.get("PipelineNamePrefix", "")
    records = PIPELINES.table(cloud, request.region).values()
    return PIPELINES.listed(request, [record for record in records if record["PipelineName"].startswith(prefix)])


@SHARED.plays("sagemaker", "StartPipelineExecution")
def start_pipeline_execution(cloud: Cloud, request: Request) -> Record:
    pipeline = PIPELINES.find(cloud, request)
    execution = cloud.timeline.start(request.region, pipeline, request.params)
    pipeline["LastRunTime"] = pipeline["LastExecutionTime"] = execution.record["CreationTime"]
    return {"PipelineExecutionArn": execution.arn}


def _find(cloud: Cloud, request: Request) -> Execution:
    arn = request.params.get("PipelineExecutionArn", "")
    execution = cloud.timeline.executions.get(arn)
    if execution is None or execution.region != request.region:
        raise not_found("Pipeline execution", arn)
    return execution


@SHARED.plays("sagemaker", "DescribePipelineExecution")
def describe_pipeline_execution(cloud: Cloud, request: Request) -> Record:
    return described(request, _find(cloud, request).record)


@SHARED.plays("sagemaker", "DescribePipelineDefinitionForExecution")
def describe_definition(cloud: Cloud, request: Request) -> Record:
    execution = _find(cloud, request)
    return {"PipelineDefinition": execution.text, "CreationTime": execution.record["CreationTime"]}


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


@SHARED.plays("sagemaker", "ListTags")
def list_tags(cloud: Cloud, request: Request) -> Record:
    return page(request, cloud.tags_of(request.params["ResourceArn"]), into="Tags")


@SHARED.plays("sagemaker", "AddTags")
def add_tags(cloud: Cloud, request: Request) -> Record:
    arn = request.params["ResourceArn"]
    cloud.tag(arn, request.params["Tags"])
    return {"Tags": cloud.tags_of(arn)}


@SHARED.plays("sagemaker", "CreateArtifact")
def create_artifact(cloud: Cloud, request: Request) -> Record:
    params = request.params
    # Artifacts are identified by their source; two with the same source are one.
    identifier = hashlib.sha256(repr(sorted(params["Source"].items(), key=str)).encode()).hexdigest()[:32]
    members: Record = {key: params[key] for key in ("ArtifactType", "Source", "Properties") if key in params}
    name = params.get("ArtifactName", identifier)
    arn = ARTIFACTS.add(cloud, request.region, identifier, {"ArtifactName": name, **members})
    cloud.tag(arn, params.get("Tags", []))
    return {"ArtifactArn": arn}
