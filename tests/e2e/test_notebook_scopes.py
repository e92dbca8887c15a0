"""Other configurations of the same cells: fewer metrics, fewer models."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.notebook_runs import DATASET, PARAMETERS, TONE
from e2e.script_runs import Bench
from trouble import Trouble

pytestmark = pytest.mark.e2e
NewBench = Callable[..., Bench]


@pytest.mark.parametrize(
    ("changes", "metrics"),
    [
        (
            {
                "BUILTIN_METRICS": [],
                "CUSTOM_METRICS": json.dumps([TONE]),  # as papermill and a command line pass them
                "PRIMARY_METRIC": "Tone",
                "DATASET": "arn:aws:sagemaker:us-west-2:123456789012:hub-content/HUBNAME/DataSet/tickets/1.0.0",
                "MLFLOW_RESOURCE_ARN": None,
            },
            {"Tone"},
        ),
        ({"CUSTOM_METRICS": None}, {"Correctness", "Harmfulness"}),
    ],
    ids=["custom metrics only, registry dataset, no MLflow app", "built-in metrics only"],
)
def test_one_kind_of_metrics_is_enough(new_bench: NewBench, changes: dict[str, Any], metrics: set[str]) -> None:
    bench = new_bench(**changes)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert set(bench.summary["metrics"]) == metrics
    assert bench.summary["primary_metric"] in metrics


def test_the_tuned_model_alone_through_a_throttled_account(new_bench: NewBench) -> None:
    scenario = Trouble(throttle={"ListPipelineExecutionSteps": 4}, deny={"GetFoundationModel": ""})
    bench = new_bench(scenario=scenario, EVALUATE_BASE_MODEL=False)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.summary["verdict"]["decision"] == "none"
    assert bench.summary["rows"]["base"] is None
    assert "! Judge: could not be checked: access denied." in outcome.printed
    assert "Judge scores the base model" not in outcome.printed


def test_the_base_model_alone(new_bench: NewBench) -> None:
    model = "meta-textgeneration-llama-3-2-1b-instruct"
    bench = new_bench(MODEL_PACKAGE_ARN=model, EVALUATE_BASE_MODEL=False)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.summary["models"] == {"tuned": None, "base": {"name": model}}
    assert bench.summary["rows"]["tuned"] is None
    assert bench.summary["metrics"]["Correctness"]["base"]["n_scored"] > 0


def test_two_fine_tuned_models_are_evaluated_once_each_and_compared(new_bench: NewBench) -> None:
    model = PARAMETERS["MODEL_PACKAGE_ARN"]
    reference = f"{model.rsplit('/', 1)[0]}/2"
    bench = new_bench(EVALUATE_BASE_MODEL=False, REFERENCE_MODEL_ARN=reference)
    killer = Killer(bench, Moment("StartPipelineExecution", "effect", skipped=1))
    assert killer.run().killed
    assert len(bench.executions) == 2
    outcome = bench.run()
    assert outcome.ok, outcome
    assert "Run 2 of 2: " in outcome.printed
    assert bench.executions == ["Succeeded", "Succeeded"]
    assert bench.calls_of("StartPipelineExecution") == 2
    assert bench.summary["models"]["tuned"]["arn"] == model
    assert bench.summary["models"]["base"]["arn"] == reference
    assert bench.summary["rows"]["paired"] == 12
    assert bench.summary["verdict"]["decision"] not in ("none", "invalid")
    label = f"reference {reference.partition('/')[2]}"
    assert bench.summary["labels"] == {"tuned": "fine-tuned model", "base": label}
    assert label in bench.summary["verdict"]["sentence"]
    assert f"12 of the {label}" in outcome.printed
    assert "base model" not in json.dumps(bench.summary)


def test_a_dataset_in_two_files_is_evaluated_in_two_runs_and_taken_up_after_a_kill(new_bench: NewBench) -> None:
    bench = new_bench(DATASET="s3://acme-data/evaluation/support-*-of-002.jsonl")
    rows = DATASET.split(b"\n")
    s3 = bench.aws.client("s3")
    for number, part in enumerate((rows[:7], rows[7:]), 1):
        key = f"evaluation/support-{number:03d}-of-002.jsonl"
        s3.put_object(Bucket="acme-data", Key=key, Body=b"\n".join(part))
    killer = Killer(bench, Moment("StartPipelineExecution", "effect", skipped=1))
    assert killer.run().killed
    assert len(bench.executions) == 2
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.executions == ["Succeeded", "Succeeded"]
    assert bench.calls_of("StartPipelineExecution") == 2
    assert [bench.summary["rows"][name] for name in ("dataset", "tuned", "base", "paired")] == [12] * 4
    assert any("evaluated in 2 parts" in warning for warning in bench.summary["warnings"])
