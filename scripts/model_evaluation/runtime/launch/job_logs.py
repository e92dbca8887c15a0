"""What a step's job wrote to CloudWatch: where to read it, and its last lines."""

from __future__ import annotations

import re

from model_evaluation.runtime.session import AwsClients, AwsFailure, aws_error_code
from model_evaluation.runtime.settings import well_formed

LOG_GROUP = "/aws/sagemaker/TrainingJobs"
TAIL_LINES = 15
LINE_LENGTH = 300  # characters
CONSOLES = {"aws-cn": "console.amazonaws.cn", "aws-us-gov": "console.amazonaws-us-gov.com"}
TRAINING_JOB = re.compile(r"arn:(aws[a-z-]*):sagemaker:([a-z0-9-]+):\d*:training-job/(.+)")


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


def log_text(aws: AwsClients, job_arn: str | None) -> str:
    """Where a job's log is, and its last lines or why they are not shown. Never raises for AWS's sake: a log that
    cannot be read must not hide the failure it would explain."""
    link = log_link(job_arn)
    if job_arn is None or not link:
        return "Log: none\n  (the step has no job with a log)"
    try:
        lines = [f"  | {line}" for line in _last_lines(aws, job_arn.rsplit("/", 1)[-1])]
        reason = "its job has written no log"
    except AwsFailure as error:
        code, lines = aws_error_code(error), []
        reason = f"its log could not be read ({code})"
        if "Denied" in code:
            reason += "; allow logs:DescribeLogStreams and logs:GetLogEvents to see it here"
        if code == "ResourceNotFoundException":
            reason = "its job has written no log"
    return "\n".join([f"Log: {link}", *(lines or [f"  ({reason})"])])


def _last_lines(aws: AwsClients, job: str) -> list[str]:
    """Of the newest log stream."""
    logs = aws.client("logs")
    streams = logs.describe_log_streams(logGroupName=LOG_GROUP, logStreamNamePrefix=f"{job}/")["logStreams"]
    if not streams:
        return []
    newest = max(streams, key=lambda stream: stream.get("lastEventTimestamp", 0))["logStreamName"]
    answer = logs.get_log_events(logGroupName=LOG_GROUP, logStreamName=newest, limit=TAIL_LINES, startFromHead=False)
    return [printable_line(event["message"]) for event in answer["events"]]


def printable_line(text: str) -> str:
    """One line of a log without control characters, which could steer a terminal, cut to a readable length."""
    line = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", well_formed(text)).strip()
    return line if len(line) <= LINE_LENGTH else line[: LINE_LENGTH - 1] + "…"
