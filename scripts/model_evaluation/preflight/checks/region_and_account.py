"""One region and one account for everything that takes part."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from model_evaluation.errors import EvaluationError
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.concurrency import outcome, together
from model_evaluation.lookups.s3.buckets import bucket_region
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, failed, passed, skipped
from model_evaluation.preflight.subject import Subject

# Steps whose answer may be an ARN, and what that is.
NAMED_BY = {
    "model": "the model package",
    "scope": "the model package to compare with",
    "dataset": "the registry's dataset",
    "mlflow": "the MLflow app",
}


class Place(NamedTuple):
    """Something that takes part, the region it is in, and the step it comes from (empty for the session)."""

    what: str
    region: str
    step: str = ""


def regions(subject: Subject) -> Iterator[Result]:
    """Session, packages, both buckets, registry entry and MLflow app lie where the evaluation runs."""
    home, buckets = subject.region, subject.buckets()
    places, unknown = [Place("this session", subject.aws.region), *_of_arns(subject)], []
    for (bucket, purpose), region in zip(
        buckets.items(), together(*[_region_of(subject, bucket) for bucket in buckets]), strict=True
    ):
        if isinstance(region, EvaluationError):
            unknown.append(f"the bucket {bucket}: {region.message}")
        else:
            step = "dataset" if subject.facts("dataset").get("bucket") == bucket else "output"
            places.append(Place(f"the bucket {bucket} ({purpose})", region, step))
    elsewhere = [place for place in places if place.region != home]
    evidence: dict[str, object] = {"region": home, "places": {place.what: place.region for place in places}}
    if elsewhere:
        where = " and ".join(f"{place.what} is in {place.region}" for place in elsewhere)
        steps = dict.fromkeys(place.step for place in elsewhere)
        fix = [f"Bring everything to one region: {home} (or revise the answers to another one)."]
        fix += [
            f"evaluate.py revise {step}" if step else f"export AWS_REGION={home} AWS_DEFAULT_REGION={home}"
            for step in steps
        ]
        yield failed(f"The evaluation runs in {home}, but {where}.", lines(*fix), evidence=evidence)
    elif unknown:
        yield skipped(f"Where it lies is not known for {'; '.join(unknown)}", evidence=evidence)
    else:
        yield passed(f"Everything is in {home}: {', '.join(place.what for place in places)}.", evidence=evidence)


def _region_of(subject: Subject, bucket: str) -> Callable[[], str | EvaluationError]:
    return outcome(lambda: bucket_region(subject.aws, bucket))


def _of_arns(subject: Subject) -> list[Place]:
    arns = {step_id: parse_arn(str(subject.value(step_id))) for step_id in NAMED_BY}
    return [Place(NAMED_BY[step_id], arn.region, step_id) for step_id, arn in arns.items() if arn and arn.region]


def accounts(subject: Subject) -> Iterator[Result]:
    """Role, packages, registry entry and MLflow app belong to the caller's account: a role cannot be passed across."""
    caller = subject.caller()
    texts = {"role": subject.configuration.role} | {step_id: str(subject.value(step_id)) for step_id in NAMED_BY}
    owners = {step_id: arn.account for step_id, text in texts.items() if (arn := parse_arn(text))}
    foreign = {
        step_id: account for step_id, account in owners.items() if account.isdigit() and account != caller.account
    }
    evidence: dict[str, object] = {"account": caller.account, "foreign": foreign}
    if not foreign:
        yield passed(f"Everything belongs to account {caller.account}.", evidence=evidence)
        return
    whose = " and ".join(f"the {step_id} belongs to account {account}" for step_id, account in foreign.items())
    why = " A role cannot be passed to another account's services." if "role" in foreign else ""
    yield failed(
        f"The credentials are of account {caller.account}, but {whose}.{why}",
        lines(
            f"Use credentials of that account, or choose again what belongs to {caller.account}:",
            *(f"evaluate.py revise {step_id}" for step_id in foreign),
        ),
        evidence=evidence,
    )
