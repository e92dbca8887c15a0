"""One region and one account for everything that takes part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from model_evaluation.errors import EvaluationError
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.session import outcome, together
from model_evaluation.lookups.storage import bucket_region

from .result import Result, failed, lines, passed, skipped
from .subject import Subject


def regions(subject: Subject) -> Iterator[Result]:
    """Session, package, both buckets, registry entry and MLflow app lie where the evaluation runs."""
    wanted = subject.region
    buckets = subject.buckets()
    found = together(*[_region_of(subject, bucket) for bucket in buckets])
    places = {"this session": subject.aws.region, **_of_arns(subject)}
    unknown = []
    for (bucket, purpose), region in zip(buckets.items(), found, strict=True):
        if isinstance(region, EvaluationError):
            unknown.append(f"the bucket {bucket}: {region.message}")
        else:
            places[f"the bucket {bucket} ({purpose})"] = region
    elsewhere = {what: region for what, region in places.items() if region != wanted}
    evidence: dict[str, Any] = {"region": wanted, "places": places}
    if elsewhere:
        where = " and ".join(f"{what} is in {region}" for what, region in elsewhere.items())
        fix = [f"Bring everything to one region: {wanted} (or revise the answers to another one)."]
        if "this session" in elsewhere:
            fix.append(f"export AWS_REGION={wanted} AWS_DEFAULT_REGION={wanted}")
        steps = ("dataset", "output", "mlflow", "model")
        fix += [
            f"evaluate.py revise {step}" for step in steps if any(_belongs(subject, step, what) for what in elsewhere)
        ]
        yield failed(f"The evaluation runs in {wanted}, but {where}.", lines(*fix), **evidence)
    elif unknown:
        yield skipped(f"Where it lies is not known for {'; '.join(unknown)}", **evidence)
    else:
        yield passed(f"Everything is in {wanted}: {', '.join(places)}.", **evidence)


def _region_of(subject: Subject, bucket: str) -> Callable[[], str | EvaluationError]:
    return outcome(lambda: bucket_region(subject.aws, bucket))


def _of_arns(subject: Subject) -> dict[str, str]:
    named = {"the model package": "model", "the registry's dataset": "dataset", "the MLflow app": "mlflow"}
    places = {}
    for what, step_id in named.items():
        arn = parse_arn(str(subject.value(step_id)))
        if arn is not None and arn.region:
            places[what] = arn.region
    return places


def _belongs(subject: Subject, step_id: str, what: str) -> bool:
    words = {"dataset": "registry", "mlflow": "MLflow", "model": "model package"}
    bucket = str(subject.facts(step_id).get("bucket", "?"))
    return f"bucket {bucket} " in what or words.get(step_id, "?") in what


def accounts(subject: Subject) -> Iterator[Result]:
    """Role, package, registry entry and MLflow app belong to the caller's account: a role cannot be passed across."""
    caller = subject.caller()
    named = {"role": subject.facts("role").get("arn", subject.value("role"))}
    named |= {step_id: subject.value(step_id) for step_id in ("model", "mlflow", "dataset")}
    foreign = {}
    for step_id, text in named.items():
        arn = parse_arn(str(text))
        if arn is not None and arn.account.isdigit() and arn.account != caller.account:
            foreign[step_id] = arn.account
    evidence: dict[str, Any] = {"account": caller.account, "foreign": foreign}
    if not foreign:
        yield passed(f"Everything belongs to account {caller.account}.", **evidence)
        return
    said = " and ".join(f"the {step_id} belongs to account {account}" for step_id, account in foreign.items())
    why = " A role cannot be passed to another account's services." if "role" in foreign else ""
    yield failed(
        f"The credentials are of account {caller.account}, but {said}.{why}",
        lines(
            f"Use credentials of that account, or choose again what belongs to {caller.account}:",
            *(f"evaluate.py revise {step_id}" for step_id in foreign),
        ),
        **evidence,
    )
