"""One pipeline execution and its steps, as far as they have come."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.store import timestamp

from .definition import Definition, Step, resolve
from .job import Job

TERMINAL = frozenset({"Stopped", "Failed", "Succeeded", "CompletedWithFailures"})
STEP_FAILED = "Step failure: One or multiple steps failed."


@dataclass
class StepRun:
    """One step of one execution. ``started`` is ``None`` until everything it depends on has succeeded."""

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
    """One execution; ``record`` is what Describe returns and is kept up to date."""

    id: str
    arn: str
    region: str
    definition: Definition
    created: float
    record: Record
    runs: dict[str, StepRun]
    token: str
    stopped_at: float | None = None

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

    def ready(self) -> list[StepRun]:
        """The steps that wait for nothing any more."""
        return [
            run
            for run in self.runs.values()
            if run.status == "Waiting" and all(self.runs[name].status == "Succeeded" for name in run.step.depends_on)
        ]

    def moment_for(self, run: StepRun) -> float:
        """When a step that is ready starts: as soon as the last one before it has ended."""
        return max((self.runs[name].ended or self.created for name in run.step.depends_on), default=self.created)

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
        parts = path.split(".")
        if parts[0] == "Execution":
            return {
                "PipelineExecutionId": self.id,
                "PipelineExecutionArn": self.arn,
                "StartDateTime": timestamp(self.created).isoformat(),
            }[parts[1]]
        run = self.runs[parts[1]]
        if run.job is not None and parts[2:] == [run.job.type.resource.key]:
            return run.job.name
        value: Any = run.arguments or run.step.arguments
        for part in parts[2:]:
            # What a job of no type of its own is told, and says of itself, is JSON as text.
            value = (json.loads(value) if isinstance(value, str) else value)[part]
        return value

    def summaries(self) -> list[Record]:
        """Steps as ListPipelineExecutionSteps shows them: those that have started, in that order."""
        started = [run for run in self.runs.values() if run.started is not None]
        return [self._summary(run) for run in sorted(started, key=lambda run: run.started or 0.0)]

    def _summary(self, run: StepRun) -> Record:
        summary: Record = {
            "StepName": run.step.name,
            "StartTime": timestamp(run.started or 0.0),
            "StepStatus": "Stopping" if run.running and self.status == "Stopping" else run.status,
            "AttemptCount": 1,
            "Metadata": {} if run.job is None else {run.job.type.resource.word: {"Arn": run.job.arn}},
        }
        if run.ended is not None:
            summary["EndTime"] = timestamp(run.ended)
        if run.failure is not None:
            summary["FailureReason"] = run.failure
        return summary
