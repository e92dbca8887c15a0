"""One pipeline execution: its definition, and its steps as far as they have come."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from model_evaluation.localaws.operations import Record, invalid, timestamp

from .job import Job

TERMINAL = frozenset({"Stopped", "Failed", "Succeeded", "CompletedWithFailures"})
STEP_FAILED = "Step failure: One or multiple steps failed."


class Step(msgspec.Struct, rename="pascal", frozen=True):
    """One step as defined. ``arguments`` still hold ``Get`` and ``Std:Join`` references."""

    name: str
    type: str
    depends_on: tuple[str, ...] = ()
    arguments: dict[str, Any] = {}


class Definition(msgspec.Struct, rename="pascal", frozen=True):
    steps: tuple[Step, ...]
    mlflow_config: dict[str, Any] | None = None


def read_definition(text: str) -> Definition:
    """Raises ``ValidationException`` as CreatePipeline and UpdatePipeline do for unusable text."""
    try:
        definition = msgspec.json.decode(text, type=Definition)
    except msgspec.MsgspecError as error:
        raise invalid(f"Unable to parse pipeline definition. {error}") from error
    names = {step.name for step in definition.steps}
    for step in definition.steps:
        if missing := set(step.depends_on) - names:
            raise invalid(f"Step {step.name} depends on step {min(missing)}, which does not exist")
    arn = (definition.mlflow_config or {}).get("MlflowResourceArn", "arn:")
    if not str(arn).startswith("arn:"):
        raise invalid(f"Invalid MlflowResourceArn {arn!r} in MlflowConfig: not an ARN")
    return definition


def resolve(value: Any, lookup: Callable[[str], object]) -> Any:
    """``value`` with every ``{"Get": ...}`` and ``{"Std:Join": ...}`` replaced.

    ``lookup`` returns what a property path such as ``Execution.PipelineExecutionId`` stands for.
    """
    match value:
        case {"Get": path}:
            return lookup(path)
        case {"Std:Join": join}:
            return join["On"].join(str(resolve(part, lookup)) for part in join["Values"])
        case dict():
            return {key: resolve(part, lookup) for key, part in value.items()}
        case list():
            return [resolve(part, lookup) for part in value]
    return value


@dataclass
class StepRun:
    """One step of one execution, or a job of its own as a step. ``started`` is ``None`` until everything it depends on
    has succeeded."""

    step: Step
    status: str = "Waiting"
    started: float | None = None
    ended: float | None = None
    failure: str | None = None
    arguments: Record = field(default_factory=dict)
    job: Job | None = None

    @property
    def running(self) -> bool:
        return self.status == "Executing"


@dataclass
class Execution:
    """One execution; ``record`` is what Describe returns and is kept up to date, ``text`` its definition's text."""

    id: str
    region: str
    text: str
    definition: Definition
    created: float
    record: Record
    token: str
    stopped_at: float | None = None

    def __post_init__(self) -> None:
        self.runs = {step.name: StepRun(step) for step in self.definition.steps}

    @property
    def arn(self) -> str:
        return str(self.record["PipelineExecutionArn"])

    @property
    def status(self) -> str:
        return str(self.record["PipelineExecutionStatus"])

    @property
    def over(self) -> bool:
        return self.status in TERMINAL

    @property
    def failed(self) -> bool:
        """Whether one of its steps has failed."""
        return any(run.status == "Failed" for run in self.runs.values())

    def before(self, run: StepRun) -> list[StepRun]:
        """The steps that a step depends on."""
        return [self.runs[name] for name in run.step.depends_on]

    def ready(self) -> list[StepRun]:
        """The steps that wait for nothing any more."""
        waiting = [run for run in self.runs.values() if run.status == "Waiting"]
        return [run for run in waiting if all(one.status == "Succeeded" for one in self.before(run))]

    def stop(self, when: float) -> None:
        """Begins to stop."""
        self.stopped_at = when
        self.mark("Stopping", when)

    def settle(self, now: float, *, lenient: bool) -> None:
        """Ends it if nothing runs and nothing can start any more; ``lenient``: whatever failed steps stopped."""
        if any(run.running for run in self.runs.values()):
            return
        ends = [run.ended for run in self.runs.values() if run.ended is not None]
        if self.stopped_at is not None:
            self.mark("Stopped", max([*ends, self.stopped_at]))
            return
        if self.failed:
            self.record["FailureReason"] = self.record["PipelineExecutionFailureReason"] = STEP_FAILED
        status = ("CompletedWithFailures" if lenient else "Failed") if self.failed else "Succeeded"
        self.mark(status, max(ends, default=now))

    def mark(self, status: str, when: float) -> None:
        self.record |= {"PipelineExecutionStatus": status, "LastModifiedTime": timestamp(when)}

    def resolved(self, arguments: Record) -> Record:
        """``arguments`` with their references to this execution and its steps replaced."""
        return {key: resolve(value, self._property) for key, value in arguments.items()}

    def _property(self, path: str) -> object:
        """What ``Execution.PipelineExecutionId`` or ``Steps.NAME.PROPERTY`` stands for."""
        first, name, *rest = path.split(".")
        if first == "Execution":
            return {
                "PipelineExecutionId": self.id,
                "PipelineExecutionArn": self.arn,
                "StartDateTime": timestamp(self.created).isoformat(),
            }[name]
        run = self.runs[name]
        if run.job is not None and rest == [run.job.type.key]:
            return run.job.name
        value: Any = run.arguments or run.step.arguments
        for part in rest:
            # What a job of no type of its own is told, and says of itself, is JSON as text.
            value = (json.loads(value) if isinstance(value, str) else value)[part]
        return value

    def summaries(self) -> list[Record]:
        """Steps as ListPipelineExecutionSteps shows them: those that have started, in that order."""
        started = [(run.started, run) for run in self.runs.values() if run.started is not None]
        return [
            {
                "StepName": run.step.name,
                "StartTime": timestamp(when),
                "StepStatus": "Stopping" if run.running and self.status == "Stopping" else run.status,
                "AttemptCount": 1,
                "Metadata": {} if run.job is None else {run.job.type.word: {"Arn": run.job.arn}},
                "EndTime": None if run.ended is None else timestamp(run.ended),  # what is None is left out
                "FailureReason": run.failure,
            }
            for when, run in sorted(started, key=lambda pair: pair[0])
        ]
