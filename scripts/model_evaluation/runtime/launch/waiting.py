"""Waiting for a run to end, on our own loop: every status ends it, nothing hides an error."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from model_evaluation.runtime.dataset_files import DatasetSize, dataset_object, dataset_size
from model_evaluation.runtime.session import AwsClients, AwsFailure, aws_error_code, is_credentials_error, was_refused
from model_evaluation.runtime.settings import Json, NotebookError, Settings

from .durations import UNKNOWN_ROWS, PastRun, UsualDurations, keep_past_run, read_past_runs
from .launcher import Launch, launch_once
from .progress import ProgressView, duration, is_stuck, log_text, progress_html, step_seconds, time_left
from .service import UNKNOWN_FAILURE, RunState, diagnose

HEARTBEAT = 300.0  # seconds of silence after which a line says that it still runs
LONGEST_PAUSE = 300.0  # seconds between two attempts while AWS cannot be asked
GIVE_UP = 3600.0  # seconds without any answer from AWS
NOTHING_STARTS = 900.0  # seconds without a first step after which that is called out
RETRIED = re.compile(
    "Throttl|TooManyRequests|RequestLimitExceeded|SlowDown|Internal(Failure|Server|Error)|ServiceUnavailable|RequestTimeout"
)


class EvaluationRunError(NotebookError):
    """The evaluation ended without the results that were asked for."""


class WaitError(NotebookError):
    """Waiting ended; the evaluation itself goes on in AWS."""


class FileChangedError(NotebookError):
    """A file of the dataset is no longer the one that was confirmed."""


class FinishedRun(NamedTuple):
    """A run that ended with results to read. ``created`` is the service's time of its start."""

    execution_arn: str
    status: str
    created: datetime | None
    warnings: tuple[str, ...]


def wait_for_results(
    launch: Launch,
    aws: AwsClients,
    *,
    launch_next: Callable[..., Launch] = launch_once,
    wait: Callable[[str, Settings, AwsClients], FinishedRun] | None = None,
    out: Callable[[str], None] = print,
) -> list[FinishedRun]:
    """Waits for a run, and starts and waits for further ones that its settings need, one at a time: of the dataset's
    further files, or of a second model. They come in the order of the settings' ``parts``.

    Each is on record like any other: called again after a failure or in a new kernel this attaches to what is finished
    or running and starts only what is left. Raises what launching and :func:`wait_for_run` raise.
    """
    parts = launch.settings.parts
    runs = [(wait or wait_for_run)(launch.arn, parts[0], aws)]
    for number, part in enumerate(parts[1:], 2):
        out(f"Run {number} of {len(parts)}: {part.model}{f' on {part.dataset}' if part.dataset else ''}")
        _refuse_changed_file(part, aws)
        arn = launch_next(launch.start, part, aws).arn
        runs.append((wait or wait_for_run)(arn, part, aws))
    return runs


def _refuse_changed_file(shard: Settings, aws: AwsClients) -> None:
    """The checks cell looked at every file, but that may be hours ago."""
    if not shard.dataset_etag:
        return
    bucket, key = dataset_object(shard, aws)
    try:
        etag = aws.s3.head_object(Bucket=bucket, Key=key)["ETag"].strip('"')
    except AwsFailure:
        return  # starting it meets the same trouble, and says so
    if etag != shard.dataset_etag:
        raise FileChangedError(
            f"{shard.dataset} has changed since it was confirmed (ETag {etag}, expected {shard.dataset_etag}). "
            "The files before it are evaluated; their runs are on record.",
            fix="Put the confirmed file back and run the notebook again: it goes on with this file. Or answer the "
            "dataset again and render the notebook anew.",
        )


def wait_for_run(
    arn: str,
    settings: Settings,
    aws: AwsClients,
    *,
    clock: Callable[[], float] = time.monotonic,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
    view: ProgressView | None = None,
) -> FinishedRun:
    """Waits until the run has ended, asking AWS once per POLL_SECONDS, and shows its steps meanwhile: how long they
    have run, what is typically left, and which one takes suspiciously long.

    Throttling and a lost network are waited out. :class:`EvaluationRunError` when it failed or was stopped and the
    results are not complete: it names the step, the service's reason and the fix. :class:`WaitError` when the
    credentials expired, TIMEOUT_MINUTES passed, or AWS did not answer for an hour: the run goes on, and running the
    cell again attaches to it. An interrupt leaves the run alone and is passed on.
    """
    waiting = _Waiting(arn, settings, aws, clock, now, sleep, jitter, view or ProgressView())
    try:
        return waiting.run()
    except KeyboardInterrupt:
        waiting.view.log(
            "Interrupted. The evaluation goes on in AWS; run this cell again to attach to it.\n"
            f"To end it: {settings.runs.stop_command(arn)}"
        )
        waiting.draw()
        raise


