"""SageMaker pipelines, and the tags of every SageMaker resource."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import invalid, not_found
from model_evaluation.localaws.jobs.definition import read_definition
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, Table, described, listed, page


def pipelines_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribePipeline", "ListPipelines", region)


def find_pipeline(cloud: Cloud, request: Request) -> Record:
    """The pipeline a request names, by name or ARN."""
    name = str(request.params["PipelineName"]).rsplit("/", 1)[-1]
    record = pipelines_of(cloud, request.region).get(name)
    if record is None:
        raise not_found("Pipeline", cloud.arn(request.region, f"pipeline/{name}"))
    return record


@SHARED.plays("sagemaker", "CreatePipeline")
def create_pipeline(cloud: Cloud, request: Request) -> Record:
    name = request.params["PipelineName"]
    table = pipelines_of(cloud, request.region)
    arn = cloud.arn(request.region, f"pipeline/{name}")
    if table.get(name) is not None:
        raise invalid(f"Pipeline names must be unique within an AWS account and region. {arn} exists already.")
    read_definition(request.params.get("PipelineDefinition", ""))
    now = cloud.now()
    table.put(
        name,
        {
            "PipelineArn": arn,
            "PipelineName": name,
            "PipelineDisplayName": request.params.get("PipelineDisplayName", name),
            "PipelineDescription": request.params.get("PipelineDescription", ""),
            "PipelineDefinition": request.params["PipelineDefinition"],
            "RoleArn": request.params["RoleArn"],
            "PipelineStatus": "Active",
            "CreationTime": now,
            "LastModifiedTime": now,
            "CreatedBy": {},
            "LastModifiedBy": {},
        },
    )
    cloud.store.tag(arn, request.params.get("Tags", []))
    return {"PipelineArn": arn}


@SHARED.plays("sagemaker", "UpdatePipeline")
def update_pipeline(cloud: Cloud, request: Request) -> Record:
    record = find_pipeline(cloud, request)
    if "PipelineDefinition" in request.params:
        read_definition(request.params["PipelineDefinition"])
    for key in ("PipelineDisplayName", "PipelineDescription", "PipelineDefinition", "RoleArn"):
        if key in request.params:
            record[key] = request.params[key]
    record["LastModifiedTime"] = cloud.now()
    return {"PipelineArn": record["PipelineArn"]}


@SHARED.plays("sagemaker", "DescribePipeline")
def describe_pipeline(cloud: Cloud, request: Request) -> Record:
    return described(request, find_pipeline(cloud, request))


@SHARED.plays("sagemaker", "ListPipelines")
def list_pipelines(cloud: Cloud, request: Request) -> Record:
    prefix = request.params.get("PipelineNamePrefix", "")
    return listed(
        request,
        pipelines_of(cloud, request.region).all(),
        into="PipelineSummaries",
        name="PipelineName",
        where=lambda record: record["PipelineName"].startswith(prefix),
        newest_first=True,
    )


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
