"""Waiting ends on every terminal status, survives what passes, and raises at once what does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from model_evaluation.runtime.launch.durations import read_past_runs
from model_evaluation.runtime.launch.progress import ProgressView
from model_evaluation.runtime.launch.waiting import (
    EvaluationRunError,
    FinishedRun,
    WaitError,
    wait_for_run,
)
from unit.runtime.fake_sagemaker import (
    ARN,
    START,
    Clock,
    FakeLogs,
    FakeS3,
    FakeSageMaker,
    all_steps,
    client_error,
    clients,
    result_keys,
    settings_with,
    step,
)

EXECUTION = ARN + "abc123"
RUNNING = ("Executing", [step("CreateEvaluationAction", "Executing")])
DONE = ("Succeeded", all_steps())


class Waiting:
    """One wait with fakes, and what it left behind."""

    def __init__(
        self, sagemaker: FakeSageMaker, s3: FakeS3 | None = None, logs: FakeLogs | None = None, **changes: Any
    ) -> None:
        self.clock = Clock()
        self.lines: list[str] = []
        self.sagemaker = sagemaker
        self._aws = clients(sagemaker, s3, logs)
        self._settings = settings_with(**changes)

    def run(self, now: Callable[[], datetime] | None = None) -> FinishedRun:
        return wait_for_run(
            EXECUTION,
            self._settings,
            self._aws,
            clock=self.clock,
            now=now or self.clock.now,
            sleep=self.clock.sleep,
            jitter=lambda: 1.0,
            view=ProgressView(jupyter=False, out=self.lines.append),
        )


def test_success_returns_the_run_and_asks_twice_per_poll() -> None:
    waiting = Waiting(FakeSageMaker(RUNNING, RUNNING, ("Stopping", []), DONE))
    assert waiting.run() == FinishedRun(EXECUTION, "Succeeded", START, ())
    assert waiting.sagemaker.calls == ["describe", "steps"] * 4
    assert waiting.clock.naps == [30, 30, 30]


def test_progress_is_told_once_per_change() -> None:
    waiting = Waiting(FakeSageMaker(RUNNING, RUNNING, RUNNING, DONE))
    waiting.run()
    assert len([line for line in waiting.lines if "lineage: executing" in line]) == 1
    assert "12:01:30  Judge scores the base model: succeeded after 5 min 00 s" in waiting.lines
    assert waiting.lines[-1] == "12:01:30  Evaluation Succeeded (1 min 30 s)."


def test_an_unknown_status_is_waited_out() -> None:
    assert Waiting(FakeSageMaker(("Hibernating", []), DONE)).run().status == "Succeeded"


def test_failure_names_step_reason_meaning_and_fix() -> None:
    reason = "User: arn:x is not authorized to perform: bedrock:CreateEvaluationJob"
    steps = all_steps(
        EvaluateCustomModelMetrics=step("EvaluateCustomModelMetrics", "Failed", reason="ClientError: job failed")
    )
    sagemaker = FakeSageMaker(("Failed", steps), reason="Step failure")
    sagemaker.jobs["job-EvaluateCustomModelMetrics"] = reason
    with pytest.raises(EvaluationRunError) as raised:
        Waiting(sagemaker).run()
    text = str(raised.value)
    assert "in step EvaluateCustomModelMetrics (Judge scores the fine-tuned model)" in text
    assert "ClientError: job failed" in text
    assert reason in text
    assert "may not run Bedrock evaluation jobs" in text
    assert "bedrock:CreateEvaluationJob" in raised.value.fix
    assert EXECUTION in text


def test_the_first_step_that_failed_is_the_one_named() -> None:
    steps = [
        step("EvaluateCustomModelMetrics", "Failed", reason="second", minutes=9),
        step("EvaluateBaseModelMetrics", "Failed", reason="first", minutes=3),
    ]
    with pytest.raises(EvaluationRunError, match="in step EvaluateBaseModelMetrics"):
        Waiting(FakeSageMaker(("Failed", steps))).run()


def test_a_failure_without_any_reason_still_says_what_to_do() -> None:
    with pytest.raises(EvaluationRunError, match="no reason given") as raised:
        Waiting(FakeSageMaker(("Failed", []))).run()
    assert raised.value.fix


def test_a_job_that_cannot_be_asked_does_not_hide_the_failure() -> None:
    sagemaker = FakeSageMaker(("Failed", [step("EvaluateBaseModelMetrics", "Failed", reason="broken")]))
    sagemaker.denied["job"] = client_error("AccessDeniedException")
    with pytest.raises(EvaluationRunError, match="broken"):
        Waiting(sagemaker).run()


def test_a_stopped_run_raises_and_names_where_it_was() -> None:
    steps = [step("CreateEvaluationAction"), step("EvaluateCustomInferenceModel", "Stopped")]
    with pytest.raises(EvaluationRunError, match=r"was stopped in step EvaluateCustomInferenceModel"):
        Waiting(FakeSageMaker(("Stopped", steps))).run()


@pytest.mark.parametrize("status", ["Failed", "CompletedWithFailures", "Stopped"])
def test_complete_results_are_used_although_a_later_step_failed(status: str) -> None:
    steps = all_steps(AssociateLineage=step("AssociateLineage", "Failed", reason="no permission"))
    s3 = FakeS3(*result_keys("abc123", "custom", "base"))
    waiting = Waiting(FakeSageMaker((status, steps)), s3)
    run = waiting.run()
    assert run.status == status
    (warning,) = run.warnings
    assert "AssociateLineage did not succeed: no permission" in warning
    assert waiting.lines[-1] == f"! {warning}"


@pytest.mark.parametrize(
    ("steps", "keys"),
    [
        (all_steps(EvaluateBaseModelMetrics=step("EvaluateBaseModelMetrics", "Failed")), ("custom", "base")),
        (all_steps(), ("custom",)),
        (all_steps(), ()),
        (all_steps()[:4], ("custom", "base")),
    ],
)
def test_incomplete_results_are_not_used(steps: list[dict[str, Any]], keys: tuple[str, ...]) -> None:
    s3 = FakeS3(*result_keys("abc123", *keys), *result_keys("other9", "custom", "base"))
    with pytest.raises(EvaluationRunError):
        Waiting(FakeSageMaker(("CompletedWithFailures", steps)), s3).run()


def test_one_side_is_complete_when_one_side_was_asked_for() -> None:
    steps = [step("EvaluateCustomModelMetrics"), step("AssociateLineage", "Failed")]
    s3 = FakeS3(*result_keys("abc123", "custom"))
    waiting = Waiting(FakeSageMaker(("Failed", steps)), s3, EVALUATE_BASE_MODEL=False)
    assert waiting.run().warnings


@pytest.mark.parametrize(
    "error",
    [
        client_error("ThrottlingException", "Rate exceeded"),
        client_error("TooManyRequestsException"),
        client_error("InternalFailure", status=500),
        client_error("SomethingNew", status=503),
        EndpointConnectionError(endpoint_url="https://api.sagemaker.us-west-2.amazonaws.com"),
        ReadTimeoutError(endpoint_url="https://api.sagemaker.us-west-2.amazonaws.com"),
    ],
)
def test_what_passes_is_waited_out_with_growing_pauses(error: Exception) -> None:
    waiting = Waiting(FakeSageMaker(RUNNING, error, error, error, DONE), POLL_SECONDS=10)
    assert waiting.run().status == "Succeeded"
    assert waiting.clock.naps == [10, 20, 40, 80]
    assert sum("could not be asked" in line for line in waiting.lines) == 1
    assert sum("answers again" in line for line in waiting.lines) == 1


def test_pauses_stay_bounded() -> None:
    outage = [client_error("ThrottlingException")] * 12
    waiting = Waiting(FakeSageMaker(RUNNING, *outage, DONE), TIMEOUT_MINUTES=None)
    waiting.run()
    assert max(waiting.clock.naps) == 300


def test_an_hour_of_silence_ends_the_wait_but_not_the_run() -> None:
    waiting = Waiting(FakeSageMaker(RUNNING, client_error("ThrottlingException")), TIMEOUT_MINUTES=None)
    with pytest.raises(WaitError, match="has not answered for 1 h"):
        waiting.run()


@pytest.mark.parametrize(
    "error",
    [
        client_error("ExpiredTokenException", status=403),
        client_error("ExpiredToken"),
        client_error("UnrecognizedClientException"),
        client_error("InvalidClientTokenId", status=403),
        NoCredentialsError(),
    ],
)
def test_expired_credentials_raise_at_once_and_say_that_the_run_goes_on(error: Exception) -> None:
    waiting = Waiting(FakeSageMaker(RUNNING, error))
    with pytest.raises(WaitError, match="goes on in AWS") as raised:
        waiting.run()
    assert waiting.clock.naps == [30]
    assert "run this cell again" in raised.value.fix
    assert EXECUTION in raised.value.message


def test_a_denied_poll_raises_at_once() -> None:
    waiting = Waiting(FakeSageMaker(client_error("AccessDeniedException", "not authorized to perform X", status=403)))
    with pytest.raises(WaitError, match="not authorized to perform X"):
        waiting.run()
    assert not waiting.clock.naps


def test_the_time_limit_ends_the_wait_to_the_second() -> None:
    waiting = Waiting(FakeSageMaker(RUNNING), POLL_SECONDS=50, TIMEOUT_MINUTES=2.5)
    with pytest.raises(WaitError, match=r"TIMEOUT_MINUTES \(2.5\)"):
        waiting.run()
    assert waiting.clock.seconds == 150


def test_an_interrupt_is_passed_on_and_says_how_to_stop_the_run() -> None:
    waiting = Waiting(FakeSageMaker(RUNNING))

    def interrupt() -> None:
        raise KeyboardInterrupt

    waiting.clock.on_sleep = interrupt
    with pytest.raises(KeyboardInterrupt):
        waiting.run()
    assert "run this cell again" in waiting.lines[-1]
    assert f"--pipeline-execution-arn {EXECUTION}" in waiting.lines[-1]
    assert "stop" not in waiting.sagemaker.calls


def test_thousands_of_polls_say_little() -> None:
    waiting = Waiting(FakeSageMaker(*[RUNNING] * 2_000, DONE), TIMEOUT_MINUTES=None)
    waiting.run()
    assert waiting.clock.seconds == 60_000
    heartbeats = [line for line in waiting.lines if "Still executing" in line]
    assert len(heartbeats) == 60_000 // 300 - 1
    assert heartbeats[0] == "12:05:00  Still executing (5 min 00 s); Record the run's lineage: longer than usual."


def judge_runs(minutes: int) -> tuple[str, list[dict[str, Any]]]:
    running = step("EvaluateBaseModelMetrics", "Executing")
    running["StartTime"] = START - timedelta(minutes=minutes)
    return "Executing", [running]


def test_a_stuck_step_is_called_out_once_with_its_log() -> None:
    logs = FakeLogs("starting", "ThrottlingException: Rate exceeded\x1b[31m")
    waiting = Waiting(FakeSageMaker(judge_runs(80), *[judge_runs(100)] * 5, DONE), logs=logs)
    waiting.run()
    called_out = [line for line in waiting.lines if "! Judge scores the base model has been running" in line]
    assert len(called_out) == 1
    assert "1 h 40 min" in called_out[0]
    assert "9 to 16 minutes are usual for its size" in called_out[0]  # 60 rows, two metrics
    assert (
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Djob-EvaluateBaseModelMetrics" in called_out[0]
    )
    assert called_out[0].endswith("  | starting\n  | ThrottlingException: Rate exceeded [31m")
    assert logs.calls == ["streams", "events"]


def test_a_run_in_which_nothing_starts_is_called_out_once() -> None:
    waiting = Waiting(FakeSageMaker(*[("Executing", [])] * 100, DONE), TIMEOUT_MINUTES=None)
    waiting.run()
    assert len([line for line in waiting.lines if "! No step has started within 15 min 30 s" in line]) == 1


FAILED = ("Failed", [step("EvaluateBaseModelMetrics", "Failed", reason="AlgorithmError: exit code 1")])


def test_a_failure_shows_the_end_of_its_jobs_log_and_is_diagnosed_from_it() -> None:
    logs = FakeLogs(*[f"line {number}" for number in range(40)], "No S3 objects found under s3://acme-data/x")
    with pytest.raises(EvaluationRunError) as raised:
        Waiting(FakeSageMaker(FAILED), logs=logs).run()
    assert "| line 39\n  | No S3 objects found" in raised.value.message
    assert "| line 25" not in raised.value.message
    assert "That means: A file or bucket" in raised.value.message


@pytest.mark.parametrize(
    ("logs", "said"),
    [
        (
            FakeLogs(error=client_error("AccessDeniedException")),
            "could not be read (AccessDeniedException); allow logs:",
        ),
        (FakeLogs(error=client_error("ResourceNotFoundException")), "has written no log"),
        (FakeLogs(error=NoCredentialsError()), "could not be read (NoCredentialsError)"),
        (FakeLogs(), "has written no log"),
    ],
)
def test_a_log_that_cannot_be_read_is_said_and_hides_nothing(logs: FakeLogs, said: str) -> None:
    with pytest.raises(EvaluationRunError, match="exit code 1") as raised:
        Waiting(FakeSageMaker(FAILED), logs=logs).run()
    assert said in raised.value.message


def test_what_the_steps_took_is_kept_for_later_estimates(tmp_path: Path) -> None:
    (tmp_path / "launches").mkdir()
    Waiting(FakeSageMaker(DONE), RESULTS_DIR=str(tmp_path)).run()
    (past,) = read_past_runs(str(tmp_path))
    assert (past.run_id, past.sizes) == ("abc123", {"rows": 60, "prompt_tokens": 1, "metrics": 2})
    assert past.minutes["EvaluateCustomModelMetrics"] == 5


def test_a_simulated_run_says_nothing_about_durations(tmp_path: Path) -> None:
    (tmp_path / "launches").mkdir()
    sagemaker = FakeSageMaker(DONE)
    sagemaker.meta = SimpleNamespace(endpoint_url="http://127.0.0.1:5000")
    Waiting(sagemaker, RESULTS_DIR=str(tmp_path)).run()
    assert read_past_runs(str(tmp_path)) == ()


def test_a_dataset_that_cannot_be_read_keeps_nobody_from_waiting() -> None:
    class Denied(FakeS3):
        def get_object(self, **_: Any) -> dict[str, Any]:
            raise client_error("AccessDenied")

    assert Waiting(FakeSageMaker(RUNNING, DONE), Denied()).run().status == "Succeeded"
