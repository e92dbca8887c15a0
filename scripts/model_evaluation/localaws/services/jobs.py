"""Training, transform and plain jobs: of pipelines' steps, or started here on their own."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError, invalid
from model_evaluation.localaws.jobs.job import JOB_TYPES, JobType
from model_evaluation.localaws.operations import SHARED, Record, Request


def _register(job_type: JobType) -> None:
    resource = job_type.resource
    resource.play()

    @SHARED.plays("sagemaker", f"Create{resource.word}")
    def create(cloud: Cloud, request: Request) -> Record:
        arn = resource.arn(cloud, request.region, request.params[resource.key])
        if arn in resource.table(cloud, request.region):
            raise ServiceError("ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}")
        cloud.timeline.start_job(request.region, job_type, request.params)
        cloud.tag(arn, request.params.get("Tags", []))
        return {job_type.arn_key: arn}

    @SHARED.plays("sagemaker", f"Stop{resource.word}")
    def stop(cloud: Cloud, request: Request) -> Record:
        status = resource.find(cloud, request)[job_type.status_key]
        if status not in {"InProgress", "Stopping"}:
            raise invalid(f"The request was rejected because the job is in status {status}.")
        cloud.timeline.stop_job(request.region, job_type, request.params[resource.key])
        return {}


for _job_type in JOB_TYPES.values():
    _register(_job_type)
