"""The toy kind in a kernel against local AWS: run to its end, killed and taken up again, rehearsed, stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from account_access import use_account
from cli_runs import RunCli, answer
from e2e.kill_trials import kill_at_start_of_job
from e2e.script_runs import interpreter, without_kernels
from model_evaluation.kinds.registry import REGISTRY
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.cloud import Call
from model_evaluation.localaws.seeding import Company, Seeder
from model_evaluation.naming import project_slug
from toy_kind.driving import MODULE, toy_answers
from toy_kind.kind import KIND

pytestmark = pytest.mark.e2e
Toys = tuple[LocalAws, Company]


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> Iterator[Toys]:
    monkeypatch.setitem(REGISTRY, "toy", MODULE)
    with LocalAws(step_seconds=0.2) as aws:
        seed = Seeder(aws.cloud, aws.region)
        company = KIND.player().seed_world(seed)
        seed.object(f"s3://{company.bucket}/toys/rows.jsonl", KIND.player().sample_dataset())
        use_account(monkeypatch, aws)
        yield aws, company


def prepare(run_cli: RunCli, project: Path, company: Company, **changes: str) -> Path:
    """Answers every question and renders; where the notebook, or the program, is."""
    answer(run_cli, project, toy_answers(company) | changes)
    rendered = run_cli("render", project=project)
    assert rendered.code == 0, rendered.json
    return Path(rendered.json["notebook"])


def test_its_notebook_runs_in_a_kernel_and_attaches_to_what_it_started(
    run_cli: RunCli, toys: Toys, tmp_path: Path
) -> None:
    aws, company = toys
    prepare(run_cli, tmp_path, company)
    first = run_cli("run", "-p", "POLL_SECONDS", "0.1", project=tmp_path)
    assert first.code == 0, first.json
    assert ":training-job/" in first.json["execution_arn"]
    assert (first.json["simulated"], first.json["next"]) == (True, "report")
    with without_kernels():
        again = run_cli("run", "-p", "POLL_SECONDS", "0.1", project=tmp_path)
    assert again.json["execution_arn"] == first.json["execution_arn"]
    assert len(aws.calls.of("CreateTrainingJob")) == 1
    assert run_cli("report", project=tmp_path).json["verdict"]["decision"] == "improved"


def test_it_is_rehearsed_without_credentials(
    run_cli: RunCli, toys: Toys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws, company = toys
    prepare(run_cli, tmp_path, company)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    aws.close()  # a rehearsal starts its own
    with without_kernels():
        rehearsed = run_cli("rehearse", "--step-seconds", "0.1", project=tmp_path)
    assert rehearsed.code == 0, rehearsed.json
    assert "sample_rows" in [finding["kind"] for finding in rehearsed.json["findings"]]
    assert list(Path(rehearsed.json["results"]).glob("*/report.html"))


@pytest.mark.parametrize("moment", ["arrived", "answered"])
def test_killed_at_its_start_it_is_taken_up_again_by_the_next_run(
    run_cli: RunCli, toys: Toys, tmp_path: Path, moment: str
) -> None:
    aws, company = toys
    program = prepare(run_cli, tmp_path, company, notebook="script")
    aws.scenario = Scenario(hold_step=project_slug(str(tmp_path)))
    kill_at_start_of_job(program, aws, moment)
    aws.scenario = Scenario()
    with without_kernels():
        done = run_cli("run", "-p", "POLL_SECONDS", "0.1", project=tmp_path)
    assert done.code == 0, done.json
    jobs = aws.client("sagemaker").list_training_jobs(NameContains=project_slug(str(tmp_path)))["TrainingJobSummaries"]
    assert [job["TrainingJobStatus"] for job in jobs] == ["Completed"]
    assert done.json["execution_arn"] == jobs[0]["TrainingJobArn"]


def test_a_run_is_listed_and_ended(run_cli: RunCli, toys: Toys, tmp_path: Path) -> None:
    aws, company = toys
    program = prepare(run_cli, tmp_path, company, notebook="script")
    waiting = threading.Event()

    def tell(call: Call, now: str) -> None:
        if call.operation == "DescribeTrainingJob":
            waiting.set()

    aws.calls.observer = tell
    aws.cloud.timeline.step_seconds = 3600
    with ThreadPoolExecutor() as pool:
        running = pool.submit(
            interpreter().run, program, program.parent, aws.child_environment(), ["--poll-seconds=0.1"]
        )
        assert waiting.wait(600)
        (run,) = run_cli("runs", project=tmp_path).json["runs"]
        assert (run["kind"], run["status"], run["running"]) == ("toy", "Executing", True)
        stopped = run_cli("stop", "--yes", project=tmp_path)
        assert stopped.code == 0, stopped.json
        outcome = running.result()
    assert not outcome.ok
    assert "stopped" in outcome.printed.lower()
    assert run_cli("runs", project=tmp_path).json["runs"][0]["status"] == "Stopped"
