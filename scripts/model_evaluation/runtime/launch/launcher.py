"""Starting a run, once: running this again attaches to the run that is already there."""

from __future__ import annotations

import ast
import hashlib
import inspect
import random
import re
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from model_evaluation.runtime.session import (
    GONE_CODES,
    AwsClients,
    AwsFailure,
    aws_error_code,
    is_credentials_error,
    was_refused,
)
from model_evaluation.runtime.settings import Settings

from .account import concurrency_limit, labelled_runs, run_name
from .ledger import LaunchAttempt, LaunchError, LaunchLedger, configuration_changes
from .service import ENDED, Call, ListedRun, Started, diagnose

RESTARTS = 2  # after a start that ran somebody else's definition
RESTART_PAUSE = 3.0  # seconds, on average: long enough for the other start to be over
CLOCK_SKEW = timedelta(minutes=10)
LOOKS, LOOK_PAUSE = 3, 2.0  # a service's list may lag a little behind the start
LONGEST_RUN = timedelta(days=7)  # no evaluation runs longer: each of its jobs is limited to a day or a few
PLACE_PAUSE = 60.0  # seconds between two looks for a free place
USED_UP = re.compile(r"ResourceLimitExceeded|LimitExceeded", re.IGNORECASE)

Start = Callable[[Any, str], Call]
"""The launch cell's function: from the settings of one file of the dataset and the run's name to the service's call."""


class RunInProgressError(LaunchError):
    """Another configuration's evaluation is still running; whether to start beside it is the user's decision."""


class _NoPlace(Exception):
    """As many evaluations run as the account may have at once; this one has to wait for its turn."""


@dataclass(frozen=True)
class Launch:
    """A run that was started or attached to, and what it takes to start further ones that the settings need."""

    arn: str
    start: Start
    settings: Settings


def launch_once(
    start: Start,
    settings: Settings,
    aws: AwsClients,
    *,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    out: Callable[[str], None] = print,
) -> Launch:
    """The run that evaluates these settings, the first of several; it is started unless it already was.

    The intent is on disk before AWS is asked and the ARN right after, so neither a second run of the cell nor a
    kernel that died in between starts a second evaluation. A run that failed or was stopped is followed by a new one.
    What the service runs is read back: somebody else's definition is stopped and the start repeated, at most twice.
    While the account runs as many evaluations as it may, the start waits for a place, up to TIMEOUT_MINUTES. A run of
    these settings whose record was lost with its folder is found in AWS by its name.

    Raises :class:`RunInProgressError` beside a run with another configuration (unless FORCE_NEW_RUN), and
    :class:`LaunchError` when nothing was started or what was asked for could not be made to run.
    """
    return Launch(_Launcher(settings.parts[0], aws, start, now, sleep, out).run(), start, settings)


