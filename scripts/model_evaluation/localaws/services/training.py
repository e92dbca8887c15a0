"""Training jobs: seeded ones, and those of pipeline steps."""

from __future__ import annotations

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import invalid
from model_evaluation.localaws.stepjobs import jobs_of
from model_evaluation.localaws.store import Record, described, listed
from model_evaluation.localaws.wire import Request

from .registry import operation


@operation("sagemaker", "DescribeTrainingJob")
def describe_job(cloud: Cloud, request: Request) -> Record:
    record = jobs_of(cloud, request.region).get(request.params["TrainingJobName"])
    if record is None:
        # SageMaker's own words, and its own code, for a job that is not there.
        raise invalid("Requested resource not found.")
    return described(request, record)


@operation("sagemaker", "ListTrainingJobs")
def list_jobs(cloud: Cloud, request: Request) -> Record:
    status = request.params.get("StatusEquals")
    return listed(
        request,
        jobs_of(cloud, request.region).all(),
        into="TrainingJobSummaries",
        name="TrainingJobName",
        where=lambda record: status in (None, record["TrainingJobStatus"]),
        newest_first=True,
    )
