"""The account and its state, as the simulated services see it."""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .recording import Calls
from .scenario import Rules, Scenario
from .store import Store, timestamp

if TYPE_CHECKING:
    from botocore.client import BaseClient

    from .http.loopback import Loopback
    from .jobs.timeline import Timeline
    from .kind_player import KindPlayer


class Cloud:
    """One account in all regions.

    ``lock`` guards everything but moto's own state: hold it while reading or changing records. ``timeline`` and
    ``loopback`` are put there by whoever starts the server.
    """

    timeline: Timeline
    loopback: Loopback

    def __init__(self, account: str, clock: Callable[[], float], players: Sequence[KindPlayer]) -> None:
        self.account = account
        self.clock = clock
        self.players = tuple(players)
        self.lock = threading.RLock()
        self.calls = Calls()

    def reset(self, scenario: Scenario) -> None:
        """An account without anything in it and without a history."""
        self.started = self.clock()
        self.calls.clear()
        self.bugs: list[BaseException] = []
        self.scenario = scenario
        self.caller_arn = f"arn:aws:sts::{self.account}:assumed-role/LocalAwsCaller/local"
        self.store = Store()
        self.raised_quotas: dict[str, float] = {}

    def own_client(self, service: str, region: str) -> BaseClient:
        """A client for the services' own use; see :mod:`.http.loopback`."""
        return self.loopback.client(service, region)

    @property
    def scenario(self) -> Scenario:
        return self.rules.scenario

    @scenario.setter
    def scenario(self, scenario: Scenario) -> None:
        self.rules = Rules(scenario, self.clock)

    def arn(self, region: str, resource: str, service: str = "sagemaker") -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def now(self) -> datetime.datetime:
        """The simulated services' time."""
        return timestamp(self.clock())
