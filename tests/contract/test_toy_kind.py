"""A kind of evaluation that no file of the package knows is driven through the whole command line.

It is registered here with the one line that a real kind has in the registry. ``tests/toy_kind`` is the kind; the same
in a kernel, killed and taken up again, is in ``tests/e2e/test_toy_kind_run.py``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import Result, RunCli
from model_evaluation.kinds.registry import REGISTRY
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.seeding import Company, Seeder
from toy_kind.driving import MODULE, run_cells, toy_answers
from toy_kind.kind import KIND
from toy_kind.runtime.settings import SHAPES

Toys = tuple[LocalAws, Company]


@pytest.fixture(scope="module")
def shared() -> Iterator[Toys]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(REGISTRY, "toy", MODULE)
        with LocalAws(step_seconds=0) as aws:
            company = KIND.player().seed_world(Seeder(aws.cloud, aws.region))
            rows = KIND.player().sample_dataset()
            Seeder(aws.cloud, aws.region).object(f"s3://{company.bucket}/toys/rows.jsonl", rows)
            yield aws, company


@pytest.fixture
def company(shared: Toys, monkeypatch: pytest.MonkeyPatch) -> Company:
    use_account(monkeypatch, shared[0])
    return shared[1]


def give(run_cli: RunCli, project: Path, answers: Mapping[str, str]) -> Result:
    for step_id, value in answers.items():
        answered = run_cli("answer", step_id, value, project=project)
        assert answered.code == 0, (step_id, answered.json)
    return answered


def checks_of(result: Result) -> dict[str, str]:
    return {check["id"]: check["status"] for check in result.json["checks"]}


def state_of(project: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((project / "workflow_state.json").read_text(encoding="utf-8"))
    return document


def test_its_questions_are_asked_and_its_answers_checked(run_cli: RunCli, company: Company, tmp_path: Path) -> None:
    first = run_cli("answer", "evaluation", "toy", project=tmp_path)
    assert first.code == 0
    assert first.json["known"]["evaluation"] == {"value": "toy", "origin": "user"}
    assert first.json["progress"]["total"] == len(KIND.steps)
    answers = toy_answers(company)
    status = give(run_cli, tmp_path, {step: answers[step] for step in ("task", "dataset")})
    assert status.json["step"]["id"] == "shape"
    assert [choice["value"] for choice in status.json["step"]["choices"]] == list(SHAPES)
    refused = run_cli("answer", "shape", "round", project=tmp_path)
    assert (refused.code, refused.json["error"]["code"]) == (3, "choose")
    assert run_cli("answer", "judge", "anybody", project=tmp_path).code == 2  # not one of its steps
    early = run_cli("answer", "confirm", "yes", project=tmp_path)
    assert (early.code, early.json["error"]["code"]) == (3, "too_early")


def test_its_own_check_fails_and_passes_and_nothing_is_skipped(
    run_cli: RunCli, company: Company, tmp_path: Path
) -> None:
    asked = give(run_cli, tmp_path, {**toy_answers(company, until="copies"), "copies": "3"})
    assert asked.json["step"]["id"] == "confirm", asked.json
    failing = run_cli("preflight", "--all", project=tmp_path)
    assert failing.code == 3
    assert {check for check, status in checks_of(failing).items() if status == "fail"} == {"copies"}
    assert "3 copies are asked for; the account may run 2" in failing.json["error"]["message"]
    refused = run_cli("answer", "confirm", "yes", project=tmp_path)
    assert (refused.code, refused.json["error"]["code"]) == (3, "preflight_failed")

    card = give(run_cli, tmp_path, {"copies": "2"}).json["step"]["question"]
    assert [line.split("  ")[0] for line in card.splitlines()[: len(KIND.steps) - 2]] == [
        "Kind of evaluation", "Task", "Evaluation dataset", "Shape", "Copies", "Region", "Execution role", "Output",
    ]  # fmt: skip
    assert "about 0.02 USD" in card
    passing = run_cli("preflight", "--all", project=tmp_path)
    assert passing.code == 0, passing.json
    assert set(checks_of(passing).values()) == {"pass"}, passing.json["checks"]
    policies = json.dumps(run_cli("preflight", "--policy", project=tmp_path).json)
    assert "sagemaker:CreateTrainingJob" in policies
    assert "bedrock" not in policies.lower()


@pytest.mark.parametrize("shape", SHAPES)
def test_each_shape_of_results_comes_to_a_report_a_gate_and_a_history(
    run_cli: RunCli, shared: Toys, company: Company, tmp_path: Path, shape: str
) -> None:
    done = give(run_cli, tmp_path, toy_answers(company, shape=shape))
    assert done.json["next"] == "render"
    rendered = run_cli("render", project=tmp_path)
    assert rendered.code == 0, rendered.json
    for label in ("first", "second"):
        run_cells(Path(rendered.json["notebook"]), RUN_LABEL=label)

    report = run_cli("report", "--markdown", project=tmp_path)
    assert report.code == 0, report.json
    assert report.json["verdict"]["decision"] == "improved"
    assert report.json["simulated"] is True
    assert {"report.html", "report.md", "summary.json", "per_example.parquet"} <= report.json["files"].keys()
    page = Path(report.json["files"]["report.html"]).read_text(encoding="utf-8")
    assert "toy-1 and toy-2" in page or "toy-2 and toy-1" in page
    summary = run_cli("report", "--full", project=tmp_path).json["summary"]
    assert (summary["kind"], summary["conditions"]) == ("toy", {"shape": shape})

    assert run_cli("report", "--gate", project=tmp_path).code == 12  # SIMULATED
    gate = run_cli("report", "--gate", "--allow-simulated", project=tmp_path)
    assert (gate.code, gate.json["gate"]["outcome"]) == (0, "pass")
    metric = summary["primary_metric"]
    strict = run_cli("report", "--gate", f"{metric}.ci_low > 0.999", "--allow-simulated", project=tmp_path)
    assert strict.code in (10, 11)

    history = run_cli("report", "--history", project=tmp_path)
    assert history.code == 0, history.json
    (group,) = history.json["history"]
    assert (group["kind"], group["shape"], len(group["runs"])) == ("toy", shape, 2)

    runs = run_cli("runs", project=tmp_path)
    assert runs.code == 0, runs.json
    assert [(run["kind"], run["shape"], run["status"]) for run in runs.json["runs"]] == [
        ("toy", shape, "Succeeded")
    ] * 2


def test_a_change_of_kind_keeps_the_answers_that_both_have(run_cli: RunCli, company: Company, tmp_path: Path) -> None:
    answers = toy_answers(company, until="shape")
    give(run_cli, tmp_path, answers)
    other = run_cli("answer", "evaluation", "llm_as_judge", project=tmp_path)
    assert other.code == 0, other.json
    known = other.json["known"]
    assert {step: known[step]["value"] for step in ("task", "dataset")} == {
        step: answers[step] for step in ("task", "dataset")
    }
    assert "shape" not in known
    back = run_cli("answer", "evaluation", "toy", project=tmp_path)
    assert back.json["known"]["dataset"]["value"] == answers["dataset"]
    assert back.json["step"]["id"] == "shape"
    assert back.json["step"]["suggested"] == answers["shape"]


@pytest.mark.parametrize("command", [("status",), ("answer", "task", "x"), ("preflight",), ("render",), ("run",)])
def test_a_kind_that_nobody_registered_is_a_fault_of_the_state_file(
    run_cli: RunCli, company: Company, tmp_path: Path, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    give(run_cli, tmp_path, toy_answers(company, until="shape"))
    monkeypatch.delitem(REGISTRY, "toy")
    before = state_of(tmp_path)
    result = run_cli(*command, project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (5, "unknown_evaluation")
    assert state_of(tmp_path) == before
