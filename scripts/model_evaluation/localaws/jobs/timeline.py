"""Pipeline executions and jobs by the clock.

Nothing runs in the background: :meth:`Timeline.advance` is called before every request and brings everything to the
present, event by event in the order of their times, so that what a client sees depends on the clock only.
"""

from __future__ import annotations

import hashlib
import string
from collections.abc import Callable

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.errors import JobFailure, LocalAwsBug
from model_evaluation.localaws.language.chance import seeded
from model_evaluation.localaws.operations import Record
from model_evaluation.localaws.policies import trusts
from model_evaluation.localaws.store import timestamp

from .execution import Execution, StepRun, read_definition
from .job import JOB_TYPES, Job, JobType

OWN_PARAMETERS = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "RoleArn")
JOB_STATUS = {"Succeeded": "Completed", "Failed": "Failed", "Stopped": "Stopped"}


class Timeline:
    """All executions and jobs of one account. A step, or a job of its own, takes ``step_seconds``."""

    def __init__(self, cloud: Cloud, step_seconds: float) -> None:
        self._cloud = cloud
        self.step_seconds = step_seconds
        self.executions: dict[str, Execution] = {}
        self._jobs: list[Job] = []

    def start(self, region: str, pipeline: Record, params: Record) -> Execution:
        """Starts an execution of a pipeline. The same ``ClientRequestToken`` gives the same one."""
        token = params["ClientRequestToken"]
        for execution in self.executions.values():
            if execution.token == token and execution.record["PipelineArn"] == pipeline["PipelineArn"]:
                return execution
        now = self._cloud.clock()
        letters = seeded(pipeline["PipelineArn"], len(self.executions), now, token)
        identifier = "".join(letters.choices(string.ascii_lowercase + string.digits, k=12))
        arn = f"{pipeline['PipelineArn']}/execution/{identifier}"
        record: Record = {
            "PipelineArn": pipeline["PipelineArn"],
            "PipelineExecutionArn": arn,
            "PipelineExecutionDisplayName": f"execution-{int(now * 1000)}",
            "PipelineExecutionStatus": "Executing",
            "CreationTime": timestamp(now),
            "StartTime": timestamp(now),
            "LastModifiedTime": timestamp(now),
            "RoleArn": pipeline["RoleArn"],
            "CreatedBy": {},
            "LastModifiedBy": {},
            **{key: params[key] for key in OWN_PARAMETERS if key in params},
        }
        text = pipeline["PipelineDefinition"]
        execution = Execution(identifier, region, text, read_definition(text), now, record, token)
        self.executions[arn] = execution
        return execution

    def start_job(self, region: str, job_type: JobType, arguments: Record) -> None:
        """Starts a job that belongs to no pipeline."""
        name = arguments[job_type.resource.key]
        job = Job(self._cloud, region, job_type, name, arguments, self._cloud.clock(), label=name)
        job.begin()
        self._jobs.append(job)

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
        for execution in self.executions.values():
            if not execution.over:
                self._advance(execution, now)
        self._jobs = [job for job in self._jobs if not self._finish(job, now)]

    def _finish(self, job: Job, now: float) -> bool:
        """Ends a job of its own whose time is up; whether it is over."""
        if job.stopped is not None:
            job.end("Stopped", job.stopped)
            return True
        end = job.started + self.step_seconds
        if end > now or self._held(job.label):
            return False
        status, failure = self._outcome(job.label, lambda: self._perform(job))
        job.end(JOB_STATUS[status], end, failure)
        return True

    def _held(self, label: str) -> bool:
        hold = self._cloud.scenario.hold_step
        return hold is not None and hold in label

    def _outcome(self, label: str, work: Callable[[], None]) -> tuple[str, str | None]:
        """What becomes of the work of a step or a job, as the scenario has it: status of the step, and why it
        failed."""
        reason = next((why for part, why in self._cloud.scenario.fail_step.items() if part in label), None)
        if reason is not None:
            return "Failed", reason
        try:
            work()
        except JobFailure as failure:
            return "Failed", str(failure)
        except Exception as error:  # ours: it fails, and LocalAws raises the reason when it closes
            self._cloud.bugs.append(LocalAwsBug(f"{label}: {error!r}"))
            return "Failed", f"InternalServerError: {error!r}"
        return "Succeeded", None

    def _perform(self, job: Job) -> None:
        """Does a job's work, which the kind of evaluation knows that it belongs to."""
        if job.role and not trusts(self._cloud, job.role, "sagemaker.amazonaws.com"):
            raise JobFailure(
                f"ClientError: Could not assume role {job.role}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            )
        works = (player.work(job) for player in self._cloud.players)
        work = next((work for work in works if work is not None), None)
        if work is None:
            raise JobFailure(f"local AWS does not play {job.label}: no kind of evaluation knows such a job")
        work(job)

    # Executions

    def _advance(self, execution: Execution, now: float) -> None:
        lenient = self._cloud.scenario.complete_with_failures
        while True:
            if execution.stopped_at is None and (lenient or not execution.failed) and (ready := execution.ready()):
                for run in ready:
                    self._start_step(execution, run)
                continue
            ending = self._next_to_end(execution, now)
            if not ending:
                break
            # All that end at one moment end before anything starts: a failure is seen by all of them.
            for run in ending:
                self._end_step(execution, run)
        execution.settle(now, lenient=lenient)

    def _start_step(self, execution: Execution, run: StepRun) -> None:
        run.started = execution.moment_for(run)
        run.status = "Executing"
        try:
            run.arguments = execution.resolved(run.step.arguments)
            if run.step.type in JOB_TYPES:
                job = self._job_of(execution, run, run.started)
                job.begin()
                run.job = job
        except (KeyError, TypeError, ValueError) as error:
            run.status, run.ended = "Failed", run.started
            run.failure = f"ClientError: the arguments of step {run.step.name} are unusable: {error!r}"

    def _job_of(self, execution: Execution, run: StepRun, started: float) -> Job:
        letters = hashlib.sha256((execution.id + run.step.name).encode()).hexdigest()[:10]
        name = f"pipelines-{execution.id}-{run.step.name[:26]}-{letters}"
        arguments = run.arguments
        if execution.definition.mlflow_config:
            arguments = {**arguments, "MlflowConfig": execution.resolved(execution.definition.mlflow_config)}
        job_type = JOB_TYPES[run.step.type]
        return Job(self._cloud, execution.region, job_type, name, arguments, started, label=run.step.name)

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

    def _end_step(self, execution: Execution, run: StepRun) -> None:
        run.ended = self._end_of(execution, run)
        run.status, run.failure = "Stopped", None
        if execution.stopped_at is None or run.ended < execution.stopped_at:
            run.status, run.failure = self._outcome(run.step.name, lambda: self._run_step(run))
        if run.job is not None:
            run.job.end(JOB_STATUS[run.status], run.ended, run.failure)
        execution.mark(execution.status, run.ended)
        stop_after = self._cloud.scenario.stop_after
        if stop_after and stop_after in run.step.name and execution.stopped_at is None:
            execution.stop(run.ended)

    def _run_step(self, run: StepRun) -> None:
        """Does the work of a step whose time is up. Raises :class:`JobFailure`."""
        if run.job is not None:
            self._perform(run.job)
        elif run.step.type != "Lineage":  # what it draws up is not kept
            raise JobFailure(f"local AWS does not play steps of type {run.step.type}")
