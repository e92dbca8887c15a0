"""Who asks, for how long yet, whether it is AWS that answers, and one region and account for all that takes part."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from model_evaluation.endpoints import foreign_endpoints
from model_evaluation.errors import EvaluationError
from model_evaluation.lookups.arns import parse_arn
from model_evaluation.lookups.identity import clock_offset, credential_lifetime
from model_evaluation.lookups.s3.objects import bucket_region
from model_evaluation.lookups.session import outcome, together
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.durations import in_words

# AWS refuses signatures that are older or newer than this.
TOLERATED_SECONDS = 300
NOTICEABLE_SECONDS = 60
# Steps whose answer may be an ARN, and what that is.
NAMED_BY = {
    "model": "the model package",
    "scope": "the model package to compare with",
    "dataset": "the registry's dataset",
    "mlflow": "the MLflow app",
}


def identity(subject: Subject) -> Iterator[Result]:
    caller = subject.caller()
    if caller.arn.endswith(":root"):
        message = "These are the account's root credentials; SageMaker cannot take a role from them."
        yield warned(message, "Sign in as a user or role instead: aws sso login", evidence=caller._asdict())
    else:
        yield passed(f"Signed in as {caller.arn}.", evidence=caller._asdict())


def endpoint(subject: Subject) -> Iterator[Result]:
    """Addresses of services that are not AWS's own: whatever is checked there says nothing about an AWS account."""
    addresses = foreign_endpoints()
    if not addresses:
        yield passed("Every service is asked at AWS's own address.")
        return
    settings = ", ".join(f"{name} is {url}" for name, url in addresses.items())
    variables = [name for name in addresses if name.startswith("AWS_")]
    yield warned(
        f"SIMULATED: {settings}, which is not AWS. What is checked here is about a stand-in, not about your account.",
        "To check the real account, take the setting away and run preflight again:",
        f"unset {' '.join(variables)}" if variables else "export AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true",
        simulated=True,
        endpoints=addresses,
    )


def lifetime(subject: Subject) -> Iterator[Result]:
    """Whether the credentials last as long as the evaluation. Expiry loses no work, so it is a warning."""
    minutes = subject.context.kind.minutes(subject.context)
    takes = f"the evaluation takes {in_words(minutes) if minutes else 'an unknown time'}"
    credentials = credential_lifetime(subject.aws)
    renew = "Sign in again before you start the notebook (aws sso login), or run it in Studio with the Studio role."
    if credentials is None:
        yield skipped("There are no credentials, see `identity`.", renew)
        return
    source, expires = credentials.source, credentials.expires
    if not credentials.temporary and expires is None:
        yield passed("These are long-term keys; they do not expire during the run.", source=source)
    elif credentials.renews:
        yield passed(f"The credentials ({source}) are renewed by themselves.", source=source)
    elif expires is None:
        message = f"These are temporary credentials that do not say when they expire; {takes}."
        end = "If they end first, the run goes on and the notebook re-attaches when run again."
        yield skipped(f"{message} {end}", renew, source=source)
    else:
        left = (expires - datetime.datetime.now(datetime.UTC)).total_seconds() / 60
        evidence = {"expires": expires.isoformat(timespec="seconds"), "minutes_left": round(left)}
        if minutes and left < minutes[1]:
            message = f"The credentials expire in {max(0, left):.0f} minutes; {takes}."
            end = "It goes on without them, but the notebook stops watching."
            yield warned(f"{message} {end}", renew, evidence=evidence)
        else:
            yield passed(f"The credentials last {left:.0f} more minutes.", evidence=evidence)


def clock(subject: Subject) -> Iterator[Result]:
    offset = clock_offset(subject.aws)
    if offset is None:
        yield skipped("AWS's answer carried no date to compare this machine's clock with.")
    elif abs(offset) < NOTICEABLE_SECONDS:
        yield passed("This machine's clock agrees with AWS's to the minute.", seconds=round(offset))
    else:
        say = failed if abs(offset) >= TOLERATED_SECONDS else warned
        yield say(
            f"This machine's clock is {abs(offset):.0f} seconds {'ahead of' if offset > 0 else 'behind'} AWS's. AWS "
            f"refuses requests from {TOLERATED_SECONDS} on.",
            "Set the clock by the network: `sudo timedatectl set-ntp true` on Linux, `sudo sntp -sS time.apple.com` on "
            "macOS, `w32tm /resync` on Windows; in a container or virtual machine, set the host's.",
            seconds=round(offset),
        )


def accounts(subject: Subject) -> Iterator[Result]:
    """Role, packages, registry entry and MLflow app belong to the caller's account: a role cannot be passed across."""
    account = subject.caller().account
    texts = {"role": subject.configuration.role} | {step_id: str(subject.value(step_id)) for step_id in NAMED_BY}
    owners = {step_id: arn.account for step_id, text in texts.items() if (arn := parse_arn(text))}
    foreign = {step_id: owner for step_id, owner in owners.items() if owner.isdigit() and owner != account}
    evidence = {"account": account, "foreign": foreign}
    if not foreign:
        yield passed(f"Everything belongs to account {account}.", evidence=evidence)
        return
    whose = " and ".join(f"the {step_id} belongs to account {owner}" for step_id, owner in foreign.items())
    why = " A role cannot be passed to another account's services." if "role" in foreign else ""
    yield failed(
        f"The credentials are of account {account}, but {whose}.{why}",
        f"Use credentials of that account, or choose again what belongs to {account}:",
        *(f"evaluate.py revise {step_id}" for step_id in foreign),
        evidence=evidence,
    )


class Place(NamedTuple):
    """Something that takes part, the region it is in, and the step it comes from (empty for the session)."""

    what: str
    region: str
    step: str = ""


def regions(subject: Subject) -> Iterator[Result]:
    """Session, packages, both buckets, registry entry and MLflow app lie where the evaluation runs."""
    home, buckets, unknown = subject.region, subject.buckets(), []
    arns = {step_id: parse_arn(str(subject.value(step_id))) for step_id in NAMED_BY}
    places = [Place("this session", subject.aws.region)]
    places += [Place(NAMED_BY[step_id], arn.region, step_id) for step_id, arn in arns.items() if arn and arn.region]
    answers = together(*[outcome(partial(bucket_region, subject.aws, bucket)) for bucket in buckets])
    for (bucket, purpose), region in zip(buckets.items(), answers, strict=True):
        if isinstance(region, EvaluationError):
            unknown.append(f"the bucket {bucket}: {region.message}")
        else:
            step = "dataset" if subject.facts("dataset").get("bucket") == bucket else "output"
            places.append(Place(f"the bucket {bucket} ({purpose})", region, step))
    elsewhere = [place for place in places if place.region != home]
    evidence = {"region": home, "places": {place.what: place.region for place in places}}
    if elsewhere:
        where = " and ".join(f"{place.what} is in {place.region}" for place in elsewhere)
        steps = dict.fromkeys(place.step for place in elsewhere)
        export = f"export AWS_REGION={home} AWS_DEFAULT_REGION={home}"
        yield failed(
            f"The evaluation runs in {home}, but {where}.",
            f"Bring everything to one region: {home} (or revise the answers to another one).",
            *(f"evaluate.py revise {step}" if step else export for step in steps),
            evidence=evidence,
        )
    elif unknown:
        yield skipped(f"Where it lies is not known for {'; '.join(unknown)}", evidence=evidence)
    else:
        yield passed(f"Everything is in {home}: {', '.join(place.what for place in places)}.", evidence=evidence)
