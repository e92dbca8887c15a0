"""Starting the evaluation, once: running this again attaches to the run that is already there."""

from __future__ import annotations

import random
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from model_evaluation.kinds.llm_as_judge.runtime.evaluator import run_name, start_with_sdk
from model_evaluation.kinds.llm_as_judge.runtime.readback import definition_differences
from model_evaluation.runtime.session import AwsClients, aws_error_code, is_credentials_error
from model_evaluation.runtime.settings import EvaluationSettings

from .account_runs import evaluation_limit, running_now, unrecorded_other, unrecorded_run
from .failures import diagnose
from .ledger import (
    LaunchAttempt,
    LaunchError,
    LaunchLedger,
    configuration_changes,
    evaluation_configuration,
)
from .pipeline import ENDED, ListedRun, execution_named, listed_runs, read_execution, results_are_complete, stop_command

RESTARTS = 2  # after a start that ran somebody else's definition
RESTART_PAUSE = 3.0  # seconds, on average: long enough for the other start to be over
CLOCK_SKEW = timedelta(minutes=10)
LOOKS, LOOK_PAUSE = 3, 2.0  # ListPipelineExecutions may lag a little behind StartPipelineExecution
LONGEST_RUN = timedelta(days=7)  # no evaluation runs longer: each of its two jobs is limited to a day or a few
PLACE_PAUSE = 60.0  # seconds between two looks for a free place
GONE_CODES = frozenset({"ResourceNotFound", "ResourceNotFoundException"})
# How the SDK words an answer of AWS that refused; anything else may have come back, or not, after a start.
START_REFUSED = re.compile(r"AWS service error: (?!.*(internal|unavailable|time(d )?out))", re.IGNORECASE | re.DOTALL)

USED_UP = re.compile(r"ResourceLimitExceeded|LimitExceeded", re.IGNORECASE)

Starter = Callable[[EvaluationSettings, AwsClients, str], Any]


class NoPlaceError(Exception):
    """As many evaluations run as the account may have at once; this one has to wait for its turn."""


class RunInProgressError(LaunchError):
    """Another configuration's evaluation is still running; whether to start beside it is the user's decision."""


def launch_evaluation(
    settings: EvaluationSettings,
    aws: AwsClients,
    *,
    start: Starter | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    out: Callable[[str], None] = print,
) -> str:
    """ARN of the pipeline execution that evaluates these settings; it is started unless it already was.

    The intent is on disk before AWS is asked and the ARN right after, so neither a second run of the cell nor
    a kernel that died in between starts a second evaluation. A run that failed or was stopped is followed by
    a new one. What SageMaker runs is read back: somebody else's definition is stopped and the start repeated, at
    most twice. While the account runs as many evaluations as it may, the start waits for a place, up to
    TIMEOUT_MINUTES. A run of these settings whose record was lost with its folder is found in AWS by its name.

    Raises :class:`RunInProgressError` beside a run with another configuration (unless FORCE_NEW_RUN), and
    :class:`LaunchError` when nothing was started or what was asked for could not be made to run.
    """
    return _Launch(settings, aws, start or start_with_sdk, now, sleep, out).run()


