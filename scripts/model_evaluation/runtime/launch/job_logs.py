"""What a step's job wrote to CloudWatch: where to read it, and its last lines."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from model_evaluation.runtime.session import AwsFailure, aws_error_code
from model_evaluation.runtime.settings import well_formed

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TAIL_LINES = 15
LINE_LENGTH = 300  # characters
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
TRAINING_JOB = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):\d*:training-job/(.+)")


class LogTail(NamedTuple):
    """The last lines of a job's log, oldest first; ``note`` says why there are none."""

    lines: tuple[str, ...]
    note: str = ""


NO_LOG = LogTail((), "the step has no job with a log")


def log_link(job_arn: str | None) -> str:
    """The console's page with the job's log streams; empty for anything but a training job."""
    match = TRAINING_JOB.fullmatch(job_arn or "")
    if match is None:
        return ""
    partition, region, job = match.groups()
    console = CONSOLES.get(partition, f"{region}.console.aws.amazon.com")
    group = LOG_GROUP.replace("/", "$252F")  # the console decodes what follows the # twice
    page = f"logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{job}"
    return f"https://{console}/cloudwatch/home?region={region}#{page}"


def last_log_lines(logs: Any, job_arn: str | None, *, count: int = TAIL_LINES) -> LogTail:
    """The last ``count`` lines of the newest log stream of a training job. Never raises for AWS's sake: a log that
    cannot be read must not hide the failure it would explain."""
    match = TRAINING_JOB.fullmatch(job_arn or "")
    if match is None:
        return NO_LOG
    try:
        streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{match[3]}/")["logStreams"]
        if not streams:
            return LogTail((), "its job has written no log")
        newest = max(streams, key=lambda stream: stream.get("lastEventTimestamp", 0))["logStreamName"]
        answer = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=newest, limit=count, startFromHead=False)
    except AwsFailure as error:
        code = aws_error_code(error)
        if code == "ResourceNotFoundException":
            return LogTail((), "its job has written no log")
        needs = "; allow logs:DescribeLogStreams and logs:GetLogEvents to see it here" if "Denied" in code else ""
        return LogTail((), f"its log could not be read ({code}){needs}")
    return LogTail(tuple(printable_line(event["message"]) for event in answer["events"]))


def printable_line(text: str) -> str:
    """One line of a log without control characters, which could steer a terminal, cut to a readable length."""
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", well_formed(text)).strip()
    return line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…"
