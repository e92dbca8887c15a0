"""Nova evaluations with the real SDK against local AWS: every task, killed and taken up again, failing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import Result, RunCli
from e2e.kill_trials import kill_at_start_of_job
from model_evaluation.kinds.nova.localaws.container import NovaOutput
from model_evaluation.kinds.nova.localaws.player import NovaPlayer
from model_evaluation.kinds.nova.localaws.world import World, deploy_function
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("no_kernels")]


@dataclass
class Bench:
    """An evaluation of this kind in a folder, and the account that it runs in."""

    run_cli: RunCli
    project: Path
    aws: LocalAws
    world: World

    def prepare(self, **answers: str) -> Path:
        """Answers every question and renders; where the notebook, or the program, is."""
        first = {"evaluation": "nova", "task": "Sort IT tickets", "model": self.world.training_job_name}
        last = {
            "role": self.world.role_arn,
            "output": f"s3://{self.world.bucket}/results/nova",
            "confirm": "yes",
            "notebook": answers.pop("notebook", "new"),
        }
        for step, value in (first | answers | last).items():
            answered = self.run_cli("answer", step, value, project=self.project)
            assert answered.code == 0, (step, answered.json)
        rendered = self.run_cli("render", project=self.project)
        assert rendered.code == 0, rendered.json
        return Path(rendered.json["notebook"])

    def prepare_tickets(self, **answers: str) -> Path:
        rows = {"dataset": self.world.tickets_uri, "data": "ok", "primary_metric": "accuracy"}
        return self.prepare(nova_task="gen_qa", **answers, **rows)

    def run(self) -> Result:
        return self.run_cli("run", "-p", "POLL_SECONDS", "0.1", project=self.project)

    def summary(self) -> dict[str, Any]:
        """Of the finished run."""
        done = self.run()
        assert done.code == 0, done.json
        report = self.run_cli("report", project=self.project)
        assert report.code == 0, report.json
        summary: dict[str, Any] = json.loads(Path(report.json["files"]["summary.json"]).read_text(encoding="utf-8"))
        return summary

    @property
    def jobs(self) -> list[dict[str, Any]]:
        """The container's jobs, oldest first."""
        sagemaker = self.aws.client("sagemaker")
        listed = sagemaker.list_training_jobs(NameContains="test-", SortBy="CreationTime", SortOrder="Ascending")
        names = [job["TrainingJobName"] for job in listed["TrainingJobSummaries"]]
        return [sagemaker.describe_training_job(TrainingJobName=name) for name in names]


