"""An evaluation by a scorer through the unmodified SDK: many configurations, kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.script_runs import Bench, Workshop, run_twice, workshop
from evaluator_parameters import EVALUATOR
from model_evaluation.kinds.custom_scorer.kind import KIND
from model_evaluation.kinds.custom_scorer.localaws.functions import ScorerFunction, Scorers
from model_evaluation.localaws import Scenario

pytestmark = pytest.mark.e2e

EVALUATOR_ARN = "arn:aws:sagemaker:us-west-2:123456789012:hub-content/REGISTRY/JsonDoc/team-scorer/1.0.0"
SOURCE = """
def lambda_handler(event, context):
    return [score(sample, float(sample["model_response"] == sample["response"])) for sample in event]

def score(sample, right):
    return {"id": sample["id"], "aggregate_reward_score": right, "metrics_list": [{"name": "exact", "value": right}]}
"""
SCORER = Scorers((ScorerFunction(source=SOURCE),))
PARAMETERS: dict[str, Any] = EVALUATOR | {
    "DATASET": "s3://acme-data/evaluation/support.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "SCORER": EVALUATOR_ARN,
    "PRIMARY_METRIC": "exact",
    "BETTER": "higher",
    "DECODING": {},
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


def test_running_again_attaches(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    run_twice(bench)
    summary = bench.summary
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
    bench = new_bench(SCORER=EVALUATOR_ARN.replace("team-scorer", "nothing"))
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
