"""An evaluation by a scorer through the unmodified SDK: a notebook in a kernel, configurations as a script, kills."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.script_runs import Bench, Workshop, workshop
from kernel_environment import kernel_python
from model_evaluation.kinds.custom_scorer.kind import KIND
from model_evaluation.kinds.custom_scorer.localaws.functions import ScorerFunction, Scorers
from model_evaluation.localaws import Scenario
from model_evaluation.notebook.execute import execute_notebook
from model_evaluation.notebook.render import render_notebook

pytestmark = pytest.mark.e2e

EVALUATOR = "arn:aws:sagemaker:us-west-2:123456789012:hub-content/REGISTRY/JsonDoc/team-scorer/1.0.0"
SOURCE = """
def lambda_handler(event, context):
    return [score(sample, float(sample["model_response"] == sample["response"])) for sample in event]

def score(sample, right):
    return {"id": sample["id"], "aggregate_reward_score": right, "metrics_list": [{"name": "exact", "value": right}]}
"""
SCORER = Scorers((ScorerFunction(source=SOURCE),))
PARAMETERS: dict[str, Any] = {
    "REGION": "us-west-2",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/EvaluationRole",
    "MODEL_PACKAGE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/3",
    "EVALUATE_BASE_MODEL": True,
    "REFERENCE_MODEL_ARN": None,
    "DATASET": "s3://acme-data/evaluation/support.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "SCORER": EVALUATOR,
    "PRIMARY_METRIC": "exact",
    "BETTER": "higher",
    "DECODING": {},
    "S3_OUTPUT": "s3://acme-data/evaluation-results",
    "MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-ABCDEF123456",
    "MLFLOW_EXPERIMENT": None,
    "POLL_SECONDS": 0.1,
    "TIMEOUT_MINUTES": 1,
    "RUN_LABEL": "support-bot",
    "FORCE_NEW_RUN": False,
    "RESULTS_DIR": "results",
}


@pytest.fixture(scope="module")
def opened() -> Iterator[Workshop]:
    with workshop(kind=KIND, parameters=PARAMETERS) as found:
        yield found


@pytest.fixture
def new_bench(opened: Workshop, tmp_path: Path) -> Callable[..., Bench]:
    def make(scorers: Scorers = SCORER, **changes: Any) -> Bench:
        return opened.bench(tmp_path, scenario=Scenario().with_part(scorers), **changes)

    return make


def test_the_notebook_runs_in_a_kernel_and_attaches_when_it_runs_again(opened: Workshop, tmp_path: Path) -> None:
    opened.aws.scenario = Scenario().with_part(SCORER)
    notebook = tmp_path / "evaluation.ipynb"
    notebook.write_bytes(render_notebook(KIND, PARAMETERS))
    starts = len(opened.aws.calls.of("StartPipelineExecution"))
    for number in range(2):
        outcome = execute_notebook(
            notebook,
            tmp_path / f"executed-{number}.ipynb",
            env=opened.aws.child_environment(),
            cwd=tmp_path,
            parameters=None,
            on_progress=lambda line: None,
            timeout=90.0,
            python=kernel_python(),
        )
        assert outcome.ok, outcome
    assert len(opened.aws.calls.of("StartPipelineExecution")) == starts + 1
    assert opened.aws.refused == []
    (folder,) = [path for path in (tmp_path / "results").iterdir() if path.name != "launches"]
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert summary["kind"] == "custom_scorer"
    assert summary["simulated"] is True
    assert set(summary["metrics"]) == {"exact", "aggregate_reward_score"}
    assert summary["rows"]["paired"] == 12
    assert set(summary["slices"]["category"]) == {"billing", "delivery"}


def test_rows_that_the_scorer_failed_on_are_counted_and_missing(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(Scorers((ScorerFunction(source=SOURCE, failing=0.3),)))
    assert bench.run().ok
    check = next(check for check in bench.summary["fairness"]["checks"] if check["id"] == "scorer_failures")
    assert check["status"] == "warn"
    assert bench.summary["metrics"]["exact"]["n_paired"] < 12
    assert bench.executions == ["Succeeded"], "failures of the scorer do not fail the job"


def test_a_preset_scores_by_itself(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(SCORER="prime_math", PRIMARY_METRIC=None)
    assert bench.run().ok
    assert bench.summary["primary_metric"] == "aggregate_reward_score"


def test_an_evaluator_that_is_not_there_stops_the_notebook(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(SCORER=EVALUATOR.replace("team-scorer", "nothing"))
    outcome = bench.run()
    assert not outcome.ok
    assert "Scorer" in outcome.printed
    assert bench.executions == []


def test_after_a_kill_there_is_one_execution(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    assert Killer(bench, Moment("StartPipelineExecution", "effect")).run().killed
    assert bench.run().ok
    assert bench.executions == ["Succeeded"]
    assert bench.summary["rows"]["paired"] == 12
