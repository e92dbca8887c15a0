"""Quotas, and evaluations that are running already."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from model_evaluation.errors import AccessDenied, Refused
from model_evaluation.lookups.failures import aws_errors
from model_evaluation.lookups.quotas import Quota, get_quota, list_quotas
from model_evaluation.lookups.session import Aws, runtime_clients
from model_evaluation.preflight.fixes import command
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.service import ListedRun

WANTED_JOBS = 2
LONGEST_RUN = datetime.timedelta(days=2)


def concurrent_evaluations(subject: Subject) -> Iterator[Result]:
    """How many evaluations may run at once. New accounts have been seen with 0 (users' notebooks, not AWS's pages)."""
    published, region = subject.context.kind.settings_class().runs.quota, subject.region
    if published is None:
        yield passed("No quota limits how many evaluations of this kind run at once.")
        return
    service, code = published
    quota = get_quota(subject.aws, service, code, region)
    if quota is None:
        yield skipped(
            f"Service Quotas does not publish how many evaluations ({code}) may run at once in {region}; some new "
            "accounts have been given 0.",
            f"See it in the console: Service Quotas, {service}, {code}.",
        )
        return
    running = len(_running(subject))
    evidence = {"quota": quota.code, "name": quota.name, "value": quota.value, "running": running}
    message, more = (
        f"The quota '{quota.name}' is {quota.value:g}",
        increase(quota, max(WANTED_JOBS, running + 1), region),
    )
    if quota.value < 1:
        message += f" in {region}: no evaluation can start."
        yield failed(message, "Ask for more (AWS usually takes hours to days):", more, evidence=evidence)
    elif running >= quota.value:
        yield warned(
            f"{running} evaluation(s) are running and the quota '{quota.name}' is {quota.value:g}: "
            "the notebook waits with this one's start until one of them ends.",
            "To start it beside them, ask for more:",
            more,
            evidence=evidence,
        )
    else:
        yield passed(f"{message}; {running} running.", evidence=evidence)


def _running(subject: Subject) -> list[ListedRun]:
    """The account's runs of this kind that take a place, the oldest first."""

    def ask() -> list[ListedRun]:
        runs, now = subject.context.kind.settings_class().runs, datetime.datetime.now(datetime.UTC)
        with aws_errors("listing the evaluations that run"):
            recent = list(runs.recent(runtime_clients(subject.aws, subject.region), now - LONGEST_RUN))
        return sorted((run for run in recent if run.takes_a_place), key=lambda run: str(run.started or ""))

    return subject.once("running", ask)


def increase(quota: Quota, value: int, region: str) -> str:
    """The command that asks AWS for more of a quota."""
    options = {"service_code": quota.service, "quota_code": quota.code, "desired_value": str(value), "region": region}
    return command("service-quotas", "request-service-quota-increase", **options)


def instance_quotas(aws: Aws, usage: str) -> dict[str, Quota]:
    """How many instances of each type the account may have for a ``usage`` such as ``training job usage``; empty where
    that may not be read."""
    ending = f" for {usage}"
    try:
        quotas = aws.once(("quotas", aws.region), lambda: list_quotas(aws, "sagemaker", aws.region))
    except AccessDenied:
        return {}
    return {quota.name.removesuffix(ending): quota for quota in quotas if quota.name.endswith(ending)}


def refuse_beyond(quota: Quota, count: int, region: str) -> None:
    """Raises Refused where the account may not have as many instances at once."""
    if quota.value < count:
        raise Refused(
            f"The quota '{quota.name}' is {quota.value:g} in {region}; {count} {'is' if count == 1 else 'are'} needed.",
            fix=f"Ask for more (AWS usually takes hours to days): {increase(quota, count, region)}",
            code="quota",
        )


def already_running(subject: Subject) -> Iterator[Result]:
    """Another evaluation of this kind, which may be this one, started before."""
    region, running = subject.region, _running(subject)
    runs = subject.context.kind.settings_class().runs
    if not running:
        yield passed(f"No other evaluation of this kind is running in {region}.")
        return
    first = running[0]
    since = f" since {first.started.isoformat(timespec='seconds')}" if first.started else ""
    yield warned(
        f"{len(running)} evaluation(s) of this kind are running in {region}, the oldest, {first.name or first.arn},"
        f"{since}. {runs.beside_others}".rstrip(),
        "If it is yours, run its notebook again: it re-attaches. To see whose it is:",
        runs.show_command(first.arn),
        "To end it, if it is yours:",
        runs.stop_command(first.arn),
        executions=[{"arn": run.arn, "name": run.name, "status": run.status} for run in running],
    )
