"""Every failure a user can meet, as one tree.

EvaluationError                 code, message, fix; knows its exit code
├── UsageError           (2)    the command line itself is wrong
├── MissingDependency    (2)    a package is not installed; the fix is the command that installs it
├── Refused              (3)    an answer cannot be accepted; the user must act
│   ├── TooEarly                a prerequisite has no answer yet
│   └── Choose                  the answer leads to a choice; nothing was recorded
├── AwsError             (4)    AWS said no, or cannot be reached
│   ├── NoRegion                no region is configured
│   ├── NoCredentials           none were found, or AWS does not accept them
│   ├── ExpiredCredentials
│   ├── AccessDenied            the caller may not do this
│   ├── NotFound                AWS knows no such resource
│   ├── Throttled               AWS kept asking to slow down
│   └── Unreachable             the endpoint did not answer
└── StateError           (5)    workflow_state.json cannot be read, written or used

``message`` says what was received and what was expected; ``fix`` says what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any


class EvaluationError(Exception):
    """Base of every expected failure. ``str(error)`` is the message."""

    code = "error"
    exit_code = 1
    envelope: Mapping[str, Any] = MappingProxyType({})
    """What the command's envelope holds beside the error: where the workflow stands."""

    def __init__(
        self,
        message: str,
        *,
        fix: str,
        code: str | None = None,
        step: str | None = None,
        details: Mapping[str, object] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.step = step
        self.details = dict(details) if details else {}
        if code is not None:
            self.code = code

    def as_json(self) -> dict[str, object]:
        """The ``error`` object of the envelope."""
        body: dict[str, object] = {"code": self.code, "message": self.message, "fix": self.fix}
        if self.step is not None:
            body["step"] = self.step
        if self.details:
            body["details"] = self.details
        return body


class UsageError(EvaluationError):
    code = "usage"
    exit_code = 2


class MissingDependency(EvaluationError):
    code = "missing_dependency"
    exit_code = 2


class Refused(EvaluationError):
    code = "refused"
    exit_code = 3


class TooEarly(Refused):
    code = "too_early"


class Choose(Refused):
    """``choices`` are ``{"value", "label", "note"?}``."""

    code = "choose"

    def __init__(
        self,
        message: str,
        *,
        fix: str,
        choices: list[dict[str, str]],
        code: str | None = None,
        step: str | None = None,
    ) -> None:
        super().__init__(message, fix=fix, code=code, step=step)
        self.choices = choices


class AwsError(EvaluationError):
    code = "aws_error"
    exit_code = 4


class NoRegion(AwsError):
    code = "no_region"


class NoCredentials(AwsError):
    code = "no_credentials"


class ExpiredCredentials(AwsError):
    code = "expired_credentials"


class AccessDenied(AwsError):
    code = "access_denied"


class NotFound(AwsError):
    code = "not_found"


class Throttled(AwsError):
    code = "throttled"


class Unreachable(AwsError):
    code = "unreachable"


class StateError(EvaluationError):
    code = "state"
    exit_code = 5
