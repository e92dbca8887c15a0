"""Waiting for an evaluation to end, on our own loop: every status ends it, nothing hides an error."""

from __future__ import annotations

import html
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from .display import ProgressView
from .failures import diagnose
from .pipeline import ExecutionState, StepState, expected_steps, read_execution, results_are_complete
from .session import AwsClients, EvaluationSettings, NotebookError, aws_error_code, is_credentials_error

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
STATUS_SIGNS = {
    "Succeeded": "✓",
    "Failed": "✗",
    "Stopped": "■",
    "Stopping": "■",
    "Executing": "▶",
    "Starting": "▶",
}


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
    """Waits until the execution has ended, asking AWS once per POLL_SECONDS, and shows its steps meanwhile.

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
            "To end it: aws sagemaker stop-pipeline-execution "
            f"--region {settings.region} --pipeline-execution-arn {execution_arn}"
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
        self._state: ExecutionState | None = None

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
            took = f" after {duration(_seconds(step, self._now()))}" if step.ended and step.started else ""
            self._say(f"{step.label}: {step.status.lower()}{took}")
        if state.running and self._clock() - self._spoke >= HEARTBEAT:
            self._say(f"Still {state.status.lower()} ({self._elapsed(state)}).")
        if not state.running:
            self._say(f"Evaluation {state.status} ({self._elapsed(state)}).")
        self.draw()

    def _say(self, line: str) -> None:
        self._spoke = self._clock()
        self.view.log(f"{self._now():%H:%M:%S}  {line}")

    def draw(self) -> None:
        """Redraws the table of steps."""
        if self._state is not None:
            self.view.refresh(progress_html(self._state, self._settings.scope, self._now()))

    def _elapsed(self, state: ExecutionState) -> str:
        return "" if state.created is None else duration((self._now() - state.created).total_seconds())

    def _finish(self, state: ExecutionState) -> FinishedRun:
        warnings: tuple[str, ...] = ()
        if state.status != "Succeeded":
            if not results_are_complete(state, self._settings.scope, self._aws.s3, self._settings.s3_output):
                raise run_error(state, self._job_reason(state))
            names = ", ".join(step.name for step in state.failed_steps) or "no step"
            warning = (
                f"The evaluation ended as {state.status} ({names} did not succeed), but every answer was "
                "judged and the result files are complete; going on with them."
            )
            self.view.log(f"! {warning}")
            self.draw()
            warnings = (warning,)
        return FinishedRun(self._arn, state.status, state.created, warnings)

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


def run_error(state: ExecutionState, job_reason: str = "") -> EvaluationRunError:
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
    return EvaluationRunError(
        f"The evaluation ended as {state.status}{where}.\n"
        f"SageMaker says: {reason}\nThat means: {diagnosis.meaning}\nExecution: {state.arn}",
        fix=f"{diagnosis.fix} The launch cell starts a new evaluation after a failed one.",
    )


def progress_html(state: ExecutionState, scope: str, now: datetime) -> str:
    """The steps as a table: those of the scope in order, not yet started ones included."""
    known = {step.name: step for step in state.steps}
    names = dict.fromkeys((*expected_steps(scope), *known))
    if known and not known.keys() & set(expected_steps(scope)):
        names = dict.fromkeys(known)
    rows = "".join(_row_html(known.get(name), StepState(name, "waiting").label, now) for name in names)
    title = f"{state.display_name or 'Evaluation'}: {state.status}"
    if state.created is not None and state.running:
        title += f", {duration((now - state.created).total_seconds())}"
    return (
        '<table style="border-collapse:collapse;text-align:left">'
        '<caption style="text-align:left;white-space:nowrap;font-weight:600;padding:4px 0">'
        f"{html.escape(title)}</caption>{rows}</table>"
    )


def _row_html(step: StepState | None, label: str, now: datetime) -> str:
    status = step.status if step else "waiting"
    took = duration(_seconds(step, now)) if step and step.started else ""
    dim = "" if step else ";opacity:0.55"
    cells = (
        (STATUS_SIGNS.get(status, "·"), "center"),
        (label, "left"),
        (status.lower(), "left"),
        (took, "right"),
    )
    columns = "".join(
        f'<td style="padding:3px 12px 3px 0;text-align:{side}{dim}">{html.escape(text)}</td>' for text, side in cells
    )
    return f"<tr>{columns}</tr>"


def duration(seconds: float) -> str:
    """``42 s``, ``3 min 05 s``, ``1 h 12 min``; negative clocks count as zero."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _seconds(step: StepState, now: datetime) -> float:
    return 0.0 if step.started is None else ((step.ended or now) - step.started).total_seconds()


def _http_status(error: ClientError) -> int:
    status: Any = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return int(status)
