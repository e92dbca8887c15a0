"""Plays pipeline executions by the clock.

Nothing runs in the background: :meth:`Player.advance` is called before every request and brings every
execution to the present, event by event in the order of their times, so that what a client sees depends
on the clock only.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .definition import Definition, Step, resolve
from .errors import LocalAwsBug, StepFailure
from .stepjobs import close_job, create_job
from .store import Record, timestamp

if TYPE_CHECKING:
    from .cloud import Cloud

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
    arguments: dict[str, Any] = field(default_factory=dict)
    job_name: str | None = None

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
    token: str | None = None
    stopped_at: float | None = None

    @property
    def status(self) -> str:
        return str(self.record["PipelineExecutionStatus"])

    @property
    def over(self) -> bool:
        return self.status in TERMINAL

    def resolved(self, value: Any) -> Any:
        """``value`` with its references to this execution and its steps replaced."""
        return resolve(value, self._property)

    def _property(self, path: str) -> Any:
        """What ``Execution.PipelineExecutionId`` or ``Steps.NAME.PROPERTY`` stands for."""
        parts = path.split(".")
        if parts[0] == "Execution":
            return {
                "PipelineExecutionId": self.id,
                "PipelineExecutionArn": self.arn,
                "StartDateTime": timestamp(self.created).isoformat(),
            }[parts[1]]
        run = self.runs[parts[1]]
        if parts[2:] == ["TrainingJobName"]:
            return run.job_name
        value: Any = run.arguments or run.step.arguments
        for part in parts[2:]:
            value = value[part]
        return value


class Player:
    """All executions of one account."""

    def __init__(self, cloud: Cloud, step_seconds: float) -> None:
        self._cloud = cloud
        self.step_seconds = step_seconds
        self.executions: dict[str, Execution] = {}
        self._active: list[Execution] = []

    def start(self, region: str, pipeline: Record, definition: Definition, params: Record) -> Execution:
        """Starts an execution of ``definition``. The same ``ClientRequestToken`` gives the same one."""
        token = params["ClientRequestToken"]
        for known in self.executions.values():
            if known.token == token and known.record["PipelineArn"] == pipeline["PipelineArn"]:
                return known
        now = self._cloud.clock()
        seed = f"{pipeline['PipelineArn']} {len(self.executions)} {now} {token}"
        identifier = _short_id(seed)
        arn = f"{pipeline['PipelineArn']}/execution/{identifier}"
        table = self._cloud.store.table("DescribePipelineExecution", "ListPipelineExecutions", region)
        record: Record = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName")
            or f"execution-{int(now * 1000)}",
            "PipelineExecutionDescription": params.get("PipelineExecutionDescription"),
            "PipelineExecutionStatus": "Executing",
            "CreationTime": timestamp(now),
            "StartTime": timestamp(now),
            "LastModifiedTime": timestamp(now),
            "RoleArn": params.get("RoleArn") or pipeline["RoleArn"],
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        execution = Execution(
            identifier,
            arn,
            region,
            definition,
            now,
            table.put(arn, {key: value for key, value in record.items() if value is not None}),
            {step.name: StepRun(step) for step in definition.steps},
            token,
        )
        self.executions[arn] = execution
        self._active.append(execution)
        return execution

    def stop(self, execution: Execution) -> None:
        """Begins to stop an execution, as of now."""
        if not execution.over and execution.stopped_at is None:
            self._begin_stop(execution, self._cloud.clock())

    def advance(self) -> None:
        """Brings every execution to the present."""
        if not self._active:
            return
        now = self._cloud.clock()
        for execution in self._active:
            self._advance(execution, now)
        self._active = [execution for execution in self._active if not execution.over]

    def _advance(self, execution: Execution, now: float) -> None:
        while not execution.over:
            if execution.stopped_at is None and self._start_ready(execution):
                continue
            ending = self._next_to_end(execution, now)
            if not ending:
                break
            # All that end at one moment end before anything starts: a failure is seen by all of them.
            for run in ending:
                self._end(execution, run)
        if not execution.over:
            self._settle(execution, now)

    def _start_ready(self, execution: Execution) -> bool:
        failed = any(run.status == "Failed" for run in execution.runs.values())
        if failed and not self._cloud.scenario.complete_with_failures:
            return False
        started = False
        for run in execution.runs.values():
            before = [execution.runs[name] for name in run.step.depends_on]
            if run.status != "Waiting" or any(other.status != "Succeeded" for other in before):
                continue
            run.started = max((other.ended or execution.created for other in before), default=execution.created)
            run.status = "Executing"
            started = True
            try:
                run.arguments = execution.resolved(run.step.arguments)
                if run.step.kind == "Training":
                    create_job(self._cloud, execution, run)
            except (KeyError, TypeError, ValueError) as error:
                run.status, run.ended = "Failed", run.started
                run.failure = f"ClientError: the arguments of step {run.step.name} are unusable: {error!r}"
        return started

    def _next_to_end(self, execution: Execution, now: float) -> list[StepRun]:
        """The running steps that end first and together, if they end by ``now``."""
        hold = self._cloud.scenario.hold_step
        due: dict[float, list[StepRun]] = {}
        for run in execution.runs.values():
            held = hold is not None and hold in run.step.name and execution.stopped_at is None
            if run.running and not held:
                due.setdefault(self._end_of(execution, run), []).append(run)
        first = min(due, default=now + 1)
        return due[first] if first <= now else []

    def _end_of(self, execution: Execution, run: StepRun) -> float:
        assert run.started is not None
        end = run.started + self.step_seconds
        return end if execution.stopped_at is None else min(end, execution.stopped_at)

    def _end(self, execution: Execution, run: StepRun) -> None:
        from .jobs import run_step

        run.ended = self._end_of(execution, run)
        scenario = self._cloud.scenario
        if execution.stopped_at is not None and run.ended >= execution.stopped_at:
            run.status = "Stopped"
        else:
            reason = next((why for part, why in scenario.fail_step.items() if part in run.step.name), None)
            try:
                if reason is not None:
                    raise StepFailure(reason)
                run_step(self._cloud, execution, run)
                run.status = "Succeeded"
            except StepFailure as failure:
                run.status, run.failure = "Failed", str(failure)
            except Exception as error:  # ours: the step fails, and LocalAws raises it when it closes
                run.status, run.failure = "Failed", f"InternalServerError: {error!r}"
                self._cloud.bugs.append(LocalAwsBug(f"step {run.step.name}: {error!r}"))
        if run.job_name is not None:
            close_job(self._cloud, execution, run)
        execution.record["LastModifiedTime"] = timestamp(run.ended)
        if scenario.stop_after and scenario.stop_after in run.step.name and execution.stopped_at is None:
            self._begin_stop(execution, run.ended)

    def _begin_stop(self, execution: Execution, when: float) -> None:
        execution.stopped_at = when
        execution.record["PipelineExecutionStatus"] = "Stopping"
        execution.record["LastModifiedTime"] = timestamp(when)

    def _settle(self, execution: Execution, now: float) -> None:
        """Ends an execution in which nothing runs and nothing can start any more."""
        runs = execution.runs.values()
        if any(run.running for run in runs):
            return
        ends = [run.ended for run in runs if run.ended is not None]
        if execution.stopped_at is not None:
            status = "Stopped"
            ends.append(execution.stopped_at)
        elif not any(run.status == "Failed" for run in runs):
            status = "Succeeded"
        else:
            lenient = self._cloud.scenario.complete_with_failures
            status = "CompletedWithFailures" if lenient else "Failed"
            execution.record["FailureReason"] = STEP_FAILED
            execution.record["PipelineExecutionFailureReason"] = STEP_FAILED
        execution.record["PipelineExecutionStatus"] = status
        execution.record["LastModifiedTime"] = timestamp(max(ends, default=now))

    # Step views

    def summaries(self, execution: Execution) -> list[Record]:
        """Steps as ListPipelineExecutionSteps shows them: those that have started, in that order."""
        started = [run for run in execution.runs.values() if run.started is not None]
        started.sort(key=lambda run: run.started or 0.0)
        return [self._summary(run, execution) for run in started]

    def _summary(self, run: StepRun, execution: Execution) -> Record:
        assert run.started is not None
        summary: Record = {
            "StepName": run.step.name,
            "StartTime": timestamp(run.started),
            "StepStatus": "Stopping" if run.running and execution.status == "Stopping" else run.status,
            "AttemptCount": 1,
            "Metadata": {},
        }
        if run.ended is not None:
            summary["EndTime"] = timestamp(run.ended)
        if run.failure is not None:
            summary["FailureReason"] = run.failure
        if run.job_name is not None:
            arn = self._cloud.arn(execution.region, f"training-job/{run.job_name}")
            summary["Metadata"] = {"TrainingJob": {"Arn": arn}}
        elif run.step.kind == "Lineage" and run.status == "Succeeded":
            summary["Metadata"] = {"Lineage": {}}
        return summary


def _short_id(seed: str) -> str:
    """Twelve characters of ``[a-z0-9]``, as execution ids have."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:9])
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(digits[number // 36**position % 36] for position in range(12))
