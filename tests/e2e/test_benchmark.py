"""A benchmark through the unmodified SDK: many configurations, kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.script_runs import Bench, Workshop, run_twice, workshop
from evaluator_parameters import EVALUATOR, PACKAGE
from model_evaluation.kinds.benchmark.kind import KIND
from model_evaluation.kinds.benchmark.localaws.answering import BenchmarkRun
from model_evaluation.localaws import Scenario
from trouble import Trouble

pytestmark = pytest.mark.e2e

METRIC = "math_exact_match"
PARAMETERS: dict[str, Any] = EVALUATOR | {
    "BENCHMARK": "math",
    "SUBTASKS": [],
    "DECODING": {},
    "SMALLEST_EFFECT": 2,
}


@pytest.fixture(scope="module")
def opened() -> Iterator[Workshop]:
    with workshop(kind=KIND, parameters=PARAMETERS) as found:
        yield found


@pytest.fixture
def new_bench(opened: Workshop, tmp_path: Path) -> Callable[..., Bench]:
    def make(run: BenchmarkRun | None = None, **changes: Any) -> Bench:
        scenario = changes.pop("scenario", Scenario())
        return opened.bench(tmp_path, scenario=scenario.with_part(run) if run else scenario, **changes)

    return make


def definitions(bench: Bench) -> list[dict[str, Any]]:
    """The hyperparameters of the fine-tuned (or only) model's step, of each of the bench's executions."""
    found = []
    for execution in bench.aws.cloud.timeline.executions.values():
        if not execution.record["PipelineExecutionDisplayName"].startswith(bench.parameters["RUN_LABEL"]):
            continue
        steps = {step.name: step for step in execution.definition.steps}
        step = steps.get("EvaluateCustomModel") or steps["EvaluateBaseModel"]
        found.append(step.arguments["HyperParameters"])
    return found


def test_running_again_attaches(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    printed = run_twice(bench)
    assert "Attached to the evaluation" in printed
    assert "SIMULATED" in printed
    (folder,), summary = bench.result_folders, bench.summary
    assert summary["simulated"] is True
    assert summary["kind"] == "benchmark"
    assert set(summary["metrics"]) == {METRIC, f"macro_{METRIC}"}
    assert len(summary["parts"]) == 7
    assert summary["verdict"]["decision"] == "mixed", "the base model was cut off more often"
    assert {path.name for path in folder.iterdir()} >= {"report.html", "report.md", "per_example.parquet", "figures"}


def test_shuffled_rows_missing_rows_and_cut_answers_are_read_as_what_they_are(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(BenchmarkRun(missing=2, cut=(0.4, 0.4)))
    assert bench.run().ok
    summary = bench.summary
    assert summary["rows"] == {"dataset": 280, "tuned": 280, "base": 266, "paired": 266}
    assert 0.3 < summary["unfinished"]["tuned"]["share"] < 0.5
    statuses = {check["id"]: check["status"] for check in summary["fairness"]["checks"]}
    assert statuses == {
        "same_questions": "warn", "whole_sets": "warn", "same_prompts": "pass", "answers_given": "warn",
    }  # fmt: skip


def test_means_without_rows_still_give_a_verdict(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(BenchmarkRun(rows="base", right=(0.9, 0.4)))
    assert bench.run().ok
    assert bench.summary["verdict"]["decision"] == "improved"
    assert "cannot be paired" in bench.summary["warnings"][0]


def test_decoding_settings_arrive(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(DECODING={"max_new_tokens": 4096, "temperature": 1})
    assert bench.run().ok
    (sent,) = definitions(bench)
    assert (sent["max_new_tokens"], sent["temperature"], sent["top_k"]) == ("4096", "1", "-1")
    assert "subtask" not in sent
    assert bench.summary["conditions"]["decoding"] == {"max_new_tokens": 4096, "temperature": 1}


def test_a_setting_that_the_sdk_would_swallow_is_refused_before_anything_starts(
    new_bench: Callable[..., Bench],
) -> None:
    """The recipe takes whole temperatures only: the SDK would say nothing and send the defaults of everything."""
    bench = new_bench(DECODING={"max_new_tokens": 99, "temperature": 0.7})
    outcome = bench.run()
    assert not outcome.ok
    assert "temperature=0.7 is not what the recipe takes" in outcome.printed
    assert bench.executions == []


def test_settings_that_got_lost_on_the_way_stop_the_run(new_bench: Callable[..., Bench]) -> None:
    """Where the SDK cannot read the recipe it sends no setting at all."""
    held = Trouble(hold_step="Evaluate", deny={"s3:GetObject": ""})  # held, or it would be over before it is stopped
    bench = new_bench(DECODING={"max_new_tokens": 99}, scenario=held)
    outcome = bench.run()
    assert not outcome.ok
    assert "! Recipe:" in outcome.printed
    assert "its max_new_tokens is not set, not 99" in outcome.printed + outcome.evalue
    assert set(bench.executions) <= {"Stopped", "Stopping"}


def test_named_subtasks_run_one_after_another_and_are_put_together(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(SUBTASKS=["algebra", "geometry"])
    assert bench.run().ok
    assert [sent["subtask"] for sent in definitions(bench)] == ["algebra", "geometry"]
    assert set(bench.summary["parts"]) == {"algebra", "geometry"}
    assert bench.summary["rows"]["paired"] == 80
    assert "reported" not in bench.summary or bench.summary["reported"] == {}


def test_another_fine_tuned_model_is_the_reference(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(EVALUATE_BASE_MODEL=False, REFERENCE_MODEL_ARN=PACKAGE.replace("/3", "/1"))
    assert bench.run().ok
    assert len(bench.executions) == 2
    assert bench.summary["rows"]["paired"] == 280
    assert bench.summary["models"]["base"]["name"] == "support-bot/1"


@pytest.mark.parametrize(
    ("changes", "scope"),
    [
        ({"EVALUATE_BASE_MODEL": False}, "tuned"),
        ({"MODEL_PACKAGE_ARN": "meta-textgeneration-llama-3-2-3b-instruct", "EVALUATE_BASE_MODEL": False}, "base"),
    ],
)
def test_one_model_alone(new_bench: Callable[..., Bench], changes: dict[str, Any], scope: str) -> None:
    bench = new_bench(**changes)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert (bench.summary["scope"], bench.summary["verdict"]["decision"]) == (scope, "none")


def test_a_benchmark_of_one_part(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(BENCHMARK="gpqa")
    assert bench.run().ok
    assert list(bench.summary["metrics"]) == ["gpqa_accuracy"]
    assert list(bench.summary["parts"]) == ["gpqa_zs_cot"]


@pytest.mark.parametrize(
    "moment",
    [
        Moment("StartPipelineExecution", "effect"),
        Moment("ListPipelineExecutionSteps", "effect"),
        Moment("GetObject", "effect"),
    ],
    ids=["start unanswered", "waiting", "reading results"],
)
def test_after_a_kill_there_is_one_execution(new_bench: Callable[..., Bench], moment: Moment) -> None:
    bench = new_bench()
    assert Killer(bench, moment).run().killed
    assert bench.run().ok
    assert bench.executions == ["Succeeded"]
    assert bench.summary["rows"]["paired"] == 280


def test_a_failing_step_names_its_reason(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(scenario=Scenario(fail_step={"EvaluateBaseModel": "CapacityError: no capacity"}))
    outcome = bench.run()
    assert not outcome.ok
    assert "Base model answers the questions" in outcome.evalue + outcome.printed
    assert "no capacity" in outcome.evalue + outcome.printed
