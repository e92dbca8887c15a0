"""Every failure a user can meet, as one tree.

EvaluationError                 code, message, fix; knows its exit code
├── UsageError           (2)    the command line itself is wrong
├── Refused              (3)    an answer cannot be accepted; the user must act
│   ├── TooEarly                a prerequisite has no answer yet
│   └── Choose                  the answer leads to a choice
├── AwsError             (4)    AWS said no, or cannot be reached
│   ├── NoRegion
│   ├── NoCredentials
│   ├── ExpiredCredentials
│   ├── AccessDenied
│   ├── NotFound
│   ├── Throttled
│   └── Unreachable
├── StateError           (5)    workflow_state.json cannot be used
└── MissingDependency    (2)    a package is not installed; the fix is the command that installs it

``message`` says what was received and what was expected; ``fix`` says what to do next.
"""

from __future__ import annotations

from collections.abc import Mapping


class EvaluationError(Exception):
    """Base of every expected failure. ``str(error)`` is the message."""

    code = "error"
    exit_code = 1

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
    """The command line is wrong."""

    code = "usage"
    exit_code = 2


class MissingDependency(EvaluationError):
    """A Python package is not installed."""

    code = "missing_dependency"
    exit_code = 2


class Refused(EvaluationError):
    """An answer that cannot be accepted."""

    code = "refused"
    exit_code = 3


class TooEarly(Refused):
    """A step whose prerequisites have no answer yet."""

    code = "too_early"


class Choose(Refused):
    """An answer that leads to a choice.

    ``choices`` are ``{"value", "label", "note"?}``; nothing was recorded.
    """

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
    """AWS refused a call, or could not be reached."""

    code = "aws_error"
    exit_code = 4


class NoRegion(AwsError):
    """No region is configured."""

    code = "no_region"


class NoCredentials(AwsError):
    """No credentials were found."""

    code = "no_credentials"


class ExpiredCredentials(AwsError):
    """The credentials have expired."""

    code = "expired_credentials"


class AccessDenied(AwsError):
    """The caller may not do this."""

    code = "access_denied"


class NotFound(AwsError):
    """AWS knows no such resource."""

    code = "not_found"


class Throttled(AwsError):
    """AWS kept asking to slow down."""

    code = "throttled"


class Unreachable(AwsError):
    """The endpoint did not answer."""

    code = "unreachable"


class StateError(EvaluationError):
    """The state file cannot be read or written."""

    code = "state"
    exit_code = 5