@dataclass
class _Waiting:
    arn: str
    settings: Settings
    aws: AwsClients
    clock: Callable[[], float]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    view: ProgressView
    failures: int = 0
    statuses: dict[str, str] = field(default_factory=dict)
    called_out: set[str] = field(default_factory=set)
    state: RunState | None = None

    def __post_init__(self) -> None:
        self.runs = self.settings.runs
        self.began = self.answered = self.spoke = self.clock()
        self.size = dataset_size(self.settings, self.aws)
        sizes = self.settings.sizes(self.size if self.size.rows else DatasetSize(UNKNOWN_ROWS))
        self.usual = UsualDurations(self.runs.work, sizes, read_past_runs(self.settings.results_dir))

    def run(self) -> FinishedRun:
        while True:
            state = self._ask()
            if state is not None:
                self.state = state
                self._tell(state)
                if not state.running:
                    return self._finish(state)
            self._pause()

    def _ask(self) -> RunState | None:
        """The state now; ``None`` when AWS could not be asked and it is worth trying again."""
        try:
            state = self.runs.describe(self.aws, self.arn)
        except AwsFailure as error:
            self._consider(error)
            return None
        if self.failures:
            self._say("AWS answers again.")
        self.failures, self.answered = 0, self.clock()
        return state

    def _consider(self, error: Exception) -> None:
        code, again = aws_error_code(error), "run this cell again: it attaches to the run."
        if is_credentials_error(error):
            raise WaitError(
                f"The credentials have expired or are not valid ({code}). The evaluation goes on in AWS: {self.arn}",
                fix=f"Renew the credentials and {again}",
            ) from error
        if was_refused(error) and not RETRIED.search(code):
            fix = diagnose(str(error), self.runs.failures).fix.removesuffix(", then run again.")
            raise WaitError(
                f"AWS refused to tell the state of the evaluation: {error}. It may well go on: {self.arn}",
                fix=f"{fix} Then {again}",
            ) from error
        silent = self.clock() - self.answered
        if silent > GIVE_UP:
            raise WaitError(
                f"AWS has not answered for {duration(silent)} ({code}). The evaluation goes on: {self.arn}",
                fix=f"Check the network and {again}",
            ) from error
        if self.failures == 0:
            self._say(f"AWS could not be asked ({code}); trying again.")
        self.failures += 1

    def _pause(self) -> None:
        limit, elapsed = self.settings.timeout_minutes, self.clock() - self.began
        if limit is not None and elapsed >= limit * 60:
            raise WaitError(
                f"The evaluation has not ended within TIMEOUT_MINUTES ({limit:g}). It goes on in AWS: {self.arn}",
                fix="Run this cell again to wait on, or raise TIMEOUT_MINUTES.",
            )
        pause = self.settings.poll_seconds
        if self.failures:
            longest = max(LONGEST_PAUSE, pause)
            pause = min(longest, pause * 2.0 ** min(self.failures, 20)) * (0.5 + self.jitter() / 2)
        self.sleep(pause if limit is None else min(pause, limit * 60 - elapsed))

    def _tell(self, state: RunState) -> None:
        for step in state.steps:
            if self.statuses.get(step.name) == step.status:
                continue
            self.statuses[step.name] = step.status
            took = f" after {duration(step_seconds(step, self.now()))}" if step.ended and step.started else ""
            self._say(f"{self.runs.label(step.name)}: {step.status.lower()}{took}")
        age = "" if state.created is None else f" ({duration((self.now() - state.created).total_seconds())})"
        if state.running:
            self._call_out_what_is_stuck(state)
            if self.clock() - self.spoke >= HEARTBEAT:
                left = ((step, time_left(step, state, self.now(), self.usual)) for step in state.steps)
                steps = "".join(f"; {self.runs.label(step.name)}: {text}" for step, text in left if text)
                self._say(f"Still {state.status.lower()}{age}{steps}.")
        else:
            self._say(f"Evaluation {state.status}{age}.")
        self.draw()

    def _call_out_what_is_stuck(self, state: RunState) -> None:
        """Says once of each step that it is taking suspiciously long, with the way to its log."""
        waited = 0.0 if state.created is None else (self.now() - state.created).total_seconds()
        if not state.steps and waited > NOTHING_STARTS and "" not in self.called_out:
            self.called_out.add("")
            self._say(f"! No step has started within {duration(waited)}; SageMaker may be short of capacity.")
        for step in state.steps:
            if step.name in self.called_out or not is_stuck(step, self.now(), self.usual):
                continue
            self.called_out.add(step.name)
            low, high = self.usual.minutes(step.name)
            running = duration(step_seconds(step, self.now()))
            self._say(
                f"! {self.runs.label(step.name)} has been running for {running}; {low:.0f} to {high:.0f} minutes are "
                "usual for its size. A quota may be slowing it down, or it hangs.\n" + log_text(self.aws, step.job_arn)
            )

    def _say(self, line: str) -> None:
        self.spoke = self.clock()
        self.view.log(f"{self.now():%H:%M:%S}  {line}")

    def draw(self) -> None:
        """Redraws the table of steps."""
        if self.state is not None:
            self.view.refresh(progress_html(self.state, self.settings, self.now(), self.usual))

    def _finish(self, state: RunState) -> FinishedRun:
        warnings: tuple[str, ...] = ()
        if state.status != "Succeeded":
            if not self.runs.has_results(state, self.settings, self.aws):
                raise self._run_error(state)
            steps = (f"{step.name} did not succeed: {step.reason or 'no reason given'}" for step in state.failed_steps)
            warning = f"The evaluation ended as {state.status}, but the result files are complete; going on with them. "
            warning += "; ".join(steps)
            self.view.log(f"! {warning.strip()}")
            self.draw()
            warnings = (warning.strip(),)
        self._keep_durations(state)
        return FinishedRun(self.arn, state.status, state.created, warnings)

    def _keep_durations(self, state: RunState) -> None:
        """For later estimates; what local AWS took says nothing about AWS."""
        took = {step.name: step_seconds(step, self.now()) / 60 for step in state.steps if step.status == "Succeeded"}
        if self.size.rows and not self.aws.simulated:
            run = PastRun(state.id, self.settings.sizes(self.size), took)
            keep_past_run(self.settings.results_dir, run)

    def _run_error(self, state: RunState) -> EvaluationRunError:
        """The exception for a run that ended without complete results."""
        failed = state.failed_steps[0] if state.failed_steps else None
        where = f" in step {failed.name} ({self.runs.label(failed.name)})" if failed else ""
        reasons = (failed.reason if failed else "", self._job_reason(state), state.reason)
        reason = "\n".join(dict.fromkeys(text for text in reasons if text)) or "no reason given"
        if state.status == "Stopped":
            return EvaluationRunError(
                f"The evaluation was stopped{where}.\nSageMaker says: {reason}\nRun: {state.arn}",
                fix="If that was not intended, ask who stopped it. Run the notebook again from the launch cell: "
                "it starts a new evaluation.",
            )
        log = f"\n{log_text(self.aws, failed.job_arn)}" if failed and failed.job_arn else ""
        diagnosis = diagnose(reason, self.runs.failures)
        if diagnosis is UNKNOWN_FAILURE:
            lines = re.findall(r"(?m)^  \| (.*)", log)
            diagnosis = diagnose("\n".join(lines), self.runs.failures)
        return EvaluationRunError(
            f"The evaluation ended as {state.status}{where}.\nSageMaker says: {reason}\n"
            f"That means: {diagnosis.meaning}\nRun: {state.arn}{log}",
            fix=f"{diagnosis.fix} The launch cell starts a new evaluation after a failed one.",
        )

    def _job_reason(self, state: RunState) -> str:
        """The failed step's own job often says more than the step does; empty when it cannot be asked."""
        arn = next((step.job_arn for step in state.failed_steps if step.job_arn), None)
        if arn is None or ":training-job/" not in arn:
            return ""
        try:
            job: Json = self.aws.sagemaker.describe_training_job(TrainingJobName=arn.rsplit("/", 1)[-1])
        except AwsFailure:
            return ""
        return str(job.get("FailureReason", ""))
