"""Who is signed in, for how long, and whether this machine's clock is right."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from model_evaluation.lookups.identity import clock_offset, credential_lifetime
from model_evaluation.preflight.results import Result, failed, passed, skipped, warned
from model_evaluation.preflight.subject import Subject
from model_evaluation.runtime.launch.durations import in_words

# AWS refuses signatures that are older or newer than this.
TOLERATED_SECONDS = 300
NOTICEABLE_SECONDS = 60


def caller(subject: Subject) -> Iterator[Result]:
    identity = subject.caller()
    evidence = identity._asdict()
    if identity.arn.endswith(":root"):
        message = "These are the account's root credentials; SageMaker cannot take a role from them."
        yield warned(message, "Sign in as a user or role instead: aws sso login", evidence=evidence)
    else:
        yield passed(f"Signed in as {identity.arn}.", evidence=evidence)


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
        minutes_left = (expires - datetime.datetime.now(datetime.UTC)).total_seconds() / 60
        evidence: dict[str, object] = {
            "expires": expires.isoformat(timespec="seconds"),
            "minutes_left": round(minutes_left),
        }
        if minutes and minutes_left < minutes[1]:
            message = f"The credentials expire in {max(0, minutes_left):.0f} minutes; {takes}."
            yield warned(
                f"{message} It goes on without them, but the notebook stops watching.", renew, evidence=evidence
            )
        else:
            yield passed(f"The credentials last {minutes_left:.0f} more minutes.", evidence=evidence)


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
    if abs(offset) < NOTICEABLE_SECONDS:
        yield passed("This machine's clock agrees with AWS's to the minute.", seconds=round(offset))
        return
    say = failed if abs(offset) >= TOLERATED_SECONDS else warned
    yield say(f"{message} AWS refuses requests from {TOLERATED_SECONDS} on.", fix, seconds=round(offset))