@pytest.fixture
def bench(run_cli: RunCli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    with LocalAws(step_seconds=0.2) as aws:
        world = NovaPlayer().seed_world(Seeder(aws.cloud, aws.region))
        use_account(monkeypatch, aws)
        yield Bench(run_cli, tmp_path, aws, world)


def test_two_models_on_two_instances_each_and_again_without_a_new_job(bench: Bench) -> None:
    bench.aws.scenario = Scenario(parts=(NovaOutput(logprobs="pred_lobprobs", folder="eval-results", loose=True),))
    bench.prepare_tickets(inference="max_new_tokens=2048 top_logprobs=10", scale="ml.g5.12xlarge 2")
    summary = bench.summary()
    assert (summary["kind"], summary["simulated"]) == ("nova", True)
    assert summary["verdict"]["decision"] == "improved"
    assert summary["rows"]["paired"] == 72
    assert summary["confidence"]["resolved"] == 72
    assert summary["classification"]["field"] == "class"
    tuned, base = bench.jobs
    assert tuned["HyperParameters"]["base_model_location"] == bench.world.checkpoint_uri
    assert base["HyperParameters"]["base_model"] == "nova-lite/prod"
    assert tuned["ResourceConfig"]["InstanceCount"] == 2
    assert tuned["StoppingCondition"]["MaxRuntimeInSeconds"] == 12 * 3600
    channels = {one["ChannelName"]: one["DataSource"]["S3DataSource"]["S3Uri"] for one in tuned["InputDataConfig"]}
    assert channels["train"] == bench.world.tickets_uri
    assert channels["recipe"].startswith(f"s3://{bench.world.bucket}/results/nova/")
    assert bench.summary()["execution_arn"] == summary["execution_arn"]
    assert len(bench.jobs) == 2
    gate = bench.run_cli("report", "--gate", "--allow-simulated", project=bench.project)
    assert gate.code == 0, gate.json


def test_a_function_measures_every_row(bench: Bench) -> None:
    bench.prepare_tickets(processor=bench.world.function_arn)
    metrics = bench.summary()["metrics"]
    assert metrics["class_right"]["n_paired"] == 72
    assert metrics["class_right"]["tuned"]["mean"] == metrics["accuracy"]["tuned"]["mean"]
    assert bench.jobs[0]["HyperParameters"]["eval_lambda_arn"] == bench.world.function_arn


def test_a_function_that_fails_ends_the_job_with_its_row(bench: Bench) -> None:
    source = "def lambda_handler(event, context):\n    raise KeyError('gold')\n"
    deploy_function(Seeder(bench.aws.cloud, bench.aws.region), bench.world.function_arn, source)
    bench.prepare_tickets(processor=bench.world.function_arn, scope="tuned")
    done = bench.run()
    assert done.code != 0
    assert "the processor failed on row 1" in json.dumps(done.json)


def test_a_reward_function_scores_the_answers_to_questions(bench: Bench) -> None:
    world = bench.world
    bench.prepare(nova_task="rft", dataset=world.questions_uri, data="ok", processor=world.reward_arn)
    summary = bench.summary()
    assert summary["rows"]["paired"] == 72
    assert set(summary["metrics"]) == {"lambda_reward_score", "lambda_right", "lambda_has_answer"}
    assert summary["primary_metric"] == "lambda_reward_score"
    assert summary["slices"]["difficulty"]
    assert len(bench.jobs) == 2


def test_a_benchmark_without_rows_decides_nothing(bench: Bench) -> None:
    bench.prepare(nova_task="benchmark strong_reject")
    summary = bench.summary()
    assert summary["verdict"]["decision"] == "invalid"
    assert any("not of how many questions" in text for text in summary["warnings"])
    entry = summary["metrics"]["deflection"]
    assert (entry["difference"]["ci_low"], entry["n_paired"]) == (None, 0)
    assert set(summary["slices"]["category"]) == {"dangerous_or_sensitive_topics", "offensive_language"}


def test_a_judge_compares_pairs(bench: Bench) -> None:
    bench.prepare(nova_task="llm_judge", dataset=bench.world.pairs_uri, data="ok")
    summary = bench.summary()
    found = summary["preferences"]
    assert found["wins"] + found["ties"] + found["losses"] + found["errors"] == 60
    assert found["container"]["winrate"] > 0.5
    assert "challenger" in summary["verdict"]["sentence"]
    assert [summary["models"][side]["name"] for side in ("tuned", "base")] == ["response_B", "response_A"]
    assert len(bench.jobs) == 1


def test_a_rubric_judge_says_where_answers_differ(bench: Bench) -> None:
    bench.prepare(model="nova-lite-2/prod", nova_task="rubric_llm_judge", dataset=bench.world.pairs_uri, data="ok")
    assert set(bench.summary()["rubric"]["criteria"]) == {"accuracy", "completeness", "clarity"}


def test_a_benchmark_needs_no_channel(bench: Bench) -> None:
    bench.prepare(nova_task="math")
    summary = bench.summary()
    assert summary["rows"]["paired"] == 7 * 60
    assert len(summary["slices"]["category"]) == 7
    assert {channel["ChannelName"] for channel in bench.jobs[0]["InputDataConfig"]} == {"recipe"}


@pytest.mark.parametrize("moment", ["arrived", "answered"])
def test_killed_at_its_start_it_is_taken_up_again(bench: Bench, moment: str) -> None:
    program = bench.prepare_tickets(notebook="script", scope="tuned")
    kill_at_start_of_job(program, bench.aws, moment)
    assert bench.summary()["rows"]["tuned"] == 72
    assert [job["TrainingJobStatus"] for job in bench.jobs] == ["Completed"]


@pytest.mark.parametrize(
    ("scenario", "told"),
    [
        (Scenario(fail_step={"-": "RuntimeError: Engine core initialization failed."}), "of another family"),
        (Scenario(fail_step={"-": "AlgorithmError: MaxRuntimeExceeded"}), "Raise MAX_RUNTIME_HOURS"),
        (Scenario(parts=(NovaOutput(cut_off=True),)), "cut off or damaged"),
    ],
)  # fmt: skip
def test_a_failure_is_explained(bench: Bench, scenario: Scenario, told: str) -> None:
    bench.prepare_tickets(scope="tuned")
    bench.aws.scenario = scenario
    done = bench.run()
    assert done.code != 0
    assert told in json.dumps(done.json)


def test_it_is_rehearsed_as_configured(bench: Bench) -> None:
    bench.prepare_tickets(processor=bench.world.function_arn)
    bench.aws.close()  # a rehearsal starts its own
    rehearsed = bench.run_cli("rehearse", "--step-seconds", "0.1", project=bench.project)
    assert rehearsed.code == 0, rehearsed.json
    assert list(Path(rehearsed.json["results"]).glob("*/report.html"))
