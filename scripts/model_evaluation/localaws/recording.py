"""The record of every request local AWS received."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from .operations import Record

REFUSED = "refused"
TELEMETRY = "telemetry"


@dataclass(frozen=True)
class Call:
    """One request.

    ``service`` is botocore's name, or ``telemetry`` for the SDK's usage reports (swallowed here), or
    ``refused`` for anything that wanted to leave the machine. ``params`` hold no object bodies.
    """

    service: str
    operation: str
    params: Record = field(default_factory=dict)


class Calls(list[Call]):
    """Recorded calls in order of arrival.

    ``observer`` is told of each call twice: ``arrived`` before it takes effect, ``answered`` after that and before
    the answer is sent. It may raise ``ConnectionAbortedError``: then the connection drops at that moment.
    """

    def __init__(self) -> None:
        super().__init__()
        self.observer: Callable[[Call, str], None] = lambda call, moment: None

    def of(self, operation: str, service: str | None = None) -> list[Call]:
        """The calls of one operation."""
        return [call for call in self if call.operation == operation and service in (None, call.service)]

    def names(self) -> list[str]:
        """``service:Operation`` of every call."""
        return [f"{call.service}:{call.operation}" for call in self]
