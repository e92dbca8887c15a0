"""The training jobs that pipeline steps appear as: their records, and their CloudWatch log lines."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING

from .store import Record, Table, timestamp

if TYPE_CHECKING:
    from .cloud import Cloud
    from .player import Execution, StepRun

STATUS = {"Succeeded": "Completed", "Failed": "Failed", "Stopped": "Stopped"}
LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "algo-1-1"


def create_job(cloud: Cloud, execution: Execution, run: StepRun) -> None:
    """Begins the job of a step that has started. Raises ``KeyError`` and the like for unusable arguments."""
    assert run.started is not None
    arguments = run.arguments
    letters = hashlib.sha256((execution.id + run.step.name).encode()).hexdigest()[:10]
    run.job_name = f"pipelines-{execution.id}-{run.step.name[:26]}-{letters}"
    job: Record = {
        "TrainingJobName": run.job_name,
        "TrainingJobArn": cloud.arn(execution.region, f"training-job/{run.job_name}"),
        "ModelArtifacts": {
            "S3ModelArtifacts": f"{arguments['OutputDataConfig']['S3OutputPath']}/{run.job_name}/output"
        },
        "TrainingJobStatus": "InProgress",
        "SecondaryStatus": "Training",
        "StoppingCondition": arguments.get("StoppingCondition", {"MaxRuntimeInSeconds": 86400}),
        "CreationTime": timestamp(run.started),
        "TrainingStartTime": timestamp(run.started),
        "LastModifiedTime": timestamp(run.started),
        "HyperParameters": _as_text(arguments.get("HyperParameters", {})),
        "RoleArn": arguments["RoleArn"],
        "OutputDataConfig": arguments["OutputDataConfig"],
    }
    for optional in ("InputDataConfig", "ServerlessJobConfig", "ModelPackageConfig", "VpcConfig"):
        if arguments.get(optional):
            job[optional] = arguments[optional]
    if execution.definition.mlflow:
        job["MlflowConfig"] = execution.resolved(execution.definition.mlflow)
    jobs_of(cloud, execution.region).put(run.job_name, job)
    _log(
        cloud,
        execution.region,
        run.job_name,
        run.started,
        f"Training job {run.job_name} of step {run.step.name} started",
    )


def close_job(cloud: Cloud, execution: Execution, run: StepRun) -> None:
    """Ends the job of a step that has ended."""
    assert run.job_name is not None
    assert run.started is not None
    assert run.ended is not None
    job = jobs_of(cloud, execution.region).get(run.job_name)
    assert job is not None
    job["TrainingJobStatus"] = job["SecondaryStatus"] = STATUS[run.status]
    job["TrainingEndTime"] = job["LastModifiedTime"] = timestamp(run.ended)
    seconds = int(run.ended - run.started)
    job["TrainingTimeInSeconds"] = job["BillableTimeInSeconds"] = max(1, seconds)
    if run.failure is not None:
        job["FailureReason"] = run.failure
    _log(cloud, execution.region, run.job_name, run.ended, run.failure or f"Training job {run.status}")


def jobs_of(cloud: Cloud, region: str) -> Table:
    return cloud.store.table("DescribeTrainingJob", "ListTrainingJobs", region)


def _as_text(hyperparameters: Record) -> dict[str, str]:
    return {key: value if isinstance(value, str) else json.dumps(value) for key, value in hyperparameters.items()}


def _log(cloud: Cloud, region: str, job_name: str, when: float, line: str) -> None:
    """Appends one line to a job's log stream; ``when`` is in seconds since 1970."""
    logs = cloud.own_client("logs", region)
    stream = f"{job_name}/{STREAM}"
    for name, create, arguments in (
        (LOG_GROUP, logs.create_log_group, {"logGroupName": LOG_GROUP}),
        (stream, logs.create_log_stream, {"logGroupName": LOG_GROUP, "logStreamName": stream}),
    ):
        if (region, name) not in cloud.log_streams:
            with contextlib.suppress(logs.exceptions.ResourceAlreadyExistsException):
                create(**arguments)
            cloud.log_streams.add((region, name))
    event = {"timestamp": int(when * 1000), "message": f"[SIMULATED] {line}"}
    logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[event])
