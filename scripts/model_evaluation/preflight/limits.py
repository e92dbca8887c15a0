"""Quotas, and evaluations that are running already."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from model_evaluation.cost.duration import estimate_minutes, in_words, minutes_at
from model_evaluation.cost.estimate import work_of
from model_evaluation.cost.tokens import estimate_tokens
from model_evaluation.lookups.quotas import EVALUATION_JOBS, Quota, get_quota, list_quotas
from model_evaluation.lookups.runs import Running, running_evaluations

from .result import Result, command, failed, lines, passed, skipped, warned
from .subject import Subject

BEDROCK_JOBS = re.compile(r"concurrent.*(automatic|model).*evaluation", re.IGNORECASE)
PER_MINUTE = re.compile(r"tokens per minute", re.IGNORECASE)
CROSS_REGION = re.compile(r"cross.?region|global", re.IGNORECASE)
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
        _increase(quota, max(WANTED_JOBS, running + 1), region),
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


def judge_tokens(subject: Subject) -> Iterator[Result]:
    """The judge's tokens per minute against what this evaluation needs."""
    judge, region = str(subject.value("judge")), subject.region
    name = str(subject.facts("judge").get("name") or judge)
    quotas = list_quotas(subject.aws, "bedrock", region)
    jobs = next((quota for quota in quotas if BEDROCK_JOBS.search(quota.name)), None)
    if jobs is not None and jobs.value < 1:
        yield failed(
            f"Bedrock's quota '{jobs.name}' is {jobs.value:g} in {region}: scoring cannot start.",
            lines("Ask for more:", _increase(jobs, 1, region)),
            part="bedrock_jobs",
            value=jobs.value,
        )
    quota = _of_model(quotas, name)
    if quota is None:
        yield skipped(
            f"Service Quotas publishes no tokens per minute for {name} in {region}; whether that is enough is unknown.",
            "See it in the console: Service Quotas, Amazon Bedrock, 'tokens per minute'.",
        )
        return
    work = work_of(subject.context)
    tokens = estimate_tokens(work)
    evidence: dict[str, Any] = {
        "quota": quota.code,
        "name": quota.name,
        "per_minute": quota.value,
        "tokens": tokens.total,
    }
    if quota.value <= 0:
        yield failed(
            f"The quota '{quota.name}' is {quota.value:g} in {region}: the judge cannot be called.",
            lines(
                "Ask for more, or choose another judge:", _increase(quota, 100_000, region), "evaluate.py revise judge"
            ),
            **evidence,
        )
        return
    usual, needed = estimate_minutes(subject.context, work), minutes_at(tokens, quota.value)
    if needed[0] > usual[1]:
        yield warned(
            f"At {quota.value:,.0f} tokens per minute ('{quota.name}') scoring takes {in_words(needed)} instead of "
            f"{in_words(usual)}, and calls may be throttled.",
            lines(
                "Ask for more, take fewer rows or metrics, or choose another judge:",
                _increase(quota, int(quota.value * needed[1] / usual[0]) + 1, region),
            ),
            **evidence,
        )
        return
    yield passed(f"{quota.value:,.0f} tokens per minute ('{quota.name}') are enough.", **evidence)


def _of_model(quotas: list[Quota], name: str) -> Quota | None:
    """The on-demand quota for a model, else the one for its cross-region profile; names end in the model's name."""
    wanted = re.sub(r"[^a-z0-9]", "", name.lower())
    mine = [
        quota
        for quota in quotas
        if PER_MINUTE.search(quota.name) and re.sub(r"[^a-z0-9]", "", quota.name.lower()).endswith(wanted)
    ]
    mine.sort(key=lambda quota: bool(CROSS_REGION.search(quota.name)))
    return mine[0] if mine else None


def _increase(quota: Quota, value: int, region: str) -> str:
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