@dataclass
class _Launcher:
    settings: Settings
    aws: AwsClients
    start: Start
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    out: Callable[[str], None]
    waiting_since: datetime | None = None

    def __post_init__(self) -> None:
        self.runs, self.ledger = self.settings.runs, LaunchLedger(self.settings)
        self.call = source_digest(self.start)

    def run(self) -> str:
        try:
            while True:
                try:
                    return self._attach_or_start()
                except _NoPlace as error:
                    self._wait_for_a_place(str(error))
        except AwsFailure as error:
            if is_credentials_error(error):
                raise LaunchError(
                    f"AWS does not accept the credentials ({aws_error_code(error)}).",
                    fix="Renew them and run this cell again; a run that was already started is attached to.",
                ) from error
            raise self._error(f"AWS said: {error}", str(error)) from error

    def _attach_or_start(self) -> str:
        with self.ledger.locked(sleep=self.sleep):
            record = self.ledger.read()
            attempt = record.current if record.attempts else self._unrecorded()
            arn = self._attach(attempt) if attempt is not None else None
            if arn is not None:
                return arn
            if not self.settings.force_new_run:
                self._refuse_beside_another_run()
            self._require_a_place()
            return self._start_new()

    # -- a run that is there already --------------------------------------------------------------------------

    def _unrecorded(self) -> LaunchAttempt | None:
        """A run of these settings that AWS knows although no record of it is left, filed anew."""
        if self.settings.force_new_run:
            return None
        mine, other = labelled_runs(self._recent(), self.settings.run_label, self.ledger.fingerprint)
        if mine is not None:
            self.out("RESULTS_DIR holds no record of it, but AWS has a run of this very configuration.")
            started = mine.started or self.now()
            attempt = LaunchAttempt(mine.name, started.isoformat(timespec="seconds"), mine.arn)
            self.ledger.file(attempt)
            return attempt
        if other is not None and not self.ledger.others():
            try:
                differences = self.runs.differences(self.aws, other.arn, other.name, self.settings)
            except AwsFailure:
                differences = []
            raise self._in_progress(other.status, other.arn, differences)
        return None

    def _attach(self, attempt: LaunchAttempt) -> str | None:
        """The attempt's run when it is worth attaching to; otherwise says why and files the attempt."""
        if self.settings.force_new_run:
            self.out("FORCE_NEW_RUN is set: starting a new evaluation beside the earlier one.")
            return self._give_up(attempt, "superseded by FORCE_NEW_RUN")
        if attempt.execution_arn is None:
            attempt = replace(attempt, execution_arn=self._named(attempt))
            self.ledger.file(attempt)
        arn = attempt.execution_arn
        if arn is None:
            return self._give_up(attempt, "never reached AWS")
        try:
            state = self.runs.describe(self.aws, arn)
        except ClientError as error:
            if aws_error_code(error) not in GONE_CODES:
                raise
            self.out(f"The earlier run {arn} no longer exists: starting a new evaluation.")
            return self._give_up(attempt, "no longer exists")
        ended_badly = state.status in ENDED - {"Succeeded"} or state.status == "Stopping"
        if ended_badly and not self.runs.has_results(state, self.settings, self.aws):
            self.out(f"The earlier run ended as {state.status}: starting a new evaluation.\n  {arn}")
            return self._give_up(attempt, state.status)
        if not attempt.verified:
            attempt, differences = self._verify(attempt, arn)
            if differences:
                return self._discard(attempt, arn, differences, running=state.running)
        self.ledger.file(attempt)  # whoever watches the records sees which one is taken up
        self.out(f"Attached to the evaluation that is already there ({state.status}).\n  {arn}")
        if self.call and attempt.call and self.call != attempt.call:
            self.out(
                "! The call in this cell has been edited since that evaluation was started with the earlier one. "
                "FORCE_NEW_RUN = True starts a new one."
            )
        return arn

    def _give_up(self, attempt: LaunchAttempt, outcome: str) -> str | None:
        """Files the attempt as one that no longer counts."""
        self.ledger.file(replace(attempt, outcome=outcome))
        return None

    # -- other runs -------------------------------------------------------------------------------------------

    def _recent(self) -> list[ListedRun]:
        """The account's runs of the last days; none when they may not be listed."""
        try:
            return list(self.runs.recent(self.aws, self.now() - LONGEST_RUN))
        except ClientError as error:
            if is_credentials_error(error):
                raise
            self.out(f"! The account's evaluations could not be listed ({aws_error_code(error)}).")
            return []

    def _refuse_beside_another_run(self) -> None:
        """Raises :class:`RunInProgressError` when another configuration of this folder is still being evaluated."""
        for record in self.ledger.others():
            attempt = record.current
            if attempt is None or self.now() - datetime.fromisoformat(attempt.intended_at) > LONGEST_RUN:
                continue
            arn = attempt.execution_arn or self._named(attempt)
            status = self._status_of(arn) if arn else None
            if arn is None or status is None or status in ENDED:
                continue
            raise self._in_progress(status, arn, configuration_changes(record.configuration, self.ledger.configuration))

    def _in_progress(self, status: str, arn: str, changes: list[str]) -> RunInProgressError:
        return RunInProgressError(
            f"An evaluation with another configuration is still going on ({status}), so nothing was started.\n"
            f"  {arn}\n" + "\n".join(f"  {change}" for change in changes),
            fix="Wait until it has ended. Or follow it: put the earlier values back and run the notebook again. Or "
            f"end it: {self.runs.stop_command(arn)}. Or, to start this one beside it, set FORCE_NEW_RUN = True.",
        )

    def _status_of(self, arn: str) -> str | None:
        region = arn.split(":")[3]
        aws = self.aws if region == self.aws.region else AwsClients(region, self.aws.session)
        try:
            return self.runs.status(aws, arn).status
        except ClientError as error:
            if aws_error_code(error) in GONE_CODES:
                return None
            if is_credentials_error(error):
                raise
            return f"its status is unknown: {aws_error_code(error)}"

    def _require_a_place(self) -> None:
        limit = concurrency_limit(self.aws, self.runs.quota)
        running = [] if limit is None else [run for run in self._recent() if run.takes_a_place]
        if limit is not None and len(running) >= limit:
            raise _NoPlace(f"{len(running)} evaluation(s) are running, and this account may run {limit} at once")

    def _wait_for_a_place(self, reason: str) -> None:
        """Pauses, without the folder's lock; says once why. Raises :class:`LaunchError` after TIMEOUT_MINUTES."""
        if self.waiting_since is None:
            self.waiting_since = self.now()
            self.out(f"{reason}: this one starts when one of them has ended. Nothing was started yet.")
        limit, waited = self.settings.timeout_minutes, (self.now() - self.waiting_since).total_seconds()
        if limit is not None and waited >= limit * 60:
            raise LaunchError(
                f"No place became free within TIMEOUT_MINUTES ({limit:g}): {reason}.",
                fix="Run this cell again to wait on, or ask for a higher quota (Service Quotas, Amazon SageMaker).",
            )
        pause = PLACE_PAUSE * (0.75 + random.random() / 2)  # noqa: S311  # two who wait should not go at once
        self.sleep(pause if limit is None else min(pause, limit * 60 - waited))

    # -- a new run --------------------------------------------------------------------------------------------

    def _start_new(self) -> str:
        for _ in range(1 + RESTARTS):
            name = run_name(self.settings.run_label, self.ledger.fingerprint)
            attempt = LaunchAttempt(name, self.now().isoformat(timespec="seconds"), call=self.call)
            self.ledger.file(attempt)
            arn = self._arn_of_start(attempt)
            attempt = replace(attempt, execution_arn=arn)
            self.ledger.file(attempt)
            attempt, differences = self._verify(attempt, arn)
            if not differences:
                self.out(f"Started {name}.\n  {arn}")
                if self.settings.force_new_run:
                    self.out("Set FORCE_NEW_RUN back to False: as it is, running this cell again starts yet another.")
                return arn
            self._discard(attempt, arn, differences, running=True)
            self.sleep(RESTART_PAUSE * (0.5 + random.random()))  # noqa: S311  # two who collided should not again
        raise LaunchError(
            f"SageMaker ran somebody else's evaluation {1 + RESTARTS} times; each of these runs was stopped. The SDK "
            "shares one pipeline in this account and region, and others are starting evaluations all the time. "
            "The last one differed: " + "; ".join(differences) + ".",
            fix="Run this cell again when fewer evaluations are being started.",
        )

    def _arn_of_start(self, attempt: LaunchAttempt) -> str:
        try:
            started = self.runs.start(self.start(self.settings, attempt.name), self.settings, self.aws)
        except AwsFailure as error:
            started = Started(None, str(error), refused=was_refused(error))
        except Exception as error:
            self._give_up(attempt, "refused before the start")
            if isinstance(error, LaunchError):
                raise
            raise self._error(f"The SDK refused to start the evaluation: {error}", str(error)) from error
        if started.arn is not None:
            return started.arn
        arn = self._named(attempt)  # it may have reached AWS all the same
        if arn is not None:
            return arn
        if not started.refused:
            # The intent stays on record: the next run of the cell looks for the run before it starts one.
            raise LaunchError(
                f"It is not known whether SageMaker started the evaluation: {started.reason}. "
                "So far there is none under its name.",
                fix="Run this cell again in a minute; it looks once more before it starts anything.",
            )
        self._give_up(attempt, "not started")
        if USED_UP.search(started.reason) and any(run.takes_a_place for run in self._recent()):
            raise _NoPlace(f"SageMaker says that the account runs as many evaluations as it may ({started.reason})")
        raise self._error(f"SageMaker did not start the evaluation. {started.reason}", started.reason)

    def _verify(self, attempt: LaunchAttempt, arn: str) -> tuple[LaunchAttempt, list[str]]:
        """The attempt, marked when it runs what was asked for, and how what runs differs from that."""
        try:
            differences = self.runs.differences(self.aws, arn, attempt.name, self.settings)
        except AwsFailure as error:
            self.out(
                f"! The definition that SageMaker runs could not be read back ({aws_error_code(error)}); "
                "it is not verified."
            )
            return attempt, []
        if not differences:
            attempt = replace(attempt, verified=True)
            self.ledger.file(attempt)
        return attempt, differences

    def _discard(self, attempt: LaunchAttempt, arn: str, differences: list[str], *, running: bool) -> str | None:
        """Stops a run of somebody else's definition. It is filed after that: a kernel that dies in between
        finds it again and stops it then."""
        self.out(
            f"! Somebody else started an evaluation at the same moment, and SageMaker ran theirs under this name: "
            f"{'; '.join(differences)}. Starting again.\n  {arn}"
        )
        if running:
            try:
                self.runs.stop(self.aws, arn)
            except AwsFailure as error:
                self._give_up(attempt, "ran another definition")
                raise LaunchError(
                    f"SageMaker runs somebody else's definition: {'; '.join(differences)}. "
                    f"This run could not be stopped ({aws_error_code(error)}): {arn}",
                    fix="Stop it in SageMaker Studio (Pipelines) or have it stopped, then run this cell again.",
                ) from error
        return self._give_up(attempt, "ran another definition")

    def _named(self, attempt: LaunchAttempt) -> str | None:
        after = datetime.fromisoformat(attempt.intended_at) - CLOCK_SKEW
        for look in range(LOOKS):
            if look:
                self.sleep(LOOK_PAUSE)
            arn = self.runs.named(self.aws, attempt.name, after)
            if arn is not None:
                return arn
        return None

    def _error(self, message: str, reason: str) -> LaunchError:
        return LaunchError(message, fix=diagnose(reason, self.runs.failures).fix)


def source_digest(start: Start) -> str:
    """What identifies the launch cell's function by its text; empty where the text cannot be had."""
    try:
        text = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(start))))
    except (OSError, TypeError, SyntaxError):
        return ""
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]
