"""Pipeline executions and jobs by the clock.

Nothing runs in the background: :meth:`Timeline.advance` is called before every request and brings everything to the
present, event by event in the order of their times, so that what a client sees depends on the clock only.
"""

from __future__ import annotations

import hashlib
import math
import string

from model_evaluation.localaws.cloud import Cloud
from model_evaluation.localaws.language import seeded
from model_evaluation.localaws.operations import (
    SHARED,
    JobFailure,
    LocalAwsBug,
    Record,
    Request,
    Resource,
    ServiceError,
    invalid,
    timestamp,
)
from model_evaluation.localaws.policies import trusts

from .execution import Execution, Step, StepRun, read_definition
from .job import JOB_TYPES, Job

OWN_PARAMETERS = ("PipelineExecutionDisplayName", "PipelineExecutionDescription", "RoleArn")
JOB_STATUS = {"Succeeded": "Completed", "Failed": "Failed", "Stopped": "Stopped"}


class Timeline:
    """All executions and jobs of one account. A step, or a job of its own, takes ``step_seconds``."""

    def __init__(self, cloud: Cloud, step_seconds: float) -> None:
        self._cloud = cloud
        self.step_seconds = step_seconds
        self.executions: dict[str, Execution] = {}
        self._own: list[tuple[Job, StepRun]] = []

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
            **dict.fromkeys(("CreationTime", "StartTime", "LastModifiedTime"), timestamp(now)),
            "RoleArn": pipeline["RoleArn"],
            "CreatedBy": {},
            "LastModifiedBy": {},
            **{key: params[key] for key in OWN_PARAMETERS if key in params},
        }
        text = pipeline["PipelineDefinition"]
        execution = Execution(identifier, region, text, read_definition(text), now, record, token)
        self.executions[arn] = execution
        return execution

    def start_job(self, region: str, job_type: Resource, arguments: Record) -> None:
        """Starts a job that belongs to no pipeline."""
        name = arguments[job_type.key]
        job = Job(self._cloud, region, job_type, name, arguments, self._cloud.clock(), label=name)
        job.begin()
        self._own.append((job, StepRun(Step(name, job_type.word), "Executing", job.started, job=job)))

    def stop_job(self, region: str, job_type: Resource, name: str) -> None:
        """Begins to stop a running job. Raises ``NotImplementedError`` for that of a pipeline's step."""
        for job, _ in self._own:
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
        for job, run in self._own:
            if run.running and self._end_of(run, job.stopped) <= now:
                self._end(run, job.stopped)

    def _advance(self, execution: Execution, now: float) -> None:
        lenient = self._cloud.scenario.complete_with_failures
        while True:
            if execution.stopped_at is None and (lenient or not execution.failed) and (ready := execution.ready()):
                for run in ready:
                    self._start_step(execution, run)
                continue
            running = [run for run in execution.runs.values() if run.running]
            ends = [self._end_of(run, execution.stopped_at) for run in running]
            first = min(ends, default=math.inf)
            if first > now:
                break
            # All that end at one moment end before anything starts: a failure is seen by all of them.
            for run, end in zip(running, ends, strict=True):
                if end == first:
                    self._end_step(execution, run)
        execution.settle(now, lenient=lenient)

    def _start_step(self, execution: Execution, run: StepRun) -> None:
        """Starts a step that is ready, as soon as the last one before it has ended."""
        run.started = max((one.ended or execution.created for one in execution.before(run)), default=execution.created)
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

    def _end_step(self, execution: Execution, run: StepRun) -> None:
        ended = self._end(run, execution.stopped_at)
        execution.mark(execution.status, ended)
        stop_after = self._cloud.scenario.stop_after
        if stop_after and stop_after in run.step.name and execution.stopped_at is None:
            execution.stop(ended)

    def _end_of(self, run: StepRun, stopped: float | None) -> float:
        """When a running step ends, where ``stopped`` is when its end was asked for; one that is held only then."""
        assert run.started is not None
        hold = self._cloud.scenario.hold_step
        end = math.inf if hold is not None and hold in run.step.name else run.started + self.step_seconds
        return end if stopped is None else min(end, stopped)

    def _end(self, run: StepRun, stopped: float | None) -> float:
        """Ends a step whose time is up; when that was."""
        run.ended = self._end_of(run, stopped)
        run.status, run.failure = "Stopped", None
        if stopped is None or run.ended < stopped:
            run.status, run.failure = self._outcome(run)
        if run.job is not None:
            run.job.end(JOB_STATUS[run.status], run.ended, run.failure)
        return run.ended

    def _outcome(self, run: StepRun) -> tuple[str, str | None]:
        """What becomes of a step's work, as the scenario has it: status, and why it failed."""
        name, failures = run.step.name, self._cloud.scenario.fail_step
        if (reason := next((why for part, why in failures.items() if part in name), None)) is not None:
            return "Failed", reason
        try:
            self._work(run)
        except JobFailure as failure:
            return "Failed", str(failure)
        except Exception as error:  # ours: it fails, and LocalAws raises the reason when it closes
            self._cloud.bugs.append(LocalAwsBug(f"{name}: {error!r}"))
            return "Failed", f"InternalServerError: {error!r}"
        return "Succeeded", None

    def _work(self, run: StepRun) -> None:
        """Does the work of a step, which the kind of evaluation knows that it belongs to. Raises
        :class:`JobFailure`."""
        job = run.job
        if job is None:
            if run.step.type != "Lineage":  # what it draws up is not kept
                raise JobFailure(f"local AWS does not play steps of type {run.step.type}")
            return
        if job.role and not trusts(self._cloud, job.role, "sagemaker.amazonaws.com"):
            raise JobFailure(
                f"ClientError: Could not assume role {job.role}. Please ensure that the role exists and allows "
                "principal 'sagemaker.amazonaws.com' to assume the role."
            )
        work = next((work for player in self._cloud.players if (work := player.work(job)) is not None), None)
        if work is None:
            raise JobFailure(f"local AWS does not play {job.label}: no kind of evaluation knows such a job")
        work(job)


def _register(job_type: Resource) -> None:
    job_type.play()

    @SHARED.plays("sagemaker", f"Create{job_type.word}")
    def create(cloud: Cloud, request: Request) -> Record:
        arn = job_type.arn(cloud, request.region, request.params[job_type.key])
        if arn in job_type.table(cloud, request.region):
            raise ServiceError("ResourceInUse", f"Job name must be unique within an AWS account and region: {arn}")
        cloud.timeline.start_job(request.region, job_type, request.params)
        cloud.tag(arn, request.params.get("Tags", []))
        return {f"{job_type.word}Arn": arn}

    @SHARED.plays("sagemaker", f"Stop{job_type.word}")
    def stop(cloud: Cloud, request: Request) -> Record:
        status = job_type.find(cloud, request)[f"{job_type.word}Status"]
        if status not in {"InProgress", "Stopping"}:
            raise invalid(f"The request was rejected because the job is in status {status}.")
        cloud.timeline.stop_job(request.region, job_type, request.params[job_type.key])
        return {}


for _job_type in JOB_TYPES.values():
    _register(_job_type)
