"""Scenarios of local AWS in which calls are refused, held, or come after somebody else's."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field, fields
from fnmatch import fnmatchcase
from threading import Event

import pytest

from model_evaluation.localaws import Scenario
from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.operations import Request, ServiceError
from model_evaluation.localaws.services.pipelines import PIPELINES
from model_evaluation.lookups import session

# Their error codes differ from those of the services that speak JSON.
XML_SERVICES = frozenset({"s3", "iam", "sts"})


@dataclass(frozen=True)
class Trouble(Scenario):
    """Operations are named ``StartPipelineExecution`` or ``s3:GetObject`` and may hold ``*``. Counters such as "after
    the third call" belong to one object."""

    expire_credentials_after: tuple[str, int] | float | None = None
    """``("DescribePipelineExecution", 3)``: after three such calls (a number: at once) every call is answered with
    ExpiredTokenException."""
    throttle: Mapping[str, int] = field(default_factory=dict)
    """Operation -> how many calls are refused with ThrottlingException before one passes."""
    deny: Mapping[str, str] = field(default_factory=dict)
    """Operation -> message; an empty message becomes IAM's usual sentence. Answered with AccessDenied."""
    errors: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Operation -> (error code, message)."""
    slow: float = 0.0
    """Seconds for which every response is held."""
    held: Mapping[str, Event] = field(default_factory=dict)
    """Operation -> what its responses wait for, for ten minutes at most."""
    foreign_buckets: Collection[str] = ()
    """Buckets that belong to another account, as requests that expect this one as their owner find out."""
    foreign_update: Mapping[str, str] = field(default_factory=dict)
    """Text -> text: somebody else's UpdatePipeline, with these replacements in the definition, lands
    right before StartPipelineExecution."""
    foreign_updates: int = 1
    """How many starts suffer from ``foreign_update``."""
    seen: Counter[str] = field(default_factory=Counter, init=False, compare=False)

    def admit(self, cloud: Cloud, request: Request) -> None:
        time.sleep(self.slow)
        for operation, event in self.held.items():
            if _is(operation, request):
                event.wait(600)
        service, xml = request.service, request.service in XML_SERVICES
        if self._expired(request):
            code = "ExpiredToken" if xml else "ExpiredTokenException"
            message = "The security token included in the request is expired"
            raise ServiceError(code, message, status=400 if service == "s3" else 403)
        for operation, times in self.throttle.items():
            if _is(operation, request) and self._count(operation) < times:
                code = {"s3": "SlowDown", "iam": "Throttling", "sts": "Throttling"}.get(service, "ThrottlingException")
                raise ServiceError(code, "Rate exceeded", status=503 if service == "s3" else 400)
        for operation, message in self.deny.items():
            if _is(operation, request):
                code = "AccessDenied" if xml else "AccessDeniedException"
                usual = f"User is not authorized to perform: {service}:{request.operation}"
                raise ServiceError(code, message or usual, status=403)
        for operation, (code, message) in self.errors.items():
            if _is(operation, request):
                raise ServiceError(code, message)
        if "ExpectedBucketOwner" in request.params and request.params.get("Bucket") in self.foreign_buckets:
            raise ServiceError("AccessDenied", "Access Denied", status=403)
        if request.operation == "StartPipelineExecution" and self._count("foreign") < self.foreign_updates:
            pipeline = PIPELINES.find(cloud, request)
            for old, new in self.foreign_update.items():
                pipeline["PipelineDefinition"] = pipeline["PipelineDefinition"].replace(old, new)

    def _expired(self, request: Request) -> bool:
        match self.expire_credentials_after:
            case (operation, calls) if self.seen["expiry"] <= calls:
                self.seen["expiry"] += _is(operation, request)
                return self.seen["expiry"] > calls
            case None:
                return False
        return True

    def _count(self, what: str) -> int:
        """Counts it once more; how often that was done before."""
        self.seen[what] += 1
        return self.seen[what] - 1


def with_trouble(scenario: Scenario, **changes: object) -> Trouble:
    """A scenario with the fields of :class:`Trouble` that are named."""
    kept = {part.name: getattr(scenario, part.name) for part in fields(scenario) if part.init}
    return Trouble(**{**kept, **changes})  # type: ignore[arg-type]


def wait_for_all_but(hanging: int, patch: pytest.MonkeyPatch) -> None:
    """From now on, time for calls that run side by side is over only when all but so many have ended."""

    def patient(futures: Sequence[Future[object]], timeout: float | None = None) -> object:
        while timeout is not None and sum(not future.done() for future in futures) > hanging:
            wait(futures, timeout=0.1)
        return wait(futures, timeout)

    patch.setattr(session, "wait", patient)


def _is(pattern: str, request: Request) -> bool:
    name = f"{request.service}:{request.operation}" if ":" in pattern else request.operation
    return fnmatchcase(name, pattern)
