"""Who is signed in, for how long, and whether this machine's clock is right."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from model_evaluation.lookups.identity import clock_offset, credential_lifetime
from model_evaluation.preflight.fixes import lines
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.durations import in_words

# AWS refuses signatures that are older or newer than this.
TOLERATED_SECONDS = 300
NOTICEABLE_SECONDS = 60


def caller(subject: Subject) -> Iterator[Result]:
    identity = subject.caller()
    account = subject.facts("model").get("account")
    evidence: dict[str, Any] = {"arn": identity.arn, "account": identity.account}
    if account and account != identity.account:
        yield failed(
            f"The model is of account {account}, but the credentials are of {identity.account} ({identity.arn}).",
            lines(
                f"Use credentials of account {account}; this lists the profiles you have:",
                "aws configure list-profiles",
                f"Or evaluate a model of account {identity.account}:",
                "evaluate.py revise model",
            ),
            **evidence,
        )
        return
    if identity.arn.endswith(":root"):
        yield warned(
            "These are the account's root credentials; SageMaker cannot take a role from them.",
            "Sign in as a user or role instead: aws sso login",
            **evidence,
        )
        return
    yield passed(f"Signed in as {identity.arn}.", **evidence)


def lifetime(subject: Subject) -> Iterator[Result]:
    """Whether the credentials last as long as the evaluation. Expiry loses no work, so it is a warning."""
    minutes = subject.context.kind.minutes(subject.context)
    takes = in_words(minutes) if minutes else "an unknown time"
    credentials = credential_lifetime(subject.aws)
    renew = "Sign in again before you start the notebook (aws sso login), or run it in Studio with the Studio role."
    if credentials is None:
        yield skipped("There are no credentials, see `identity`.", renew)
    elif not credentials.temporary and credentials.expires is None:
        yield passed("These are long-term keys; they do not expire during the run.", source=credentials.source)
    elif credentials.renews:
        yield passed(f"The credentials ({credentials.source}) are renewed by themselves.", source=credentials.source)
    elif credentials.expires is None:
        yield skipped(
            "These are temporary credentials that do not say when they expire; the evaluation takes "
            f"{takes}. If they end first, the run goes on and the notebook re-attaches when run again.",
            renew,
            source=credentials.source,
        )
    else:
        left = (credentials.expires - datetime.datetime.now(datetime.UTC)).total_seconds() / 60
        evidence: dict[str, Any] = {
            "expires": credentials.expires.isoformat(timespec="seconds"),
            "minutes_left": round(left),
        }
        if minutes and left < minutes[1]:
            yield warned(
                f"The credentials expire in {max(0, left):.0f} minutes; the evaluation takes {takes}. "
                "It goes on without them, but the notebook stops watching.",
                renew,
                **evidence,
            )
        else:
            yield passed(f"The credentials last {left:.0f} more minutes.", **evidence)


def clock(subject: Subject) -> Iterator[Result]:
    offset = clock_offset(subject.aws)
    if offset is None:
        yield skipped("AWS's answer carried no date to compare this machine's clock with.")
        return
    direction = "ahead of" if offset > 0 else "behind"
    message = f"This machine's clock is {abs(offset):.0f} seconds {direction} AWS's."
    fix = (
        "Set the clock by the network: `sudo timedatectl set-ntp true` on Linux, `sudo sntp -sS time.apple.com` on "
        "macOS, `w32tm /resync` on Windows; in a container or virtual machine, set the host's."
    )
    if abs(offset) >= TOLERATED_SECONDS:
        yield failed(f"{message} AWS refuses requests from {TOLERATED_SECONDS} on.", fix, seconds=round(offset))
    elif abs(offset) >= NOTICEABLE_SECONDS:
        yield warned(f"{message} AWS refuses requests from {TOLERATED_SECONDS} on.", fix, seconds=round(offset))
    else:
        yield passed("This machine's clock agrees with AWS's to the minute.", seconds=round(offset))
