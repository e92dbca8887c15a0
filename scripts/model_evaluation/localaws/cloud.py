"""The account: its state as the simulated services see it, how a run in it should go, and the record of every
request."""

from __future__ import annotations

import datetime
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeVar

from .operations import Record, Request, timestamp

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .jobs.timeline import Timeline
    from .kind_player import KindPlayer

ACCESS_KEY = "LOCALAWSACCESSKEY000"
OWN_KEY = "LOCALAWSITSELF000000"
"""Access key of the simulated services' own requests to moto, which are neither recorded nor refused."""
SECRET = "local-aws-needs-no-secret"  # noqa: S105
REFUSED = "refused"
TELEMETRY = "telemetry"
Part = TypeVar("Part")


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


@dataclass(frozen=True)
class Scenario:
    """What local AWS does. The default is a run in which everything works. It may be replaced at any moment
    (``aws.scenario = Scenario(...)``). Steps are named by any part of their name; the first match counts."""

    fail_step: Mapping[str, str] = field(default_factory=dict)
    """Step name part -> the service's reason. The step runs its time, then fails."""
    complete_with_failures: bool = False
    """A failed step stops only what depends on it; the execution ends CompletedWithFailures."""
    stop_after: str | None = None
    """When this step ends, the execution is stopped, as somebody would in the console."""
    hold_step: str | None = None
    """This step never ends."""
    clock_ahead_seconds: float = 0.0
    """How far AWS's clock, as responses date themselves, is ahead of this machine's (negative: behind)."""
    quotas: Mapping[str, float | None] = field(default_factory=dict)
    """Quota code -> its value here; ``None``: Service Quotas does not publish it."""
    missing_scores: float = 0.03
    """Share of scores that are not given, in 0..1; different rows for base and tuned."""
    parts: tuple[object, ...] = ()
    """What a kind of evaluation lets a scenario vary: a dataclass of its own, with defaults."""

    def admit(self, cloud: Cloud, request: Request) -> None:
        """Raises :class:`ServiceError` when a call is to be refused; for scenarios of trouble, which override it."""

    def part(self, category: type[Part]) -> Part:
        """The part of a kind, as it is by default unless the scenario says otherwise."""
        return next((part for part in self.parts if isinstance(part, category)), category())

    def with_part(self, part: object) -> Self:
        """This scenario with a kind's part in place of the present one."""
        return replace(self, parts=(*(other for other in self.parts if type(other) is not type(part)), part))


class Cloud:
    """One account in all regions.

    ``lock`` guards everything but moto's own state: hold it while reading or changing records. ``timeline`` and
    ``endpoint`` are put there by whoever starts the server.
    """

    timeline: Timeline
    endpoint: str

    def __init__(self, account: str, clock: Callable[[], float], players: Sequence[KindPlayer]) -> None:
        self.account = account
        self.clock = clock
        self.players = tuple(players)
        self.lock = threading.RLock()
        self.calls = Calls()
        self._clients: dict[tuple[str, str, str], BaseClient] = {}

    def reset(self, scenario: Scenario) -> None:
        """An account without anything in it and without a history."""
        self.started = self.clock()
        self.calls.clear()
        self.bugs: list[BaseException] = []
        self.scenario = scenario
        self.caller_arn = f"arn:aws:sts::{self.account}:assumed-role/LocalAwsCaller/local"
        self.tables: defaultdict[tuple[str, str], dict[str, Record]] = defaultdict(dict)
        """The records of each sort and region, by ARN."""
        self.tags: defaultdict[str, dict[str, str]] = defaultdict(dict)
        self.raised_quotas: dict[str, float] = {}

    def own_client(self, service: str, region: str) -> BaseClient:
        """A client for the simulated services' own use. What they read and write with it is not recorded and not
        subject to the scenario."""
        return self.client(service, region, OWN_KEY)

    def client(self, service: str, region: str, access_key: str = ACCESS_KEY) -> BaseClient:
        """A boto3 client that talks to this local AWS over HTTP; the same one each time."""
        import boto3  # noqa: TID251 - the stand-in's own door, not a lookup
        from botocore.config import Config

        key = (service, region, access_key)
        with self.lock:
            if key not in self._clients:
                session = boto3.session.Session(access_key, SECRET, region_name=region)
                # No proxy, whatever the environment says: the endpoint is on this machine.
                self._clients[key] = session.client(service, endpoint_url=self.endpoint, config=Config(proxies={}))
            return self._clients[key]

    def tag(self, arn: str, tags: Iterable[Record]) -> None:
        """Adds SageMaker tags (``{"Key", "Value"}``) to an ARN."""
        self.tags[arn].update({tag["Key"]: tag["Value"] for tag in tags})

    def tags_of(self, arn: str) -> list[Record]:
        return [{"Key": key, "Value": value} for key, value in sorted(self.tags[arn].items())]

    def arn(self, region: str, resource: str, service: str = "sagemaker") -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def now(self) -> datetime.datetime:
        """The simulated services' time."""
        return timestamp(self.clock())
