"""Waiting for an evaluation to end, on our own loop: every status ends it, nothing hides an error."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from model_evaluation.runtime.display import ProgressView
from model_evaluation.runtime.session import AwsClients, aws_error_code, dataset_lines, is_credentials_error
from model_evaluation.runtime.settings import EvaluationSettings, NotebookError

from .durations import UNKNOWN_ROWS, PastRun, UsualDurations, keep_past_run, read_past_runs
from .failures import UNKNOWN_FAILURE, diagnose
from .job_logs import NO_LOG, LogTail, last_log_lines, log_link
from .pipeline import ExecutionState, StepState, read_execution, results_are_complete, stop_command
from .progress import duration, is_stuck, progress_html, step_seconds, time_left

HEARTBEAT = 300.0  # seconds of silence after which a line says that it still runs
LONGEST_PAUSE = 300.0  # seconds between two attempts while AWS cannot be asked
GIVE_UP = 3600.0  # seconds without any answer from AWS
RETRIED_CODES = frozenset(
    {
        "ThrottlingException",
        "Throttling",
        "ThrottledException",
        "TooManyRequestsException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "InternalFailure",
        "InternalServerError",
        "InternalServerException",
        "InternalError",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "RequestTimeout",
        "RequestTimeoutException",
    }
)
NOTHING_STARTS = 900.0  # seconds without a first step after which that is called out


class EvaluationRunError(NotebookError):
    """The evaluation ended without the results that were asked for."""


class WaitError(NotebookError):
    """Waiting ended; the evaluation itself goes on in AWS."""


class FinishedRun(NamedTuple):
    """An execution that ended with results to read. ``created`` is the service's time of its start."""

    execution_arn: str
    status: str
    created: datetime | None
    warnings: tuple[str, ...]


def wait_for_evaluation(
    execution_arn: str,
    settings: EvaluationSettings,
    aws: AwsClients,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
    view: ProgressView | None = None,
) -> FinishedRun:
    """Waits until the execution has ended, asking AWS once per POLL_SECONDS, and shows its steps meanwhile: how long
    they have run, what is typically left, and which one takes suspiciously long.

    Throttling and a lost network are waited out. :class:`EvaluationRunError` when it failed or was stopped and the
    results are not complete: it names the step, the service's reason and the fix. :class:`WaitError` when the
    credentials expired, TIMEOUT_MINUTES passed, or AWS did not answer for an hour: the run goes on, and running the
    cell again attaches to it. An interrupt leaves the run alone and is passed on.
    """
    wait = _Wait(execution_arn, settings, aws, clock, now, sleep, jitter, view or ProgressView())
    try:
        return wait.run()
    except KeyboardInterrupt:
        wait.view.log(
            "Interrupted. The evaluation goes on in AWS; run this cell again to attach to it.\n"
            f"To end it: {stop_command(execution_arn)}"
        )
        wait.draw()
        raise


