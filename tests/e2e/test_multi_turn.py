"""An evaluation of agents through the unmodified SDK: many configurations, kills."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from e2e.kill_trials import Killer, Moment
from e2e.script_runs import Bench, Workshop, interpreter, run_twice, workshop
from evaluator_parameters import EVALUATOR
from model_evaluation.kinds.multi_turn.kind import KIND
from model_evaluation.kinds.multi_turn.localaws.agents import AgentFunction, AgentRuntime, Agents
from model_evaluation.kinds.multi_turn.localaws.player import MultiTurnPlayer
from model_evaluation.localaws import Scenario
from model_evaluation.localaws.seeding import ROLE_ACTIONS, Seeder

pytestmark = pytest.mark.e2e

AGENT = f"arn:aws:bedrock-agentcore:us-west-2:123456789012:runtime/{AgentRuntime().id}"
PARAMETERS: dict[str, Any] = EVALUATOR | {
    "DATASET": "s3://acme-data/evaluation/support.jsonl",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
    "AGENT": AGENT,
    "AGENT_QUALIFIER": "PROD",
    "ROLLOUTS": 4,
    "PASS_K": [1, 4],
    "SUCCESS_THRESHOLD": 1.0,
    "SAMPLING": {"temperature": 0.7},
    "PRIMARY_METRIC": "pass_at_1",
}


@pytest.fixture(scope="module")
def opened() -> Iterator[Workshop]:
    with workshop(kind=KIND, parameters=PARAMETERS) as found:
        yield found


@pytest.fixture
def new_bench(opened: Workshop, tmp_path: Path) -> Callable[..., Bench]:
    def make(agents: Agents | None = None, **changes: Any) -> Bench:
        return opened.bench(tmp_path, scenario=Scenario().with_part(agents or Agents()), **changes)

    return make


def test_running_again_attaches(new_bench: Callable[..., Bench], tmp_path: Path) -> None:
    bench = new_bench()
    printed = run_twice(bench)
    summary = bench.summary
    assert summary["kind"] == "multi_turn"
    assert summary["simulated"] is True
    assert set(summary["metrics"]) == {"pass_at_1", "pass_at_4", "reward"}
    assert summary["metrics"]["pass_at_1"]["difference"]["method"] != "unpaired, MOVER"
    assert summary["rows"]["paired"] == 11, "the base model has no rollout of one prompt"
    assert "authToken" not in printed, "the SDK prints a link with a token in it"
    assert not (tmp_path / "mtrl_eval_pipeline_input.json").exists(), "the SDK writes a file into the working folder"


def sent(bench: Bench) -> list[dict[str, Any]]:
    """The HyperParameters that this bench's jobs were created with."""
    import json

    jobs = [
        run.job
        for execution in bench.aws.cloud.timeline.executions.values()
        if execution.record["PipelineExecutionDisplayName"].startswith(f"{bench.parameters['RUN_LABEL']}-")
        for run in execution.runs.values()
        if run.job is not None
    ]
    documents = [json.loads(job.arguments["JobConfigDocument"]) for job in jobs]
    return [document["EvaluationConfig"]["HyperParameters"] for document in documents]


