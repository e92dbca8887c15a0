"""SageMaker pipelines, and the tags of every SageMaker resource."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import invalid
from model_evaluation.localaws.jobs.definition import read_definition
from model_evaluation.localaws.operations import SHARED, Record, Request
from model_evaluation.localaws.store import Resource, page

PIPELINES = Resource("Pipeline", key="PipelineName", prefix="pipeline", summaries="PipelineSummaries")
SHARED.plays("sagemaker", "DescribePipeline")(PIPELINES.describe)
CHANGEABLE = ("PipelineDisplayName", "PipelineDescription", "PipelineDefinition", "RoleArn")


@SHARED.plays("sagemaker", "CreatePipeline")
def create_pipeline(cloud: Cloud, request: Request) -> Record:
    name = request.params["PipelineName"]
    table, arn = PIPELINES.table(cloud, request.region), PIPELINES.arn(cloud, request.region, name)
    if table.get(arn) is not None:
        raise invalid(f"Pipeline names must be unique within an AWS account and region. {arn} exists already.")
    read_definition(request.params.get("PipelineDefinition", ""))
    now = cloud.now()
    table.put(
        arn,
        {
            "PipelineArn": arn,
            "PipelineName": name,
            "PipelineDisplayName": name,
            "PipelineStatus": "Active",
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": {},
            "LastModifiedBy": {},
            **{key: request.params[key] for key in CHANGEABLE if key in request.params},
        },
    )
    cloud.store.tag(arn, request.params.get("Tags", []))
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
    records = PIPELINES.table(cloud, request.region).all()
    return PIPELINES.listed(request, [record for record in records if record["PipelineName"].startswith(prefix)])


@SHARED.plays("sagemaker", "ListTags")
def list_tags(cloud: Cloud, request: Request) -> Record:
    tags = cloud.store.tags.get(request.params["ResourceArn"], {})
    rows = [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
    return page(request, rows, into="Tags")


@SHARED.plays("sagemaker", "AddTags")
def add_tags(cloud: Cloud, request: Request) -> Record:
    arn = request.params["ResourceArn"]
    cloud.store.tag(arn, request.params["Tags"])
    return {"Tags": [{"Key": key, "Value": value} for key, value in cloud.store.tags[arn].items()]}