class _Wait:
    def __init__(
        self,
        arn: str,
        settings: EvaluationSettings,
        aws: AwsClients,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        jitter: Callable[[], float],
        view: ProgressView,
    ) -> None:
        self._arn, self._settings, self._aws = arn, settings, aws
        self._clock, self._now, self._sleep, self._jitter = clock, now, sleep, jitter
        self.view = view
        self._began = self._answered = self._spoke = clock()
        self._failures = 0
        self._seen: dict[str, str] = {}
        self._called_out: set[str] = set()
        self._state: ExecutionState | None = None
        self._rows = row_count(settings, aws)
        own = read_past_runs(settings.results_dir)
        self._usual = UsualDurations(self._rows or UNKNOWN_ROWS, len(settings.metric_names), own)

    def run(self) -> FinishedRun:
        while True:
            state = self._ask()
            if state is not None:
                self._state = state
                self._tell(state)
                if not state.running:
                    return self._finish(state)
            self._pause()

    def _ask(self) -> ExecutionState | None:
        """The state now; ``None`` when AWS could not be asked and it is worth trying again."""
        try:
            state = read_execution(self._aws.sagemaker, self._arn)
        except (ClientError, BotoCoreError) as error:
            self._consider(error)
            return None
        if self._failures:
            self._say("AWS answers again.")
        self._failures, self._answered = 0, self._clock()
        return state

    def _consider(self, error: ClientError | BotoCoreError) -> None:
        code = aws_error_code(error)
        again = "run this cell again: it attaches to the run."
        if is_credentials_error(error):
            raise WaitError(
                f"The credentials have expired or are not valid ({code}). The evaluation goes on in AWS: {self._arn}",
                fix=f"Renew the credentials and {again}",
            ) from error
        if isinstance(error, ClientError) and code not in RETRIED_CODES and _http_status(error) < 500:
            raise WaitError(
                f"AWS refused to tell the state of the evaluation: {error}. It may well go on: {self._arn}",
                fix=f"{diagnose(str(error)).fix.removesuffix(', then run again.')} Then {again}",
            ) from error
        silent = self._clock() - self._answered
        if silent > GIVE_UP:
            raise WaitError(
                f"AWS has not answered for {duration(silent)} ({code}). The evaluation goes on: {self._arn}",
                fix=f"Check the network and {again}",
            ) from error
        if self._failures == 0:
            self._say(f"AWS could not be asked ({code}); trying again.")
        self._failures += 1

    def _pause(self) -> None:
        limit = self._settings.timeout_minutes
        elapsed = self._clock() - self._began
        if limit is not None and elapsed >= limit * 60:
            raise WaitError(
                f"The evaluation has not ended within TIMEOUT_MINUTES ({limit:g}). It goes on in AWS: {self._arn}",
                fix="Run this cell again to wait on, or raise TIMEOUT_MINUTES.",
            )
        pause = self._settings.poll_seconds
        if self._failures:
            longest = max(LONGEST_PAUSE, pause)
            pause = min(longest, pause * 2.0 ** min(self._failures, 20)) * (0.5 + self._jitter() / 2)
        if limit is not None:
            pause = min(pause, limit * 60 - elapsed)
        self._sleep(pause)

    def _tell(self, state: ExecutionState) -> None:
        for step in state.steps:
            if self._seen.get(step.name) == step.status:
                continue
            self._seen[step.name] = step.status
            took = f" after {duration(step_seconds(step, self._now()))}" if step.ended and step.started else ""
            self._say(f"{step.label}: {step.status.lower()}{took}")
        if state.running:
            self._call_out_what_is_stuck(state)
            if self._clock() - self._spoke >= HEARTBEAT:
                self._say(f"Still {state.status.lower()} ({self._elapsed(state)}){self._left(state)}.")
        else:
            self._say(f"Evaluation {state.status} ({self._elapsed(state)}).")
        self.draw()

    def _left(self, state: ExecutionState) -> str:
        running = ((step.label, time_left(step, state, self._now(), self._usual)) for step in state.steps)
        return "".join(f"; {label}: {left}" for label, left in running if left)

    def _call_out_what_is_stuck(self, state: ExecutionState) -> None:
        """Says once of each step that it is taking suspiciously long, with the way to its log."""
        waited = 0.0 if state.created is None else (self._now() - state.created).total_seconds()
        if not state.steps and waited > NOTHING_STARTS and "" not in self._called_out:
            self._called_out.add("")
            self._say(f"! No step has started within {duration(waited)}; SageMaker may be short of capacity.")
        for step in state.steps:
            if step.name in self._called_out or not is_stuck(step, self._now(), self._usual):
                continue
            self._called_out.add(step.name)
            low, high = self._usual.minutes(step.name)
            running = duration(step_seconds(step, self._now()))
            self._say(
                f"! {step.label} has been running for {running}; {low:.0f} to {high:.0f} minutes are usual for its "
                "size. A quota may be slowing it down, or it hangs.\n"
                + job_log_text(step, last_log_lines(self._aws.logs, step.job_arn))
            )

    def _say(self, line: str) -> None:
        self._spoke = self._clock()
        self.view.log(f"{self._now():%H:%M:%S}  {line}")

    def draw(self) -> None:
        """Redraws the table of steps."""
        if self._state is not None:
            self.view.refresh(progress_html(self._state, self._settings.scope, self._now(), self._usual))

    def _elapsed(self, state: ExecutionState) -> str:
        return "" if state.created is None else duration((self._now() - state.created).total_seconds())

    def _finish(self, state: ExecutionState) -> FinishedRun:
        warnings: tuple[str, ...] = ()
        if state.status != "Succeeded":
            if not results_are_complete(state, self._settings.scope, self._aws.s3, self._settings.s3_output):
                failed = next((step for step in state.failed_steps if step.job_arn), None)
                tail = last_log_lines(self._aws.logs, failed.job_arn) if failed else NO_LOG
                raise run_error(state, self._job_reason(state), tail)
            names = ", ".join(step.name for step in state.failed_steps) or "no step"
            warning = (
                f"The evaluation ended as {state.status} ({names} did not succeed), but every answer was "
                "judged and the result files are complete; going on with them."
            )
            self.view.log(f"! {warning}")
            self.draw()
            warnings = (warning,)
        self._keep_durations(state)
        return FinishedRun(self._arn, state.status, state.created, warnings)

    def _keep_durations(self, state: ExecutionState) -> None:
        """For later estimates; what local AWS took says nothing about AWS."""
        took = {step.name: step_seconds(step, self._now()) / 60 for step in state.steps if step.status == "Succeeded"}
        if self._rows and not self._aws.simulated:
            run = PastRun(state.execution_id, self._rows, len(self._settings.metric_names), took)
            keep_past_run(self._settings.results_dir, run)

    def _job_reason(self, state: ExecutionState) -> str:
        """The failed step's own job often says more than the step does; empty when it cannot be asked."""
        arn = next((step.job_arn for step in state.failed_steps if step.job_arn), None)
        if arn is None or ":training-job/" not in arn:
            return ""
        try:
            job = self._aws.sagemaker.describe_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])
        except (ClientError, BotoCoreError):
            return ""
        return str(job.get("FailureReason", ""))


