"""Runs that go wrong: what the notebook says, and what running it again does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from e2e.script_runs import Bench, Workshop
from model_evaluation.localaws import Scenario
from model_evaluation.localaws.cloud import Call
from trouble import Trouble

pytestmark = pytest.mark.e2e
NewBench = Callable[..., Bench]
DENIED = (
    "ClientError: AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/EvaluationRole/SageMaker is not "
    "authorized to perform: bedrock:CreateEvaluationJob"
)


def test_after_a_failed_run_the_next_one_starts_anew(new_bench: NewBench) -> None:
    bench = new_bench(scenario=Scenario(fail_step={"EvaluateCustomInferenceModel": DENIED}))
    assert bench.run().ename == "EvaluationRunError"
    bench.aws.scenario = Scenario()
    again = bench.run()
    assert again.ok, again
    assert "The earlier run ended as Failed: starting a new evaluation." in again.printed
    assert bench.executions == ["Failed", "Succeeded"]


def test_a_log_that_may_not_be_read_is_said(new_bench: NewBench) -> None:
    scenario = Trouble(fail_step={"EvaluateCustomInferenceModel": DENIED}, deny={"DescribeLogStreams": ""})
    outcome = new_bench(scenario=scenario).run()
    assert "its log could not be read (AccessDeniedException); allow logs:DescribeLogStreams" in outcome.evalue


def test_a_run_that_was_stopped_ends_the_notebook(new_bench: NewBench) -> None:
    outcome = new_bench(scenario=Scenario(stop_after="EvaluateCustomInferenceModel")).run()
    assert outcome.ename == "EvaluationRunError"
    assert "The evaluation was stopped" in outcome.evalue
    assert "starts a new evaluation" in outcome.evalue


def test_expired_credentials_end_the_wait_and_the_next_run_attaches(new_bench: NewBench) -> None:
    bench = new_bench(
        scenario=Trouble(hold_step="CustomModelMetrics", expire_credentials_after=("DescribePipelineExecution", 2))
    )
    outcome = bench.run()
    assert outcome.ename == "WaitError"
    assert "The evaluation goes on in AWS" in outcome.evalue
    assert "run this cell again" in outcome.evalue

    bench.aws.scenario = Scenario()
    again = bench.run()
    assert again.ok, again
    assert bench.executions == ["Succeeded"]
    assert bench.summary["rows"]["paired"] == 12


def test_complete_results_are_used_although_a_later_step_failed(new_bench: NewBench) -> None:
    scenario = Scenario(complete_with_failures=True, fail_step={"AssociateLineage": "no permission for lineage"})
    bench = new_bench(scenario=scenario)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert "the result files are complete" in outcome.printed
    assert any("CompletedWithFailures" in warning for warning in bench.summary["warnings"])


def foreign_starts() -> Trouble:
    """Somebody else's UpdatePipeline lands between each of ours and our start; no step ends before it is stopped."""
    return Trouble(foreign_update={"support-bot/3": "support-bot/1"}, foreign_updates=9, hold_step="")


