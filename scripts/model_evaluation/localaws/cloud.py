"""The account and its state, as the simulated services see it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from .judges import DAYS, JudgeModel
from .loopback import Loopback
from .player import Player
from .recording import Calls
from .scenario import Rules, Scenario
from .store import Record, Store, timestamp

DEFAULT_ACCOUNT = "111122223333"


class Cloud:
    """One account in all regions.

    ``lock`` guards everything but moto's own state: hold it while reading or changing records.
    """

    def __init__(self, *, account: str, step_seconds: float, scenario: Scenario, clock: Callable[[], float]) -> None:
        self.account = account
        self.clock = clock
        self.lock = threading.RLock()
        self.calls = Calls()
        self._loopback: Loopback | None = None
        self.reset(scenario, step_seconds)

    def reset(self, scenario: Scenario, step_seconds: float) -> None:
        """An account without anything in it and without a history."""
        self.started = self.clock()
        self.calls.clear()
        self.bugs: list[BaseException] = []
        self.rules = Rules(scenario, self.clock)
        self.caller_arn = f"arn:aws:sts::{self.account}:assumed-role/LocalAwsCaller/local"
        self.store = Store()
        self.associations: dict[str, list[Record]] = {}
        self.raised_quotas: dict[str, float] = {}
        self.log_streams: set[tuple[str, str]] = set()
        self.player = Player(self, step_seconds)

    def connect(self, moto: Callable[..., Any]) -> None:
        """Binds the services' own clients to moto's WSGI application."""
        self._loopback = Loopback(moto)

    def own_client(self, service: str, region: str) -> Any:
        """A client for the services' own use; see :mod:`.loopback`."""
        if self._loopback is None:
            raise RuntimeError("local AWS has not been started")
        return self._loopback.client(service, region)

    @property
    def scenario(self) -> Scenario:
        return self.rules.scenario

    def judge(self, model_id: str) -> JudgeModel | None:
        """A foundation model the region has, ``None`` for any other."""
        return next((j for j in self.scenario.judges if j.model_id == model_id and j.known), None)

    def past_end_of_life(self, judge: JudgeModel) -> bool:
        if judge.end_of_life_in_days is None:
            return False
        return self.started + judge.end_of_life_in_days * DAYS <= self.clock()

    def arn(self, region: str, resource: str, service: str = "sagemaker") -> str:
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def now(self) -> Any:
        """The simulated services' time as an aware ``datetime``."""
        return timestamp(self.clock())
