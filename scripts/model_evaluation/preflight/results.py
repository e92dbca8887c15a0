"""What a check says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, TypedDict

Status = Literal["pass", "warn", "fail", "skip"]
STATUSES: tuple[Status, ...] = ("pass", "warn", "fail", "skip")


class Result(NamedTuple):
    """One finding of a check.

    ``fix`` is prose, followed by lines that can be pasted into a shell (see :mod:`.fixes`). ``part`` tells several
    findings of one check apart: it is appended to the check's id.
    """

    status: Status
    message: str
    fix: str = ""
    evidence: Mapping[str, object] = {}
    part: str = ""


class CheckEntry(TypedDict):
    """A finding as `preflight` prints it and as a card lists it."""

    id: str
    status: Status
    message: str
    fix: str
    evidence: dict[str, object]


Evidence = Mapping[str, object]
NOTHING: Evidence = {}


def passed(message: str, *, part: str = "", evidence: Evidence = NOTHING, **more: object) -> Result:
    """A result whose evidence is ``evidence`` and ``more``; so are those of the others."""
    return Result("pass", message, "", {**evidence, **more}, part)


def warned(message: str, fix: str, *, part: str = "", evidence: Evidence = NOTHING, **more: object) -> Result:
    return Result("warn", message, fix, {**evidence, **more}, part)


def failed(message: str, fix: str, *, part: str = "", evidence: Evidence = NOTHING, **more: object) -> Result:
    return Result("fail", message, fix, {**evidence, **more}, part)


def skipped(message: str, fix: str = "", *, part: str = "", evidence: Evidence = NOTHING, **more: object) -> Result:
    return Result("skip", message, fix, {**evidence, **more}, part)


def missing(bucket: str, *, part: str = "") -> Result:
    """What depends on a bucket that is not there; that it is not there is said once, by the answer's own check."""
    return skipped(f"Not checked: there is no bucket {bucket}, see `dataset` and `output`.", part=part)
