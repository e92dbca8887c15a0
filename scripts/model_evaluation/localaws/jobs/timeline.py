"""Pipeline executions and jobs by the clock.

Nothing runs in the background: :meth:`Timeline.advance` is called before every request and brings everything to the
present, event by event in the order of their times, so that what a client sees depends on the clock only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import JobFailure, LocalAwsBug
from model_evaluation.localaws.policies import trusts
from model_evaluation.localaws.store import Record, timestamp

from .definition import Definition, Step, resolve
from .job import JOB_TYPES, Job, JobType

TERMINAL = frozenset({"Stopped", "Failed", "Succeeded", "CompletedWithFailures"})
STEP_FAILED = "Step failure: One or multiple steps failed."
JOB_STATUS = {"Succeeded": "Completed", "Failed": "Failed", "Stopped": "Stopped"}


class Outcome(NamedTuple):
    status: str
    failure: str | None = None


@dataclass
class StepRun:
    """One step of one execution. ``started`` is ``None`` until everything it depends on has succeeded."""

    step: Step
    status: str = "Waiting"
    started: float | None = None
    ended: float | None = None
    failure: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
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
        if run.job is not None and parts[2:] == [run.job.type.resource.key]:
            return run.job.name
        value: Any = run.arguments or run.step.arguments
        for part in parts[2:]:
            value = value[part]
        return value


class Timeline:
    """All executions and jobs of one account. A step, or a job of its own, takes ``step_seconds``."""

    def __init__(self, cloud: Cloud, step_seconds: float) -> None:
        self._cloud = cloud
        self.step_seconds = step_seconds
        self.executions: dict[str, Execution] = {}
        self._active: list[Execution] = []
        self._jobs: list[Job] = []

    def start(self, region: str, pipeline: Record, definition: Definition, params: Record) -> Execution:
        """Starts an execution of ``definition``. The same ``ClientRequestToken`` gives the same one."""
        token = params["ClientRequestToken"]
        for known in self.executions.values():
            if known.token == token and known.record["PipelineArn"] == pipeline["PipelineArn"]:
                return known
        now = self._cloud.clock()
        identifier = _short_id(f"{pipeline['PipelineArn']} {len(self.executions)} {now} {token}")
        arn = f"{pipeline['PipelineArn']}/execution/{identifier}"
        record: Record = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": params.get("PipelineExecutionDisplayName")
            or f"execution-{int(now * 1000)}",
            "PipelineExecutionStatus": "Executing",
            "CreationTime": timestamp(now),
            "StartTime": timestamp(now),
            "LastModifiedTime": timestamp(now),
            "RoleArn": params.get("RoleArn") or pipeline["RoleArn"],
            "CreatedBy": {},
            "LastModifiedBy": {},
        }
        if "PipelineExecutionDescription" in params:
            record["PipelineExecutionDescription"] = params["PipelineExecutionDescription"]
        table = self._cloud.store.table("DescribePipelineExecution", "ListPipelineExecutions", region)
        runs = {step.name: StepRun(step) for step in definition.steps}
        execution = Execution(identifier, arn, region, definition, now, table.put(arn, record), runs, token)
        self.executions[arn] = execution
        self._active.append(execution)
        return execution

    def stop(self, execution: Execution) -> None:
        """Begins to stop an execution, as of now."""
        if not execution.over and execution.stopped_at is None:
            self._begin_stop(execution, self._cloud.clock())

    def start_job(self, region: str, job_type: JobType, arguments: Record) -> Job:
        """Starts a job that belongs to no pipeline."""
        name = arguments[job_type.resource.key]
        job = Job(self._cloud, region, job_type, name, arguments, self._cloud.clock(), label=name)
        job.begin()
        self._jobs.append(job)
        return job

    def stop_job(self, region: str, job_type: JobType, name: str) -> None:
        """Begins to stop a running job. Raises ``NotImplementedError`` for that of a pipeline's step."""
        for job in self._jobs:
            if (job.region, job.type, job.name) == (region, job_type, name):
                job.stop(self._cloud.clock())
                return
        raise NotImplementedError

    def advance(self) -> None:
        """Brings everything to the present."""
        now = self._cloud.clock()
        for execution in self._active:
            self._advance(execution, now)
        self._active = [execution for execution in self._active if not execution.over]
        self._jobs = [job for job in self._jobs if not self._finish(job, now)]

    def _finish(self, job: Job, now: float) -> bool:
        """Ends a job of its own whose time is up; whether it is over."""
        if job.stopped is not None:
            job.end("Stopped", job.stopped)
            return True
        end = job.started + self.step_seconds
        if end > now or self._held(job.label):
            return False
        outcome = self._outcome(job.label, lambda: self._perform(job))
        job.end(JOB_STATUS[outcome.status], end, outcome.failure)
        return True

    def _held(self, label: str) -> bool:
        hold = self._cloud.scenario.hold_step
        return hold is not None and hold in label

    def _outcome(self, label: str, work: Callable[[], None]) -> Outcome:
        """What becomes of the work of a step or a job, as the scenario has it."""
        reason = next((why for part, why in self._cloud.scenario.fail_step.items() if part in label), None)
        if reason is not None:
            return Outcome("Failed", reason)
        try:
            work()
        except JobFailure as failure:
            return Outcome("Failed", str(failure))
        except Exception as error:  # ours: it fails, and LocalAws raises the reason when it closes
            self._cloud.bugs.append(LocalAwsBug(f"{label}: {error!r}"))
            return Outcome("Failed", f"InternalServerError: {error!r}")
        return Outcome("Succeeded")

    def _perform(self, job: Job) -> None:
        """Does a job's work, which the kind of evaluation knows that it belongs to."""
        if job.role and not trusts(self._cloud, job.role, "sagemaker.amazonaws.com"):
            raise JobFailure(
                f"ClientError: Could not assume role {job.role}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            )
        for player in self._cloud.players:
            work = player.work(job)
            if work is not None:
                work(job)
                return
        raise JobFailure(f"local AWS does not play the {job.type.word} job of {job.label}: no kind of evaluation does")

    # Executions

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
                if run.step.kind in JOB_TYPES:
                    job = self._job_of(execution, run)
                    job.begin()
                    run.job = job
            except (KeyError, TypeError, ValueError) as error:
                run.status, run.ended = "Failed", run.started
                run.failure = f"ClientError: the arguments of step {run.step.name} are unusable: {error!r}"
        return started

    def _job_of(self, execution: Execution, run: StepRun) -> Job:
        assert run.started is not None
        letters = hashlib.sha256((execution.id + run.step.name).encode()).hexdigest()[:10]
        name = f"pipelines-{execution.id}-{run.step.name[:26]}-{letters}"
        arguments = run.arguments
        if execution.definition.mlflow:
            arguments = {**arguments, "MlflowConfig": execution.resolved(execution.definition.mlflow)}
        job_type = JOB_TYPES[run.step.kind]
        return Job(self._cloud, execution.region, job_type, name, arguments, run.started, label=run.step.name)

    def _next_to_end(self, execution: Execution, now: float) -> list[StepRun]:
        """The running steps that end first and together, if they end by ``now``."""
        due: dict[float, list[StepRun]] = {}
        for run in execution.runs.values():
            if run.running and not (execution.stopped_at is None and self._held(run.step.name)):
                due.setdefault(self._end_of(execution, run), []).append(run)
        first = min(due, default=now + 1)
        return due[first] if first <= now else []

    def _end_of(self, execution: Execution, run: StepRun) -> float:
        assert run.started is not None
        end = run.started + self.step_seconds
        return end if execution.stopped_at is None else min(end, execution.stopped_at)

    def _end(self, execution: Execution, run: StepRun) -> None:
        run.ended = self._end_of(execution, run)
        if execution.stopped_at is not None and run.ended >= execution.stopped_at:
            outcome = Outcome("Stopped")
        else:
            outcome = self._outcome(run.step.name, lambda: self._run_step(run))
        run.status, run.failure = outcome
        if run.job is not None:
            run.job.end(JOB_STATUS[run.status], run.ended, run.failure)
        execution.record["LastModifiedTime"] = timestamp(run.ended)
        stop_after = self._cloud.scenario.stop_after
        if stop_after and stop_after in run.step.name and execution.stopped_at is None:
            self._begin_stop(execution, run.ended)

    def _run_step(self, run: StepRun) -> None:
        """Does the work of a step whose time is up. Raises :class:`JobFailure`."""
        if run.job is not None:
            self._perform(run.job)
        elif run.step.kind != "Lineage":  # see services.lineage
            raise JobFailure(f"local AWS does not play steps of type {run.step.kind}")

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

    def summaries(self, execution: Execution) -> list[Record]:
        """Steps as ListPipelineExecutionSteps shows them: those that have started, in that order."""
        started = [run for run in execution.runs.values() if run.started is not None]
        started.sort(key=lambda run: run.started or 0.0)
        return [_summary(run, execution) for run in started]


def _summary(run: StepRun, execution: Execution) -> Record:
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
    if run.job is not None:
        summary["Metadata"] = {run.job.type.resource.word: {"Arn": run.job.arn}}
    elif run.step.kind == "Lineage" and run.status == "Succeeded":
        summary["Metadata"] = {"Lineage": {}}
    return summary


def _short_id(seed: str) -> str:
    """Twelve characters of ``[a-z0-9]``, as execution ids have."""
    number = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:9])
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(digits[number // 36**position % 36] for position in range(12))