def test_two_who_start_at_the_same_moment_each_get_their_own_evaluation(
    new_bench: NewBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first two starts are somebody else's, the third is ours."""
    bench = new_bench(scenario=foreign_starts())

    def leave_the_third_alone(call: Call, moment: str) -> None:
        if bench.calls_of("StartPipelineExecution") == 3:
            bench.aws.scenario = Scenario()

    monkeypatch.setattr(bench.aws.calls, "observer", leave_the_third_alone)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert (
        outcome.printed.count("its model is arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/1") == 2
    )
    assert bench.executions == ["Stopped", "Stopped", "Succeeded"]
    assert bench.calls_of("StopPipelineExecution") == 2
    sagemaker = bench.aws.client("sagemaker")
    arn = bench.summary["execution_arn"]
    definition = sagemaker.describe_pipeline_definition_for_execution(PipelineExecutionArn=arn)["PipelineDefinition"]
    steps = {step["Name"]: step["Arguments"] for step in json.loads(definition)["Steps"]}
    package = steps["EvaluateCustomInferenceModel"]["ModelPackageConfig"]["SourceModelPackageArn"]
    assert package == bench.parameters["MODEL_PACKAGE_ARN"]


def test_when_others_start_all_the_time_it_is_given_up_with_nothing_left_running(new_bench: NewBench) -> None:
    bench = new_bench(scenario=foreign_starts())
    outcome = bench.run()
    assert outcome.ename == "LaunchError"
    assert "its model is" in outcome.evalue
    assert len(bench.executions) == 3
    assert set(bench.executions) <= {"Stopping", "Stopped"}


def test_a_changed_configuration_beside_a_running_evaluation_asks(new_bench: NewBench) -> None:
    scenario = Trouble(hold_step="CustomModelMetrics", expire_credentials_after=("DescribePipelineExecution", 3))
    bench = new_bench(scenario=scenario)
    assert bench.run().ename == "WaitError"
    bench.aws.scenario = Scenario(hold_step="CustomModelMetrics")
    outcome = bench.run(BUILTIN_METRICS=["Correctness"])
    assert outcome.ename == "RunInProgressError"
    assert "builtin metrics: Correctness, Harmfulness is running, Correctness is asked for" in outcome.evalue
    assert bench.executions == ["Executing"]
    bench.aws.scenario = Scenario()
    assert bench.run(BUILTIN_METRICS=["Correctness"], FORCE_NEW_RUN=True).ok
    assert bench.executions == ["Succeeded", "Succeeded"]


def test_a_start_that_aws_refuses_is_told_in_its_words(new_bench: NewBench) -> None:
    outcome = new_bench(
        scenario=Trouble(
            errors={"StartPipelineExecution": ("ResourceLimitExceeded", "The account-level service limit is 0")}
        )
    ).run()
    assert outcome.ename == "LaunchError"
    assert "The account-level service limit is 0" in outcome.evalue


def test_a_changed_dataset_is_refused_before_anything_starts(new_bench: NewBench) -> None:
    bench = new_bench(DATASET_ETAG="0" * 32)
    outcome = bench.run()
    assert outcome.ename == "CheckError"
    assert "has changed since it was confirmed" in outcome.evalue
    assert bench.executions == []
    assert not (bench.folder / "results").exists()


def test_a_start_waits_for_a_place_among_the_accounts_evaluations(open_workshop: Workshop, tmp_path: Path) -> None:
    """The account may run one evaluation at once, and one is running; it ends while ours waits."""
    held: dict[str, Any] = {"hold_step": "CustomModelMetrics"}
    one: dict[str, Any] = {"quotas": {"L-619D690E": 1.0}}
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    first = open_workshop.bench(tmp_path / "first", scenario=Scenario(**held), TIMEOUT_MINUTES=0.02)
    assert first.run().ename == "WaitError"
    second = open_workshop.bench(tmp_path / "second", scenario=Scenario(**held, **one), TIMEOUT_MINUTES=0.01)
    outcome = second.run()
    assert outcome.ename == "LaunchError"
    assert "1 evaluation(s) are running, and this account may run 1 at once" in outcome.evalue
    assert second.executions == []
    second.aws.scenario = Scenario(**one)
    assert first.run(TIMEOUT_MINUTES=None).ok
    assert second.run(TIMEOUT_MINUTES=None).ok
    assert (first.executions, second.executions) == (["Succeeded"], ["Succeeded"])


def test_a_lost_results_folder_leads_back_to_the_same_evaluation(new_bench: NewBench) -> None:
    bench = new_bench(scenario=Scenario(hold_step="CustomModelMetrics"), TIMEOUT_MINUTES=0.02)
    assert bench.run().ename == "WaitError"
    shutil.rmtree(bench.folder / "results")
    outcome = bench.run(BUILTIN_METRICS=["Correctness"])
    assert outcome.ename == "RunInProgressError", outcome
    assert "its built-in metrics are Correctness, Harmfulness" in outcome.evalue
    shutil.rmtree(bench.folder / "results")
    bench.aws.scenario = Scenario()
    outcome = bench.run(TIMEOUT_MINUTES=None)
    assert outcome.ok, outcome
    assert "AWS has a run of this very configuration" in outcome.printed
    assert bench.executions == ["Succeeded"]
    shutil.rmtree(bench.folder / "results")
    assert bench.run(TIMEOUT_MINUTES=None).ok
    assert bench.executions == ["Succeeded"]
