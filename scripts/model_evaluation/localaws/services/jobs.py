"""Training, transform, processing and plain jobs: of pipelines' steps, or started here on their own."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import ServiceError, invalid
from model_evaluation.localaws.jobs.job import JOB_TYPES, JobType
from model_evaluation.localaws.operations import SHARED, Request
from model_evaluation.localaws.store import Record, described, listed


def _find(cloud: Cloud, request: Request, job_type: JobType) -> Record:
    record = job_type.table(cloud, request.region).get(request.params[job_type.name_key])
    if record is None:
        # SageMaker's own words, and its own code, for a job that is not there.
        raise invalid("Requested resource not found.")
    return record


def _register(job_type: JobType) -> None:
    word = job_type.word

    @SHARED.plays("sagemaker", f"Create{word}Job")
    def create(cloud: Cloud, request: Request) -> Record:
        name = request.params[job_type.name_key]
        arn = job_type.arn(cloud, request.region, name)
        if job_type.table(cloud, request.region).get(name) is not None:
            raise ServiceError("ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}")
        cloud.timeline.start_job(request.region, job_type, request.params)
        cloud.store.tag(arn, request.params.get("Tags", []))
        return {job_type.arn_key: arn}

    @SHARED.plays("sagemaker", f"Describe{word}Job")
    def describe(cloud: Cloud, request: Request) -> Record:
        return described(request, _find(cloud, request, job_type))

    @SHARED.plays("sagemaker", f"Stop{word}Job")
    def stop(cloud: Cloud, request: Request) -> Record:
        record = _find(cloud, request, job_type)
        if record[job_type.status_key] not in {"InProgress", "Stopping"}:
            raise invalid(f"The request was rejected because the job is in status {record[job_type.status_key]}.")
        cloud.timeline.stop_job(request.region, job_type, request.params[job_type.name_key])
        return {}

    @SHARED.plays("sagemaker", f"List{word}Jobs")
    def list_all(cloud: Cloud, request: Request) -> Record:
        status, category = request.params.get("StatusEquals"), request.params.get("JobCategory")
        return listed(
            request,
            job_type.table(cloud, request.region).all(),
            into=f"{word}JobSummaries",
            name=job_type.name_key,
            where=lambda record: (
                status in (None, record[job_type.status_key]) and category in (None, record.get("JobCategory"))
            ),
            newest_first=True,
        )


for _job_type in JOB_TYPES.values():
    _register(_job_type)
