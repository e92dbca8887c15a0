"""What a kind of evaluation needs to be allowed, as data: `preflight` asks IAM about it and `preflight --policy` prints
it, so that the two cannot disagree.

Resources are ARNs. :mod:`model_evaluation.preflight.needs` has the needs that several kinds share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from model_evaluation.json_types import JsonObject

Necessity = Literal["required", "contested", "secondary", "checks"]
"""``required``: without it the run fails for certain. ``contested``: AWS's sources disagree, or nothing shows that the
run uses it. ``secondary``: only something beside the results is lost. ``checks``: only a check of `preflight` reads it,
and says so itself when it may not. The first is a failure where it is missing, the next two are warnings, and the last
is printed only."""

SDK_CHECK = "sdk_check"
"""``part`` of what the SageMaker SDK itself simulates before it starts anything, without naming resources: it refuses
whoever may do these on certain resources only, though AWS would let them."""


@dataclass(frozen=True)
class Need:
    """Actions that somebody must be allowed."""

    part: str
    """Names the finding: ``role_may.PART``."""
    actions: tuple[str, ...]
    """Such as ``s3:GetObject``; all of one service, unless they are asked about on ``*`` or not at all."""
    granted: tuple[str, ...]
    """ARNs or patterns to write into a policy."""
    otherwise: str
    """What happens without it."""
    source: str
    """Who says that it is needed."""
    necessity: Necessity = "required"
    asked: tuple[str, ...] = ()
    """ARNs to ask IAM about; without any it is asked about ``*``."""
    context: tuple[tuple[str, str], ...] = ()
    """Condition keys that the request will carry, and their values."""

    def statement(self) -> JsonObject:
        """The statement that grants it."""
        return allow(self.actions, self.granted, self.context)


@dataclass(frozen=True)
class TrustedService:
    """A service that must be allowed to assume the execution role."""

    principal: str
    """Such as ``sagemaker.amazonaws.com``."""
    name: str
    otherwise: str
    """What happens without it."""
    contested: bool = False
    part: str = ""
    """Names the finding: ``role.PART``; empty for the service without which no job starts."""
    actions: tuple[str, ...] = ("sts:AssumeRole",)
    """What the role's trust policy has to grant it."""


@dataclass(frozen=True)
class Permissions:
    """What one configured evaluation needs: of the execution role, of whoever runs the notebook, and the services that
    work with the role. No role takes part where ``trusted`` is empty."""

    role: tuple[Need, ...] = ()
    caller: tuple[Need, ...] = ()
    trusted: tuple[TrustedService, ...] = ()


def actions(service: str, names: str) -> tuple[str, ...]:
    """``actions("s3", "GetObject PutObject")`` is ``("s3:GetObject", "s3:PutObject")``."""
    return tuple(f"{service}:{name}" for name in names.split())


def allow(names: tuple[str, ...], resources: tuple[str, ...], context: tuple[tuple[str, str], ...] = ()) -> JsonObject:
    """An Allow statement; a single resource stands alone, as people write it."""
    body: JsonObject = {
        "Effect": "Allow",
        "Action": sorted(names),
        "Resource": resources[0] if len(resources) == 1 else list(resources),
    }
    if context:
        body["Condition"] = {"StringEquals": dict(context)}
    return body


def document(statements: list[JsonObject]) -> JsonObject:
    """A policy document of statements."""
    return {"Version": "2012-10-17", "Statement": statements}