def row_count(settings: EvaluationSettings, aws: AwsClients) -> int:
    """Rows of the dataset, read once; 0 when it cannot be read, which must not keep anybody from waiting."""
    try:
        return sum(bool(line.strip()) for line in dataset_lines(settings, aws))
    except (ClientError, BotoCoreError, ValueError, KeyError):
        return 0


def run_error(state: ExecutionState, job_reason: str = "", log: LogTail = NO_LOG) -> EvaluationRunError:
    """The exception for an execution that ended without complete results."""
    failed = state.failed_steps[0] if state.failed_steps else None
    where = f" in step {failed.name} ({failed.label})" if failed else ""
    reasons = [text for text in ((failed.reason if failed else ""), job_reason, state.reason) if text]
    reason = "\n".join(dict.fromkeys(reasons)) or "no reason given"
    if state.status == "Stopped":
        return EvaluationRunError(
            f"The evaluation was stopped{where}.\nSageMaker says: {reason}\nExecution: {state.arn}",
            fix="If that was not intended, ask who stopped it. Run the notebook again from the launch cell: "
            "it starts a new evaluation.",
        )
    diagnosis = diagnose(reason)
    if diagnosis is UNKNOWN_FAILURE:
        diagnosis = diagnose("\n".join(log.lines))
    logged = f"\n{job_log_text(failed, log)}" if failed and failed.job_arn else ""
    return EvaluationRunError(
        f"The evaluation ended as {state.status}{where}.\n"
        f"SageMaker says: {reason}\nThat means: {diagnosis.meaning}\nExecution: {state.arn}{logged}",
        fix=f"{diagnosis.fix} The launch cell starts a new evaluation after a failed one.",
    )


def job_log_text(step: StepState, tail: LogTail) -> str:
    """Where a step's log is, and its last lines or why they are not shown."""
    link = log_link(step.job_arn)
    place = f"Log: {link}" if link else "Log: none"
    if not tail.lines:
        return f"{place}\n  ({tail.note})"
    return "\n".join([place, *(f"  | {line}" for line in tail.lines)])


def _http_status(error: ClientError) -> int:
    status: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return int(status)
