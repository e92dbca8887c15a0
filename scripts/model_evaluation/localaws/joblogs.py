"""CloudWatch log lines of simulated training jobs, where a real job's lines would be."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud import Cloud

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "algo-1-1"


def write_log(cloud: Cloud, region: str, job_name: str, when: float, line: str) -> None:
    """Appends one line to a job's log stream; ``when`` is in seconds since 1970."""
    logs = cloud.own_client("logs", region)
    stream = f"{job_name}/{STREAM}"
    for create, arguments in (
        (logs.create_log_group, {"logGroupName": LOG_GROUP}),
        (logs.create_log_stream, {"logGroupName": LOG_GROUP, "logStreamName": stream}),
    ):
        try:
            create(**arguments)
        except logs.exceptions.ResourceAlreadyExistsException:
            continue
    event = {"timestamp": int(when * 1000), "message": f"[SIMULATED] {line}"}
    logs.put_log_events(logGroupName=LOG_GROUP, logStreamName=stream, logEvents=[event])
