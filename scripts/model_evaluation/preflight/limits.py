"""Quotas, and evaluations that are running already."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from model_evaluation.lookups.quotas import EVALUATION_JOBS, Quota, get_quota
from model_evaluation.lookups.runs import Running, running_evaluations

from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject

WANTED_JOBS = 2


def evaluation_jobs(subject: Subject) -> Iterator[Result]:
    """How many evaluations may run at once, at SageMaker and at Bedrock."""
    service, code = EVALUATION_JOBS
    region = subject.region
    quota = subject.once("quota", lambda: get_quota(subject.aws, service, code, region))
    if quota is None:
        yield skipped(
            f"Service Quotas does not publish how many serverless evaluations ({code}) may run at once in {region}; "
            "some new accounts have been given 0.",
            "See it in the console: Service Quotas, Amazon SageMaker, 'serverless evaluation'.",
        )
        return
    running = len(subject.once("running", lambda: running_evaluations(subject.aws, region)))
    yield _jobs(quota, running, region)


def _jobs(quota: Quota, running: int, region: str) -> Result:
    evidence: dict[str, Any] = {"quota": quota.code, "name": quota.name, "value": quota.value, "running": running}
    fix = lines(
        "Ask for more (AWS usually takes hours to days):",
        increase(quota, max(WANTED_JOBS, running + 1), region),
    )
    if quota.value < 1:
        return failed(
            f"The quota '{quota.name}' is {quota.value:g} in {region}: no evaluation can start.", fix, **evidence
        )
    if running >= quota.value:
        return warned(
            f"{running} evaluation(s) are running and the quota '{quota.name}' is {quota.value:g}: "
            "the notebook waits with this one's start until one of them ends.",
            lines("To start it beside them, ask for more:", fix.partition("\n")[2]),
            **evidence,
        )
    return passed(f"The quota '{quota.name}' is {quota.value:g}; {running} running.", **evidence)


def increase(quota: Quota, value: int, region: str) -> str:
    """The command that asks AWS for more of a quota."""
    return command(
        "service-quotas",
        "request-service-quota-increase",
        service_code=quota.service,
        quota_code=quota.code,
        desired_value=str(value),
        region=region,
    )


def already_running(subject: Subject) -> Iterator[Result]:
    """Another evaluation with a judge: the SDK keeps one pipeline for all of them and overwrites it at each start."""
    region = subject.region
    found: list[Running] = subject.once("running", lambda: running_evaluations(subject.aws, region))
    if not found:
        yield passed(f"No other evaluation with a judge is running in {region}.")
        return
    first = found[0]
    yield warned(
        f"{len(found)} evaluation(s) with a judge are running in {region}, the oldest {first.name or first.arn} since "
        f"{first.started}. The SDK shares one pipeline between all of them; the notebook compares what runs with what "
        "was meant, and starts again if somebody else's start came between.",
        lines(
            "If it is yours, run its notebook again: it re-attaches. To see whose it is:",
            command("sagemaker", "describe-pipeline-execution", pipeline_execution_arn=first.arn, region=region),
            "To end it, if it is yours:",
            command("sagemaker", "stop-pipeline-execution", pipeline_execution_arn=first.arn, region=region),
        ),
        executions=[item._asdict() for item in found],
    )
