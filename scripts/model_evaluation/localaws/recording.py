"""The record of every request local AWS received."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, overload

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
    params: dict[str, Any] = field(default_factory=dict)


class Calls:
    """Recorded calls in order of arrival; safe to read while requests come in.

    ``observer`` is told of each call twice: ``arrived`` before it takes effect, ``answered`` after that and before
    the answer is sent. It may raise ``ConnectionAbortedError``: then the connection drops at that moment.
    """

    def __init__(self) -> None:
        self.observer: Callable[[Call, str], None] = lambda call, moment: None
        self._calls: list[Call] = []
        self._lock = threading.Lock()

    def add(self, call: Call) -> None:
        with self._lock:
            self._calls.append(call)

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()

    def snapshot(self) -> list[Call]:
        with self._lock:
            return list(self._calls)

    def of(self, operation: str, service: str | None = None) -> list[Call]:
        """The calls of one operation."""
        return [call for call in self.snapshot() if call.operation == operation and service in (None, call.service)]

    def names(self) -> list[str]:
        """``service:Operation`` of every call."""
        return [f"{call.service}:{call.operation}" for call in self.snapshot()]

    def __len__(self) -> int:
        with self._lock:
            return len(self._calls)

    def __iter__(self) -> Iterator[Call]:
        return iter(self.snapshot())

    @overload
    def __getitem__(self, index: int) -> Call: ...
    @overload
    def __getitem__(self, index: slice) -> list[Call]: ...
    def __getitem__(self, index: int | slice) -> Call | list[Call]:
        return self.snapshot()[index]
