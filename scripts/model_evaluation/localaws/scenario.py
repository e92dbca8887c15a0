"""How one run of local AWS should go: what the account offers, and what is to go wrong.

A :class:`Scenario` is data. It may be replaced at any moment (``aws.scenario = Scenario(...)``);
counters such as "after the third call" then start anew.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TypeVar

from .errors import ServiceError

Part = TypeVar("Part")

# Their error codes differ from those of the services that speak JSON.
XML_SERVICES = frozenset({"s3", "iam", "sts"})


@dataclass(frozen=True)
class Scenario:
    """What local AWS does. The default is a run in which everything works.

    Operations are named ``StartPipelineExecution`` or ``s3:GetObject`` and may hold ``*``.
    Steps are named by any part of their name; the first match counts.
    """

    # How an execution ends.
    fail_step: Mapping[str, str] = field(default_factory=dict)
    """Step name part -> the service's reason. The step runs its time, then fails."""
    complete_with_failures: bool = False
    """A failed step stops only what depends on it; the execution ends CompletedWithFailures."""
    stop_after: str | None = None
    """When this step ends, the execution is stopped, as somebody would in the console."""
    hold_step: str | None = None
    """This step never ends."""

    # How calls are answered.
    expire_credentials_after: tuple[str, int] | float | None = None
    """``("DescribePipelineExecution", 3)``: after three such calls (a number: after so many seconds)
    every call is answered with ExpiredTokenException."""
    throttle: Mapping[str, int] = field(default_factory=dict)
    """Operation -> how many calls are refused with ThrottlingException before one passes."""
    deny: Mapping[str, str] = field(default_factory=dict)
    """Operation -> message; an empty message becomes IAM's usual sentence. Answered with AccessDenied."""
    errors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Operation -> (error code, message)."""
    slow: Mapping[str, float] = field(default_factory=dict)
    """Operation -> seconds for which its responses are held."""
    clock_ahead_seconds: float = 0.0
    """How far AWS's clock, as responses date themselves, is ahead of this machine's (negative: behind)."""

    # What the account and the region offer.
    foreign_buckets: Collection[str] = ()
    """Buckets that belong to another account, as requests that expect this one as their owner find out."""
    quotas: Mapping[str, float | None] = field(default_factory=dict)
    """Quota code -> its value here; ``None``: Service Quotas does not publish it."""
    foreign_update: Mapping[str, str] = field(default_factory=dict)
    """Text -> text: somebody else's UpdatePipeline, with these replacements in the definition, lands
    right before StartPipelineExecution."""
    foreign_updates: int = 1
    """How many starts suffer from ``foreign_update``."""

    missing_scores: float = 0.03
    """Share of scores that are not given, in 0..1; different rows for base and tuned."""

    parts: tuple[object, ...] = ()
    """What a kind of evaluation lets a scenario vary: a dataclass of its own, with defaults."""

    def part(self, category: type[Part]) -> Part:
        """The part of a kind, as it is by default unless the scenario says otherwise."""
        return next((part for part in self.parts if isinstance(part, category)), category())

    def with_part(self, part: object) -> Scenario:
        """This scenario with a kind's part in place of the present one."""
        return replace(self, parts=(*(other for other in self.parts if type(other) is not type(part)), part))


class Rules:
    """One scenario in force, with its counters. Safe to use from many threads.

    ``clock`` returns seconds; only differences matter.
    """

    def __init__(self, scenario: Scenario, clock: Callable[[], float]) -> None:
        self.scenario = scenario
        self._clock = clock
        self._since = clock()
        self._lock = threading.Lock()
        self._seen: Counter[str] = Counter()
        self._expired = False

    def admit(self, service: str, operation: str) -> None:
        """Raise :class:`ServiceError` when this call is to be refused."""
        scenario = self.scenario
        with self._lock:
            if self._credentials_expired(service, operation):
                raise ServiceError(
                    "ExpiredToken" if service in XML_SERVICES else "ExpiredTokenException",
                    "The security token included in the request is expired",
                    status=400 if service == "s3" else 403,
                )
            throttled = _match(scenario.throttle, service, operation)
            if throttled is not None and self._count(f"throttle {throttled}") < scenario.throttle[throttled]:
                code = {"s3": "SlowDown", "iam": "Throttling", "sts": "Throttling"}.get(service)
                status = 503 if service == "s3" else 400
                raise ServiceError(code or "ThrottlingException", "Rate exceeded", status=status)
        if (denied := _match(scenario.deny, service, operation)) is not None:
            raise ServiceError(
                "AccessDenied" if service in XML_SERVICES else "AccessDeniedException",
                scenario.deny[denied] or f"User is not authorized to perform: {service}:{operation}",
                status=403,
            )
        if (wrong := _match(scenario.errors, service, operation)) is not None:
            code, message = scenario.errors[wrong]
            raise ServiceError(code, message)

    def delay_seconds(self, service: str, operation: str) -> float:
        """How long this call's response is to be held."""
        slow = _match(self.scenario.slow, service, operation)
        return self.scenario.slow[slow] if slow else 0.0

    def foreign_update(self) -> Mapping[str, str]:
        """The replacements to make before the next start; empty once they are used up."""
        with self._lock:
            still = self._count("foreign") < self.scenario.foreign_updates
            return self.scenario.foreign_update if still else {}

    def _credentials_expired(self, service: str, operation: str) -> bool:
        limit = self.scenario.expire_credentials_after
        if limit is None or self._expired:
            return self._expired
        if isinstance(limit, tuple):
            name, calls = limit
            self._expired = _matches(name, service, operation) and self._count("expiry") >= calls
        else:
            self._expired = self._clock() - self._since >= limit
        return self._expired

    def _count(self, what: str) -> int:
        """Counts it once more; returns how often that was done before."""
        self._seen[what] += 1
        return self._seen[what] - 1


def _matches(pattern: str, service: str, operation: str) -> bool:
    return fnmatchcase(f"{service}:{operation}" if ":" in pattern else operation, pattern)


def _match(table: Mapping[str, object], service: str, operation: str) -> str | None:
    return next((pattern for pattern in table if _matches(pattern, service, operation)), None)
