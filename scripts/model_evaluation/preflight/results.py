"""What a check says."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Literal, NamedTuple, TypedDict

Status = Literal["pass", "warn", "fail", "skip"]
STATUSES: tuple[Status, ...] = ("pass", "warn", "fail", "skip")
Evidence = Mapping[str, object]
NOTHING: Evidence = MappingProxyType({})


class Result(NamedTuple):
    """One finding of a check. ``fix`` is prose, followed by lines that can be pasted into a shell (see :mod:`.fixes`).
    ``part`` tells several findings of one check apart: it is appended to the check's id."""

    status: Status
    message: str
    fix: str = ""
    evidence: Evidence = NOTHING
    part: str = ""

    def about(self, part: str, evidence: Evidence = NOTHING) -> Result:
        """The same under a part of the check's id, with more evidence."""
        return self._replace(part=part, evidence={**evidence, **self.evidence})


class CheckEntry(TypedDict):
    """A finding as `preflight` prints it and as a card lists it."""

    id: str
    status: Status
    message: str
    fix: str
    evidence: dict[str, object]


def _result(
    status: Status, message: str, *fix: str, part: str = "", evidence: Evidence = NOTHING, **more: object
) -> Result:
    """A result. The lines of its fix stand below one another, and its evidence is ``evidence`` and ``more``."""
    return Result(status, message, "\n".join(filter(None, fix)), {**evidence, **more}, part)


passed = partial(_result, "pass")
warned = partial(_result, "warn")
failed = partial(_result, "fail")
skipped = partial(_result, "skip")


def missing(bucket: str) -> Result:
    """What depends on a bucket that is not there; that it is not there is said once, by the answer's own check."""
    return skipped(f"Not checked: there is no bucket {bucket}, see `dataset` and `output`.")
