"""Failures others have met before: what the service's words mean, and what to do about them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeVar

from model_evaluation.runtime.settings import Settings

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

    from .durations import Work


class Failure(NamedTuple):
    """Words of a service (a regular expression, whatever the case), what they mean, and what to do."""

    pattern: str
    meaning: str
    fix: str


def read_failures(module: str) -> tuple[Failure, ...]:
    """The catalogue ``failures.toml`` beside a module's file."""
    text = Path(module).with_name("failures.toml").read_text(encoding="utf-8")
    return tuple(Failure(**item) for item in tomllib.loads(text)["failure"])


COMMON_FAILURES = read_failures(__file__)
UNKNOWN_FAILURE = Failure(
    "",
    "This failure is not one we know; the service's words are all there is to go by.",
    "Open the failed step's job in the SageMaker console and read its log, then run again.",
)


def diagnose(text: str, failures: Iterable[Failure] = COMMON_FAILURES) -> Failure:
    """The first of the failures whose words are in ``text``, else :data:`UNKNOWN_FAILURE`."""
    for failure in failures:
        if re.search(failure.pattern, text, re.IGNORECASE | re.DOTALL):
            return failure
    return UNKNOWN_FAILURE


ENDED = frozenset({"Succeeded", "CompletedWithFailures", "Failed", "Stopped"})

AnySettings = TypeVar("AnySettings", bound=Settings)
Call = Any
"""What a launch cell's function makes: an evaluator of the SDK, or AWS's answer to a start. Neither has types."""


@dataclass(frozen=True)
class Step:
    """One step of a run. Times are the service's; ``reason`` is the service's text when it failed, else empty."""

    name: str
    status: str
    started: datetime | None = None
    ended: datetime | None = None
    reason: str = ""
    job_arn: str | None = None


@dataclass(frozen=True)
class RunState:
    """A run at one moment."""

    arn: str
    status: str
    created: datetime | None = None
    name: str = ""
    reason: str = ""
    steps: tuple[Step, ...] = ()

    @property
    def id(self) -> str:
        return self.arn.rsplit("/", 1)[-1]

    @property
    def running(self) -> bool:
        """Whether it has yet to end; a status we do not know counts as not ended."""
        return self.status not in ENDED

    def step(self, name: str) -> Step | None:
        return next((step for step in self.steps if step.name == name), None)

    @property
    def failed_steps(self) -> tuple[Step, ...]:
        """The failed steps, in the order in which they ended; the stopped ones where none failed."""
        failed = [step for step in self.steps if step.status == "Failed"]
        stopped = [step for step in self.steps if step.status in ("Stopped", "Stopping")]
        return tuple(sorted(failed or stopped, key=lambda step: (step.ended is None, str(step.ended))))


@dataclass(frozen=True)
class ListedRun:
    """A run as the service lists it; ``name`` is the one that it was started under, ``started`` the service's time."""

    arn: str
    name: str
    status: str
    started: datetime | None = None

    @property
    def takes_a_place(self) -> bool:
        """Whether it counts among those that the account may run at once."""
        return self.status in ("Executing", "Stopping")


@dataclass(frozen=True)
class Started:
    """What came of a start. Without ``arn`` it is unknown whether anything was started, unless it was ``refused``."""

    arn: str | None
    reason: str = ""
    refused: bool = False


class Runs(Generic[AnySettings]):
    """How runs of a kind are started, looked at and ended. A kind subclasses this, or
    :class:`~model_evaluation.runtime.launch.pipelines.PipelineRuns` for SageMaker pipelines.

    Every method may raise what boto3 raises; launching and waiting know what to make of it.
    """

    labels: ClassVar[dict[str, str]] = {}
    """Names of steps, and what they do in words."""
    work: ClassVar[tuple[Work, ...]] = ()
    """What is known about how long steps take."""
    failures: ClassVar[Sequence[Failure]] = COMMON_FAILURES
    """What words of the service mean; the first that fits counts."""
    quota: ClassVar[tuple[str, str] | None] = None
    """Service and code of the quota for runs at the same time, where the service has one."""
    beside_others: ClassVar[str] = ""
    """What it means for a start that another run of the kind is under way, in sentences."""

    def start(self, call: Call, settings: AnySettings, aws: AwsClients) -> Started:
        """Starts what the notebook's launch cell made. An exception that is not boto3's says that nothing started."""
        raise NotImplementedError

    def describe(self, aws: AwsClients, arn: str) -> RunState:
        """The run and its steps now. Statuses are in the words that pipelines have: Executing, Stopping, Stopped,
        Failed, Succeeded, CompletedWithFailures."""
        raise NotImplementedError

    def status(self, aws: AwsClients, arn: str) -> RunState:
        """The run now, with or without its steps."""
        return self.describe(aws, arn)

    def stop(self, aws: AwsClients, arn: str) -> None:
        """Begins to end it."""
        raise NotImplementedError

    def show_command(self, arn: str) -> str:
        """The AWS CLI's command that shows it."""
        raise NotImplementedError

    def stop_command(self, arn: str) -> str:
        """The AWS CLI's command that ends it."""
        raise NotImplementedError

    def recent(self, aws: AwsClients, after: datetime) -> Iterable[ListedRun]:
        """The account's runs of this kind that were created later than ``after``."""
        raise NotImplementedError

    def differences(self, aws: AwsClients, arn: str, name: str, settings: AnySettings) -> list[str]:
        """How what the service runs under ``name`` differs from the settings, a sentence each."""
        return []

    def expected_steps(self, settings: AnySettings) -> tuple[str, ...]:
        """Names of the steps that a run of these settings has, in the order in which they start."""
        return ()

    def has_results(self, state: RunState, settings: AnySettings, aws: AwsClients) -> bool:
        """Whether a run that did not succeed left everything that is read from it."""
        return False

    def label(self, step_name: str) -> str:
        """What a step does, in words."""
        return self.labels.get(step_name, step_name)

    def named(self, aws: AwsClients, name: str, after: datetime) -> str | None:
        """ARN of the run that was started under ``name``, which no other run has; ``None`` when there is none."""
        return next((run.arn for run in self.recent(aws, after) if run.name == name), None)
