"""CloudWatch log lines of simulated training jobs, where a real job's lines would be."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cloud import Cloud

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
STREAM = "algo-1-1"


def write_log(cloud: Cloud, region: str, job_name: str, when: float, line: str) -> None:
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