class _Launch:
    def __init__(
        self,
        settings: EvaluationSettings,
        aws: AwsClients,
        start: Starter,
        now: Callable[[], datetime],
        sleep: Callable[[float], None],
        out: Callable[[str], None],
    ) -> None:
        self._settings, self._aws = settings, aws
        self._start, self._now, self._sleep, self._out = start, now, sleep, out
        self._ledger = LaunchLedger(settings.results_dir, evaluation_configuration(settings))
        self._waiting_since: datetime | None = None

    def run(self) -> str:
        try:
            while True:
                try:
                    return self._attach_or_start()
                except NoPlaceError as error:
                    self._wait_for_a_place(str(error))
        except (ClientError, BotoCoreError) as error:
            if is_credentials_error(error):
                raise LaunchError(
                    f"AWS does not accept the credentials ({aws_error_code(error)}).",
                    fix="Renew them and run this cell again; a run that was already started is attached to.",
                ) from error
            raise LaunchError(f"AWS said: {error}", fix=diagnose(str(error)).fix) from error

    def _attach_or_start(self) -> str:
        with self._ledger.locked(sleep=self._sleep):
            record = self._ledger.read()
            known = record.current if record.attempts else self._unrecorded()
            arn = self._attach(known) if known is not None else None
            if arn is not None:
                return arn
            if not self._settings.force_new_run:
                self._refuse_beside_another_run()
            self._require_a_place()
            return self._start_new()

    def _unrecorded(self) -> LaunchAttempt | None:
        """A run of these settings that AWS knows although no record of it is left, filed anew."""
        if self._settings.force_new_run:
            return None
        label, fingerprint = self._settings.run_label, self._ledger.fingerprint
        runs = self._listed()
        found = unrecorded_run(runs, label, fingerprint)
        if found is not None:
            self._out("RESULTS_DIR holds no record of it, but AWS has a run of this very configuration.")
            started = found.started or self._now()
            attempt = LaunchAttempt(found.name.rpartition("-")[0], started.isoformat(timespec="seconds"), found.arn)
            self._file(attempt, None)
            return attempt
        other = None if self._ledger.others() else unrecorded_other(runs, label, fingerprint)
        if other is not None:
            raise self._in_progress(other.status, other.arn, self._differences_of(other))
        return None

    def _listed(self) -> list[ListedRun]:
        """The account's evaluations of the last days; none when they may not be listed."""
        try:
            return list(listed_runs(self._aws.sagemaker, self._now() - LONGEST_RUN))
        except ClientError as error:
            if is_credentials_error(error):
                raise
            self._out(f"! The account's evaluations could not be listed ({aws_error_code(error)}).")
            return []

    def _differences_of(self, run: ListedRun) -> list[str]:
        try:
            answer = self._aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=run.arn)
        except (ClientError, BotoCoreError):
            return []
        return definition_differences(answer["PipelineDefinition"], self._settings, run.name.rpartition("-")[0])

    def _require_a_place(self) -> None:
        limit = evaluation_limit(self._aws)
        running = [] if limit is None else running_now(self._listed())
        if limit is not None and len(running) >= limit:
            raise NoPlaceError(f"{len(running)} evaluation(s) are running, and this account may run {limit} at once")

    def _wait_for_a_place(self, reason: str) -> None:
        """Pauses, without the folder's lock; says once why. Raises :class:`LaunchError` after TIMEOUT_MINUTES."""
        if self._waiting_since is None:
            self._waiting_since = self._now()
            self._out(f"{reason}: this one starts when one of them has ended. Nothing was started yet.")
        limit, waited = self._settings.timeout_minutes, (self._now() - self._waiting_since).total_seconds()
        if limit is not None and waited >= limit * 60:
            raise LaunchError(
                f"No place became free within TIMEOUT_MINUTES ({limit:g}): {reason}.",
                fix="Run this cell again to wait on, or ask for a higher quota (Service Quotas, Amazon SageMaker).",
            )
        pause = PLACE_PAUSE * (0.75 + random.random() / 2)  # noqa: S311  # two who wait should not go at once
        self._sleep(pause if limit is None else min(pause, limit * 60 - waited))

    def _attach(self, attempt: LaunchAttempt) -> str | None:
        """The attempt's execution when it is worth attaching to; otherwise says why and files the attempt."""
        if self._settings.force_new_run:
            self._out("FORCE_NEW_RUN is set: starting a new evaluation beside the earlier one.")
            self._file(attempt, "superseded by FORCE_NEW_RUN")
            return None
        if attempt.execution_arn is None:
            attempt = replace(attempt, execution_arn=self._find_execution(attempt))
            self._file(attempt, None)
        arn = attempt.execution_arn
        if arn is None:
            self._file(attempt, "never reached AWS")
            return None
        try:
            state = read_execution(self._aws.sagemaker, arn)
        except ClientError as error:
            if aws_error_code(error) not in GONE_CODES:
                raise
            self._out(f"The earlier run {arn} no longer exists: starting a new evaluation.")
            self._file(attempt, "no longer exists")
            return None
        failed = state.status in ("Failed", "Stopped", "Stopping", "CompletedWithFailures")
        if failed and not results_are_complete(state, self._settings.scope, self._aws.s3, self._settings.s3_output):
            self._out(f"The earlier run ended as {state.status}: starting a new evaluation.\n  {arn}")
            self._file(attempt, state.status)
            return None
        if not attempt.verified:
            attempt, differences = self._verify(attempt, arn)
            if differences:
                self._discard(attempt, arn, differences, running=state.running)
                return None
        self._out(f"Attached to the evaluation that is already there ({state.status}).\n  {arn}")
        return arn

    def _refuse_beside_another_run(self) -> None:
        """Raises :class:`RunInProgressError` when another configuration of this folder is still being evaluated."""
        for record in self._ledger.others():
            attempt = record.current
            if attempt is None or self._now() - datetime.fromisoformat(attempt.intended_at) > LONGEST_RUN:
                continue
            arn = attempt.execution_arn or self._find_execution(attempt)
            status = self._status_of(arn) if arn else None
            if arn is None or status is None or status in ENDED:
                continue
            changes = configuration_changes(record.configuration, evaluation_configuration(self._settings))
            raise self._in_progress(status, arn, changes)

    def _in_progress(self, status: str, arn: str, changes: list[str]) -> RunInProgressError:
        return RunInProgressError(
            f"An evaluation with another configuration is still going on ({status}), so nothing was started.\n"
            f"  {arn}\n" + "\n".join(f"  {change}" for change in changes),
            fix="Wait until it has ended. Or follow it: put the earlier values back and run the notebook again. Or "
            f"end it: {stop_command(arn)}. Or, to start this one beside it, set FORCE_NEW_RUN = True.",
        )

    def _status_of(self, arn: str) -> str | None:
        region = arn.split(":")[3]
        here = region == self._aws.region
        sagemaker = self._aws.sagemaker if here else self._aws.session.client("sagemaker", region_name=region)
        try:
            return str(sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)["PipelineExecutionStatus"])
        except ClientError as error:
            if aws_error_code(error) in GONE_CODES:
                return None
            if is_credentials_error(error):
                raise
            return f"its status is unknown: {aws_error_code(error)}"

    def _start_new(self) -> str:
        for _ in range(1 + RESTARTS):
            name = run_name(self._settings.run_label, self._ledger.fingerprint)
            attempt = LaunchAttempt(name, self._now().isoformat(timespec="seconds"))
            self._file(attempt, None)
            arn = self._call_sdk(attempt)
            attempt = replace(attempt, execution_arn=arn)
            self._file(attempt, None)
            attempt, differences = self._verify(attempt, arn)
            if not differences:
                self._out(f"Started {name}.\n  {arn}")
                if self._settings.force_new_run:
                    self._out("Set FORCE_NEW_RUN back to False: as it is, running this cell again starts yet another.")
                return arn
            self._discard(attempt, arn, differences, running=True)
            self._sleep(RESTART_PAUSE * (0.5 + random.random()))  # noqa: S311  # two who collided should not again
        raise LaunchError(
            f"SageMaker ran somebody else's evaluation {1 + RESTARTS} times; each of these runs was stopped. The SDK "
            "shares one pipeline in this account and region, and others are starting evaluations all the time. "
            "The last one differed: " + "; ".join(differences) + ".",
            fix="Run this cell again when fewer evaluations are being started.",
        )

    def _call_sdk(self, attempt: LaunchAttempt) -> str:
        reason = "the start was interrupted"
        try:
            execution = self._start(self._settings, self._aws, attempt.name)
        except Exception as error:
            # The SDK raises while it validates, before anything is started.
            self._file(attempt, "refused before the start")
            raise LaunchError(
                f"The SDK refused to start the evaluation: {error}", fix=diagnose(str(error)).fix
            ) from error
        if execution is not None:
            if execution.arn:
                return str(execution.arn)  # also when the SDK calls it Failed: only its own Describe failed then
            reason = getattr(execution.status, "failure_reason", None) or "the SDK gave no reason"
        # The SDK hides errors, and even an interrupt, of the start; it may have reached AWS all the same.
        found = self._find_execution(attempt)
        if found is not None:
            return found
        if START_REFUSED.match(reason) is None:
            # The intent stays on record: the next run of the cell looks for the execution before it starts one.
            raise LaunchError(
                f"It is not known whether SageMaker started the evaluation: {reason}. "
                "So far there is none under its name.",
                fix="Run this cell again in a minute; it looks once more before it starts anything.",
            )
        self._file(attempt, "not started")
        if USED_UP.search(reason) and running_now(self._listed()):
            raise NoPlaceError(f"SageMaker says that the account runs as many evaluations as it may ({reason})")
        raise LaunchError(f"SageMaker did not start the evaluation. {reason}", fix=diagnose(reason).fix)

    def _verify(self, attempt: LaunchAttempt, arn: str) -> tuple[LaunchAttempt, list[str]]:
        """The attempt, marked when it runs what was asked for, and how its definition differs."""
        try:
            answer = self._aws.sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)
        except (ClientError, BotoCoreError) as error:
            self._out(
                f"! The definition that SageMaker runs could not be read back ({aws_error_code(error)}); "
                "it is not verified."
            )
            return attempt, []
        differences = definition_differences(answer["PipelineDefinition"], self._settings, attempt.name)
        if not differences:
            attempt = replace(attempt, verified=True)
            self._file(attempt, None)
        return attempt, differences

    def _discard(self, attempt: LaunchAttempt, arn: str, differences: list[str], *, running: bool) -> None:
        """Stops a run of somebody else's definition. It is filed after that: a kernel that dies in between
        finds it again and stops it then."""
        self._out(
            f"! Somebody else started an evaluation at the same moment, and SageMaker ran theirs under this name: "
            f"{'; '.join(differences)}. Starting again.\n  {arn}"
        )
        if running:
            try:
                self._aws.sagemaker.stop_pipeline_execution(
                    PipelineExecutionArn=arn, ClientRequestToken=secrets.token_hex(16)
                )
            except (ClientError, BotoCoreError) as error:
                self._file(attempt, "ran another definition")
                raise LaunchError(
                    f"SageMaker runs somebody else's definition: {'; '.join(differences)}. "
                    f"This run could not be stopped ({aws_error_code(error)}): {arn}",
                    fix="Stop it in SageMaker Studio (Pipelines) or have it stopped, then run this cell again.",
                ) from error
        self._file(attempt, "ran another definition")

    def _find_execution(self, attempt: LaunchAttempt) -> str | None:
        after = datetime.fromisoformat(attempt.intended_at) - CLOCK_SKEW
        for look in range(LOOKS):
            if look:
                self._sleep(LOOK_PAUSE)
            found = execution_named(self._aws.sagemaker, attempt.name, after)
            if found is not None:
                return found
        return None

    def _file(self, attempt: LaunchAttempt, outcome: str | None) -> None:
        self._ledger.write(self._ledger.read().with_attempt(replace(attempt, outcome=outcome)))