def test_every_setting_arrives_under_the_recipes_name(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(SAMPLING={"temperature": 0.7, "sampling_top_p": 0.9, "rollout_timeout": 900})
    outcome = bench.run()
    assert outcome.ok, outcome
    wanted = {
        "eval_group_size": "4",
        "success_threshold": "1.0",
        "pass_k_values": "[1, 4]",
        "temperature": "0.7",
        "sampling_top_p": "0.9",
        "rollout_timeout": "900",
    }
    assert sent(bench) == [wanted, wanted]
    assert '"temperature": "0.7"' in outcome.printed, "shown before the start"


def test_of_aggregates_alone_the_models_are_compared_unpaired(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(Agents(traces="none"))
    assert bench.run().ok
    difference = bench.summary["metrics"]["pass_at_1"]["difference"]
    assert difference["method"] == "unpaired, MOVER"
    assert "Only aggregates" in bench.summary["warnings"][0]
    assert bench.summary["conditions"]["aggregates_only"] is True


def test_traces_that_name_no_run_are_nobodys_rollouts(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(Agents(traces="nobodys", missing_prompts=0), MLFLOW_EXPERIMENT="shared")
    assert bench.run().ok
    assert bench.summary["metrics"]["pass_at_1"]["difference"]["method"] == "unpaired, MOVER"
    assert any("Traces of the experiment that name no run: 96" in text for text in bench.summary["warnings"])


def test_one_model_alone_in_a_function(new_bench: Callable[..., Bench]) -> None:
    function = f"arn:aws:lambda:us-west-2:123456789012:function:{AgentFunction().name}"
    bench = new_bench(
        EVALUATE_BASE_MODEL=False, AGENT=function, AGENT_QUALIFIER=None, ROLLOUTS=1, PASS_K=[1], SAMPLING={}
    )
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.summary["scope"] == "tuned"
    assert set(bench.summary["metrics"]) == {"pass_at_1", "reward"}


def test_beside_another_fine_tuned_model(new_bench: Callable[..., Bench]) -> None:
    other = EVALUATOR["MODEL_PACKAGE_ARN"].replace("/3", "/2")
    bench = new_bench(EVALUATE_BASE_MODEL=False, REFERENCE_MODEL_ARN=other)
    assert bench.run().ok
    assert len(bench.executions) == 2
    assert bench.summary["rows"]["paired"] == 12


def test_a_data_set_of_the_registry(new_bench: Callable[..., Bench]) -> None:
    arn = "arn:aws:sagemaker:us-west-2:123456789012:hub-content/REGISTRY/DataSet/tickets/1.0.0"
    bench = new_bench(DATASET=arn)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.summary["rows"]["paired"] == 11


def test_a_base_model_alone(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(MODEL_PACKAGE_ARN="meta-textgeneration-llama-3-2-3b-instruct", EVALUATE_BASE_MODEL=False)
    outcome = bench.run()
    assert outcome.ok, outcome
    assert bench.summary["scope"] == "base"


def test_an_agent_that_is_not_ready_stops_the_notebook(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench(Agents(runtimes=(AgentRuntime(status="UPDATING"),)))
    outcome = bench.run()
    assert not outcome.ok
    assert "UPDATING, not READY" in outcome.printed
    assert bench.executions == []


def test_a_role_that_only_the_sdks_own_check_accepts_fails_in_the_job_and_says_why(
    new_bench: Callable[..., Bench], opened: Workshop
) -> None:
    role = "arn:aws:iam::123456789012:role/TrustsOneService"
    Seeder(opened.aws.cloud, "us-west-2").role(role, ("sagemaker",), (*ROLE_ACTIONS, *MultiTurnPlayer.actions))
    bench = new_bench(ROLE_ARN=role)
    outcome = bench.run()
    assert outcome.ename == "EvaluationRunError"
    assert "Let job.sagemaker.amazonaws.com assume ROLE_ARN (sts:AssumeRole and sts:TagSession)" in outcome.evalue


def test_after_a_kill_there_is_one_execution(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    assert Killer(bench, Moment("StartPipelineExecution", "effect")).run().killed
    assert bench.run().ok
    assert bench.executions == ["Succeeded"]
    assert bench.summary["rows"]["paired"] == 11


def test_after_a_kill_while_waiting_it_is_taken_up_again(new_bench: Callable[..., Bench]) -> None:
    bench = new_bench()
    assert Killer(bench, Moment("ListPipelineExecutionSteps", "effect")).run().killed
    assert bench.run().ok
    assert bench.executions == ["Succeeded"]


ALONE = """
import io, json, boto3
from sagemaker.core.helper.session_helper import Session
from sagemaker.train.evaluate import MultiTurnRLEvaluator
evaluator = MultiTurnRLEvaluator(
    model={model!r}, agent_config={agent!r}, dataset={dataset!r}, evaluate_base_model=True, region="us-west-2",
    s3_output_path={output!r}, role={role!r}, mlflow_resource_arn={mlflow!r},
    sagemaker_session=Session(boto_session=boto3.Session(region_name="us-west-2")),
)
evaluator.hyperparameters.eval_group_size = 4
evaluator.hyperparameters.temperature = 0.7
evaluator.hyperparameters.sampling_top_p = 0.9
context = {{}}
object.__setattr__(evaluator, "_render_pipeline_definition", lambda text, found: context.update(found) or "{{}}")
evaluator.evaluate(dry_run=True)
document = json.loads(context["job_config_document_str"])
print("SENT", json.dumps(document["EvaluationConfig"]["HyperParameters"]))
"""


def test_the_sdk_alone_drops_the_temperature(opened: Workshop, tmp_path: Path) -> None:
    """Why the definition is given the settings anew: with an SDK that sends them this fails, and that can go."""
    import json

    script = tmp_path / "alone.py"
    values = {
        "model": EVALUATOR["MODEL_PACKAGE_ARN"], "agent": AGENT, "dataset": PARAMETERS["DATASET"],
        "output": EVALUATOR["S3_OUTPUT"], "role": EVALUATOR["ROLE_ARN"], "mlflow": EVALUATOR["MLFLOW_RESOURCE_ARN"],
    }  # fmt: skip
    script.write_text(ALONE.format(**values), encoding="utf-8")
    outcome = interpreter().run(script, tmp_path, opened.aws.child_environment())
    assert outcome.ok, outcome
    line = next(line for line in outcome.printed.splitlines() if line.startswith("SENT "))
    assert json.loads(line[5:]) == {"eval_group_size": "4", "success_threshold": "1.0"}
