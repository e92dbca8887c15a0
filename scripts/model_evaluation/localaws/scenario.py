"""How one run of local AWS should go: what the account offers, and how its jobs end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Self, TypeVar

if TYPE_CHECKING:
    from .cloud import Cloud
    from .operations import Request

Part = TypeVar("Part")


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
