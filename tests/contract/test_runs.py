"""`runs` and `stop`: a project's evaluations, their states in AWS now, and ending one."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli
from model_evaluation.commands.evaluations import runs, stop
from model_evaluation.kinds.llm_as_judge.localaws.player import seed_demo_world
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.runtime.launch.ledger import LaunchAttempt, LaunchRecord, configuration_fingerprint
from trouble import Trouble

CONFIGURATION = {"region": "us-west-2", "model": "arn:model", "dataset": "s3://b/d.jsonl", "judge": "a.judge"}
PIPELINE = "SagemakerEvaluation-LLMAJEvaluation-0c1d2e3f"


@pytest.fixture(scope="module")
def account() -> Iterator[tuple[LocalAws, Any]]:
    with LocalAws(step_seconds=0, scenario=Scenario(hold_step="Answer")) as aws:
        world = seed_demo_world(aws, region="us-west-2")
        step = {"Name": "Answer", "Type": "Lineage", "Arguments": {}}
        sagemaker = aws.client("sagemaker")
        sagemaker.create_pipeline(
            PipelineName=PIPELINE,
            ClientRequestToken="x" * 32,
            RoleArn=world.role_arn,
            PipelineDefinition=json.dumps({"Version": "2020-12-01", "Steps": [step]}),
        )
        yield aws, sagemaker


@dataclass
class Project:
    """A project folder whose notebook has started evaluations in an account."""

    folder: Path
    aws: LocalAws
    run_cli: RunCli
    sagemaker: Any
    count: int = 0

    def start(self, *, recorded: bool = True, folder: str = "notebooks/results", outcome: str | None = None) -> str:
        """Starts an execution; ``recorded`` says whether the ARN came back before the kernel died."""
        self.count += 1
        name = f"tickets-{self.count}-{self.folder.name[-20:].strip('_-')}".replace("_", "-")
        started = self.sagemaker.start_pipeline_execution(
            PipelineName=PIPELINE, PipelineExecutionDisplayName=f"{name}-1772366400", ClientRequestToken=f"{name:x<32}"
        )
        arn = str(started["PipelineExecutionArn"])
        self.record(LaunchAttempt(name, self.time(), arn if recorded else None, outcome), folder)
        return arn

    def time(self) -> str:
        return f"2026-11-20T10:{self.count:02d}:00+00:00"

    def record(self, attempt: LaunchAttempt, folder: str = "notebooks/results") -> None:
        configuration = {**CONFIGURATION, "number": self.count}
        fingerprint = configuration_fingerprint(configuration)
        path = self.folder / folder / "launches" / f"{fingerprint}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        LaunchRecord(fingerprint, configuration, (attempt,)).write(path)

    def runs(self) -> list[dict[str, Any]]:
        result = self.run_cli("runs", project=self.folder)
        assert result.code == 0, result.json
        runs: list[dict[str, Any]] = result.json["runs"]
        return runs

    def stop(self, *arguments: str) -> Any:
        return self.run_cli("stop", *arguments, project=self.folder)

    def status(self, arn: str) -> str:
        answer = self.sagemaker.describe_pipeline_execution(PipelineExecutionArn=arn)
        return str(answer["PipelineExecutionStatus"])


@pytest.fixture
def project(
    account: tuple[LocalAws, Any], run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Project]:
    aws, sagemaker = account
    use_account(monkeypatch, aws)
    before = aws.scenario
    yield Project(tmp_path, aws, run_cli, sagemaker)
    aws.scenario = before


def test_a_new_project_has_no_runs_and_nothing_to_stop(project: Project) -> None:
    assert project.runs() == []
    result = project.stop("--yes")
    assert (result.code, result.json["error"]["code"]) == (3, "nothing_to_stop")


def test_runs_are_listed_newest_first_with_their_state_now(project: Project) -> None:
    first, second = project.start(), project.start(folder="results")
    project.sagemaker.stop_pipeline_execution(PipelineExecutionArn=first, ClientRequestToken="y" * 32)
    newer, older = project.runs()
    assert (newer["execution_arn"], older["execution_arn"]) == (second, first)
    assert (newer["status"], newer["running"]) == ("Executing", True)
    assert (older["status"], older["running"]) == ("Stopped", False)
    assert newer["id"] == second.rsplit("/", 1)[-1]
    assert (newer["model"], newer["dataset"], newer["judge"]) == ("arn:model", "s3://b/d.jsonl", "a.judge")
    assert newer["results"] is None


def test_states_are_asked_for_once_each_and_nothing_is_changed(project: Project) -> None:
    project.start()
    project.start()
    before = len(project.aws.calls)
    project.runs()
    assert [call.operation for call in project.aws.calls[before:]] == ["DescribePipelineExecution"] * 2


def test_results_on_this_machine_are_named(project: Project) -> None:
    arn = project.start()
    folder = project.folder / "notebooks" / "results" / arn.rsplit("/", 1)[-1]
    folder.mkdir()
    (folder / "summary.json").write_text("{}")
    assert project.runs()[0]["results"] == str(folder)


def test_a_start_whose_answer_was_lost_is_found_by_its_name(project: Project) -> None:
    arn = project.start(recorded=False)
    (run,) = project.runs()
    assert (run["execution_arn"], run["status"]) == (arn, "Executing")


def test_a_start_that_never_reached_aws_is_said_so(project: Project) -> None:
    project.record(LaunchAttempt("tickets-none", "2026-11-20T10:00:00+00:00"))
    project.count += 1
    project.record(LaunchAttempt("tickets-refused", "2026-11-20T09:00:00+00:00", None, "not started"))
    assert [(run["status"], run["reason"]) for run in project.runs()] == [
        ("not started", ""),
        ("not started", "not started"),
    ]


def test_an_execution_aws_does_not_know_is_gone(project: Project) -> None:
    arn = f"arn:aws:sagemaker:us-west-2:123456789012:pipeline/{PIPELINE}/execution/nonexistent0"
    project.record(LaunchAttempt("tickets-old", "2026-01-01T10:00:00+00:00", arn))
    assert project.runs()[0]["status"] == "gone"


@pytest.mark.parametrize(
    ("scenario", "words"),
    [
        (Trouble(hold_step="Answer", deny={"DescribePipelineExecution": ""}), "Access was denied"),
        (Trouble(hold_step="Answer", expire_credentials_after=0.0), "have expired"),
    ],
)
def test_what_cannot_be_asked_is_unknown_with_the_reason(project: Project, scenario: Scenario, words: str) -> None:
    arn = project.start()
    project.aws.scenario = scenario
    result = project.run_cli("runs", project=project.folder)
    assert result.code == 0
    (run,) = result.json["runs"]
    assert (run["status"], run["running"], run["execution_arn"]) == ("unknown", False, arn)
    assert words in run["reason"]
    (finding,) = result.json["findings"]
    assert words in finding["message"]
    assert finding["fix"]
    refused = project.stop("--yes")
    assert (refused.code, refused.json["error"]["code"]) == (3, "nothing_to_stop")
    assert "as far as AWS could be asked" in refused.json["error"]["message"]
    assert refused.json["error"]["fix"] == finding["fix"]


def test_without_credentials_or_region_the_list_is_still_there(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.start()
    for name in project.aws.env:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    (run,) = project.runs()
    assert run["status"] == "unknown"


def test_a_damaged_record_is_named_and_hides_no_other(project: Project) -> None:
    project.start()
    damaged = project.folder / "notebooks" / "results" / "launches" / "x.json"
    damaged.write_text("{")
    result = project.run_cli("runs", project=project.folder)
    assert len(result.json["runs"]) == 1
    assert str(damaged) in result.json["findings"][0]["message"]


def test_stopping_needs_the_users_yes(project: Project) -> None:
    arn = project.start()
    result = project.stop()
    assert (result.code, result.json["error"]["code"]) == (3, "needs_consent")
    identifier = arn.rsplit("/", 1)[-1]
    assert result.json["error"]["details"]["run"]["id"] == identifier
    assert f"stop {identifier} --yes" in result.json["error"]["fix"]
    assert project.status(arn) == "Executing"


@pytest.mark.parametrize("name_it", [lambda run: [], lambda run: [run["id"]], lambda run: [run["execution_arn"]]])
def test_the_running_evaluation_is_stopped(project: Project, name_it: Callable[[Any], list[str]]) -> None:
    arn = project.start()
    result = project.stop(*name_it(project.runs()[0]), "--yes")
    assert result.code == 0
    assert (result.json["execution_arn"], result.json["status"]) == (arn, "Stopping")
    assert project.status(arn) in ("Stopping", "Stopped")


def test_of_several_running_ones_one_must_be_named(project: Project) -> None:
    arns = [project.start(), project.start()]
    result = project.stop("--yes")
    assert (result.code, result.json["error"]["code"]) == (3, "choose")
    assert [project.status(arn) for arn in arns] == ["Executing"] * 2
    assert project.stop(project.runs()[0]["name"], "--yes").code == 0
    assert [project.status(arn) == "Executing" for arn in arns] == [True, False]


def test_only_this_projects_running_evaluations_can_be_stopped(project: Project) -> None:
    arn = project.start()
    project.stop("--yes")
    for wanted, code in ((arn, "nothing_to_stop"), ("somebody-elses", "unknown_run")):
        result = project.stop(wanted, "--yes")
        assert (result.code, result.json["error"]["code"]) == (3, code)


def test_a_run_that_is_named_may_be_older_than_those_shown(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for command in (runs, stop):
        monkeypatch.setattr(command, "SHOWN", 1)
    older, _ = project.start(), project.start()
    assert len(project.runs()) == 1
    result = project.stop(older.rsplit("/", 1)[-1], "--yes")
    assert (result.code, result.json.get("execution_arn")) == (0, older)


def test_a_denied_stop_is_told_and_ends_nothing(project: Project) -> None:
    arn = project.start()
    project.aws.scenario = Trouble(hold_step="Answer", deny={"StopPipelineExecution": ""})
    result = project.stop("--yes")
    assert (result.code, result.json["error"]["code"]) == (4, "access_denied")
    assert project.status(arn) == "Executing"


def test_a_run_that_only_the_state_file_knows_is_listed(project: Project) -> None:
    arn = project.start()
    (record,) = (project.folder / "notebooks" / "results" / "launches").glob("*.json")
    attempt = json.loads(record.read_text())["attempts"][0]
    entry = {
        "fingerprint": record.stem,
        "name": attempt["name"],
        "execution_arn": arn,
        "started": attempt["intended_at"],
        "notebook": "n.ipynb",
        "results_dir": str(project.folder / "elsewhere"),
    }
    intent = {**entry, "name": None, "execution_arn": None}
    document = {"schema_version": 1, "answers": {}, "runs": [entry, intent]}
    (project.folder / "workflow_state.json").write_text(json.dumps(document))
    record.unlink()
    (run,) = project.runs()
    assert (run["execution_arn"], run["status"], run["model"]) == (arn, "Executing", None)
