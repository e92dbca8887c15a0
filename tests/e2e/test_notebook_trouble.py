"""Runs that go wrong: what the notebook says, and what running it again does."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from e2e.notebook_runs import Studio, studio, text_of
from model_evaluation.localaws import Scenario

pytestmark = pytest.mark.e2e
DENIED = (
    "ClientError: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/EvaluationRole/SageMaker is not "
    "authorized to perform: bedrock:CreateEvaluationJob"
)


def kernel_pid() -> int:
    """The process id of the kernel that this process started."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, IndexError):
                continue
            if parent == os.getpid() and b"ipykernel_launcher" in command:
                return int(entry.name)
    raise AssertionError("no kernel is running")


def test_a_step_that_fails_is_named_with_reason_and_fix_and_the_next_run_starts_anew(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(fail_step={"EvaluateCustomModelMetrics": DENIED})) as place:
        outcome = place.run()
        assert (outcome.ok, outcome.failed_cell, outcome.ename) == (False, "wait", "EvaluationRunError")
        assert "in step EvaluateCustomModelMetrics" in outcome.evalue
        assert "bedrock:CreateEvaluationJob" in outcome.evalue
        assert "What to do: Allow bedrock:CreateEvaluationJob" in outcome.evalue
        assert "Judge scores the fine-tuned model: failed" in outcome.last_output
        (error,) = [o for o in place.executed["wait"]["outputs"] if o["output_type"] == "error"]
        assert "".join(error["traceback"]) == f"EvaluationRunError: {outcome.evalue}"  # no stack of ours
        assert place.executed["results"]["execution_count"] is None

        place.aws.scenario = Scenario()
        again = place.run()
        assert again.ok, again
        assert place.starts == 2
        assert "The earlier run ended as Failed: starting a new evaluation." in text_of(place.executed["launch"])


def test_a_run_that_was_stopped_ends_the_notebook(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(stop_after="EvaluateCustomInferenceModel")) as place:
        outcome = place.run()
        assert (outcome.failed_cell, outcome.ename) == ("wait", "EvaluationRunError")
        assert "The evaluation was stopped" in outcome.evalue
        assert "starts a new evaluation" in outcome.evalue


def test_expired_credentials_end_the_wait_and_the_next_run_attaches(tmp_path: Path) -> None:
    scenario = Scenario(expire_credentials_after=("DescribePipelineExecution", 2))
    with studio(tmp_path, scenario=scenario, step_seconds=1.0) as place:
        outcome = place.run()
        assert (outcome.failed_cell, outcome.ename) == ("wait", "WaitError")
        assert "The evaluation goes on in AWS" in outcome.evalue
        assert "run this cell again" in outcome.evalue

        place.aws.scenario = Scenario()
        again = place.run()
        assert again.ok, again
        assert place.starts == 1
        assert place.summary["rows"]["paired"] == 12


def test_a_kernel_that_dies_while_waiting_loses_nothing(tmp_path: Path) -> None:
    with studio(tmp_path, step_seconds=1.0) as place:

        def kill_while_waiting(line: str) -> None:
            if "Base model answers the prompts: executing" in line:
                os.kill(kernel_pid(), signal.SIGKILL)

        place.on_progress = kill_while_waiting
        outcome = place.run()
        assert (outcome.ok, outcome.failed_cell, outcome.ename) == (False, "wait", "DeadKernelError")
        assert "Kernel died" in text_of(place.executed["wait"])

        place.on_progress = lambda line: None
        again = place.run()
        assert again.ok, again
        assert place.starts == 1
        assert "Attached to the evaluation" in text_of(place.executed["launch"])


def kill_during_start(place: Studio) -> None:
    """Kills the kernel as soon as AWS has taken the start, before its answer is on disk."""

    def kill(line: str) -> None:
        if "/16] launch" not in line or "definitions" in line:
            return

        def watch() -> None:
            pid = kernel_pid()
            while not place.starts:
                time.sleep(0.005)
            os.kill(pid, signal.SIGKILL)

        threading.Thread(target=watch, daemon=True).start()

    place.on_progress = kill


def test_a_kernel_that_dies_during_the_start_does_not_start_twice(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(latency_ms=150)) as place:
        kill_during_start(place)
        outcome = place.run()
        assert outcome.ename == "DeadKernelError"
        place.on_progress = lambda line: None
        place.aws.scenario = Scenario()
        again = place.run()
        assert again.ok, again
        assert place.starts == 1


def test_complete_results_are_used_although_a_later_step_failed(tmp_path: Path) -> None:
    scenario = Scenario(complete_with_failures=True, fail_step={"AssociateLineage": "no permission for lineage"})
    with studio(tmp_path, scenario=scenario) as place:
        outcome = place.run()
        assert outcome.ok, outcome
        assert "the result files are complete" in text_of(place.executed["wait"])
        assert any("CompletedWithFailures" in warning for warning in place.summary["warnings"])


def test_somebody_elses_definition_is_noticed_and_stopped(tmp_path: Path) -> None:
    scenario = Scenario(foreign_update={"support-bot/3": "support-bot/1"})
    with studio(tmp_path, scenario=scenario) as place:
        outcome = place.run()
        assert (outcome.failed_cell, outcome.ename) == ("launch", "LaunchError")
        assert "its model is" in outcome.evalue
        assert len(place.aws.calls.of("StopPipelineExecution")) == 1


def test_a_start_that_aws_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    with studio(tmp_path, scenario=Scenario(start_fails="The account-level service limit is 0")) as place:
        outcome = place.run()
        assert (outcome.failed_cell, outcome.ename) == ("launch", "LaunchError")
        assert "The account-level service limit is 0" in outcome.evalue


def test_a_changed_dataset_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with studio(tmp_path, DATASET_ETAG="0" * 32) as place:
        outcome = place.run()
        assert (outcome.failed_cell, outcome.ename) == ("checks", "CheckError")
        assert "has changed since it was confirmed" in outcome.evalue
        assert place.starts == 0
        assert not (tmp_path / "results").exists()
