"""`report` from the outside: one JSON object, the exit codes of the contract, files where they were asked for."""

from __future__ import annotations

import csv
import json
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from cli_runs import RunCli
from model_evaluation.kinds.llm_as_judge.localaws.player import World
from model_evaluation.lookups.session import Aws
from model_evaluation.runtime.report.people import people_html, with_people
from model_evaluation.runtime.report.words import ReportWords
from unit.reporting.results_on_disk import PACKAGE, edit_summary, put_results, summary_of

SAME: tuple[float | None, ...] = (0.5,) * 40


@pytest.mark.parametrize(
    ("results", "code", "outcome"),
    [
        ({}, 0, "pass"),
        ({"tuned": (0.5, 0.5, 0.75, 0.5) * 10, "base": (1.0, 0.75, 1.0, 0.5) * 10}, 10, "fail"),
        ({"tuned": (1.0, 0.0) * 20, "base": (0.0, 1.0) * 20}, 11, "inconclusive"),
        ({"tuned": [None] * 40}, 12, "invalid"),
        ({"scope": "tuned"}, 12, "invalid"),
    ],
)
def test_the_gates_exit_codes(
    run_cli: RunCli, tmp_path: Path, results: dict[str, Any], code: int, outcome: str
) -> None:
    put_results(tmp_path, **results)
    result = run_cli("report", "--gate", "--junit", str(tmp_path / "gate.xml"), project=tmp_path)
    assert (result.code, result.json["gate"]["outcome"]) == (code, outcome)
    assert result.json["ok"] is (code == 0)
    assert ("error" in result.json) is (code != 0)
    suite = ET.fromstring((tmp_path / "gate.xml").read_bytes())[0]
    red = int(suite.get("failures", "")) + int(suite.get("errors", ""))
    assert (red > 0) is (code != 0)
    assert result.json["junit"] == str(tmp_path / "gate.xml")


def test_a_rule_about_a_metric_that_is_not_there_is_to_be_corrected(run_cli: RunCli, tmp_path: Path) -> None:
    put_results(tmp_path)
    result = run_cli("report", "--gate", "Corectness.ci_low > 0", project=tmp_path)
    assert result.code == 12
    assert "there is no metric Corectness (Correctness" in result.json["error"]["message"]
    assert result.json["error"]["fix"].startswith("Correct the rule")


def test_mixed_fails_the_bare_gate(run_cli: RunCli, tmp_path: Path) -> None:
    put_results(tmp_path, other=(0.9, 0.1))  # Harmfulness
    result = run_cli("report", "--gate", project=tmp_path)
    assert result.json["verdict"]["decision"] == "mixed"
    assert (result.code, result.json["error"]["code"]) == (10, "gate_fail")


@pytest.mark.parametrize("damage", ["half", "foreign", "missing", "impossible"])
def test_results_that_cannot_be_believed_are_12_with_a_red_file(run_cli: RunCli, tmp_path: Path, damage: str) -> None:
    folder = put_results(tmp_path)
    path = folder / "summary.json"
    if damage == "half":
        path.write_text(path.read_text()[:500])
    elif damage == "foreign":
        path.write_text('{"verdict": {"decision": "improved"}, "metrics": {}, "simulated": false}')
    elif damage == "missing":
        path.unlink()
    else:
        edit_summary(folder, rows={"dataset": 1, "tuned": 1, "base": 1, "paired": 1})
    result = run_cli("report", "--gate", "--junit", str(tmp_path / "gate.xml"), project=tmp_path)
    assert result.code == 12
    assert result.json["gate"]["outcome"] == "invalid"
    assert "summary" not in result.json
    assert ET.fromstring((tmp_path / "gate.xml").read_bytes())[0].get("errors") == "1"
    plain = run_cli("report", project=tmp_path)
    assert (plain.code, plain.json["error"]["code"]) == (3, "no_results" if damage == "missing" else "invalid_results")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--junit", "x.xml"],
        ["--gate", "Correctness > 1"],
        ["--n", "0", "--labels-sheet", "x.csv"],
        ["--labels-sheet", "a", "--labels", "b"],
        ["--yes"],
        ["--history", "--gate"],
        ["--mlflow", "ftp://nowhere"],
    ],
)
def test_what_makes_no_sense_is_usage(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    put_results(tmp_path)
    before = sorted(path.name for path in tmp_path.rglob("*"))
    result = run_cli("report", *arguments, project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (2, "usage")
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_markdown_goes_beside_the_report_or_where_it_is_told(run_cli: RunCli, tmp_path: Path) -> None:
    folder = put_results(tmp_path)
    assert run_cli("report", "--markdown", project=tmp_path).json["markdown"] == str(folder / "report.md")
    other = run_cli("report", "--markdown", str(tmp_path / "pr.md"), project=tmp_path)
    assert (tmp_path / "pr.md").read_text() == (folder / "report.md").read_text()
    assert other.json["files"]["report.md"] == str(folder / "report.md")
    refused = run_cli("report", "--markdown", str(tmp_path / "no" / "x.md"), project=tmp_path)
    assert (refused.code, refused.json["error"]["code"]) == (3, "not_writable")


def test_history_compares_and_draws(run_cli: RunCli, tmp_path: Path) -> None:
    for day in (1, 2):
        put_results(tmp_path, f"run{day}", created=f"2026-11-0{day}T00:00:00+00:00")
    put_results(tmp_path, "old", created="2026-10-01T00:00:00+00:00", judge="judge-two")
    body = run_cli("report", "--history", project=tmp_path).json
    assert [len(group["runs"]) for group in body["history"]] == [2, 1]
    assert body["history"][1]["differs"] == ["another judge (judge-two, not judge-one)"]
    assert body["chart"] == str(tmp_path / "results" / "history.svg")
    assert ET.fromstring(Path(body["chart"]).read_text()).tag.endswith("svg")
    assert body["newest_against_previous"]["mean"] == 0.0
    nothing = run_cli("report", "--history", project=tmp_path / "results")
    assert (nothing.code, nothing.json["error"]["code"]) == (3, "no_results")


def test_history_without_what_draws_tells_the_same_and_how_to_have_the_picture(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_results(tmp_path)
    monkeypatch.delitem(sys.modules, "model_evaluation.reporting.trend_chart", raising=False)
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    result = run_cli("report", "--history", project=tmp_path)
    assert result.code == 0
    assert len(result.json["history"]) == 1
    assert "chart" not in result.json
    (warning,) = result.json["warnings"]
    assert "matplotlib" in warning["message"]
    assert "install" in warning["fix"]


def test_labels_there_and_back(run_cli: RunCli, tmp_path: Path) -> None:
    folder = put_results(tmp_path)
    sheet = tmp_path / "sheet.csv"
    told = run_cli("report", "--labels-sheet", str(sheet), "--n", "20", project=tmp_path).json["labels_sheet"]
    assert (told["rows"], told["of"], told["metric"]) == (20, 40, "Correctness")
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    with sheet.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([rows[0], *([*row[:5], "0.5", "0.5", ""] for row in rows[1:])])
    words = ReportWords(scorer="judge")
    page = f"<html>{people_html(None, words)}</html>"
    (folder / "report.html").write_text(page)
    result = run_cli("report", "--labels", str(sheet), project=tmp_path)
    error = result.json["judge_error"]
    assert error["told_in"] == [str(folder / "report.md"), str(folder / "report.html")]
    assert (folder / "report.html").read_text() == with_people(page, error, words)
    assert error["labelled"] == 20
    assert error["people_only"]["mean"] == 0.0
    assert json.loads((folder / "judge_error.json").read_text())["sentence"] == error["sentence"]
    assert "- Corrected by people" in (folder / "report.md").read_text()
    again = run_cli("report", "--labels-sheet", str(sheet), project=tmp_path)
    assert (again.code, again.json["error"]["code"]) == (3, "file_exists")
    wrong = run_cli("report", "--labels-sheet", "x.csv", "--metric", "Nothing", project=tmp_path)
    assert (wrong.code, wrong.json["error"]["code"]) == (3, "unknown_metric")
    missing = run_cli("report", "--labels", str(tmp_path / "none.csv"), project=tmp_path)
    assert (missing.code, missing.json["error"]["code"]) == (3, "no_label_key")


# -- the model registry --------------------------------------------------------------------------------------


def metadata(arn: str) -> dict[str, str]:
    answer = Aws().client("sagemaker").describe_model_package(ModelPackageName=arn)
    found: dict[str, str] = answer.get("CustomerMetadataProperties", {})
    return found


@pytest.mark.usefixtures("aws")
def test_the_verdict_goes_onto_the_package_after_a_yes(run_cli: RunCli, tmp_path: Path, world: World) -> None:
    arn = world.model_package_arn
    put_results(tmp_path, "aaa111", tuned_model=arn, simulated=True, metrics=("Correctness", "Harmfulness"))
    Aws().client("sagemaker").update_model_package(
        ModelPackageArn=arn, CustomerMetadataProperties={"team": "support", "evaluation.metric.Gone": "old"}
    )
    asked = run_cli("report", "--register", project=tmp_path)
    assert (asked.code, asked.json["error"]["code"]) == (3, "needs_consent")
    assert metadata(arn) == {"team": "support", "evaluation.metric.Gone": "old"}
    done = run_cli("report", "--register", "--yes", project=tmp_path)
    assert done.code == 0, done.json
    assert done.json["registered"]["properties"] == asked.json["error"]["details"]["properties"]
    assert done.json["registered"]["removed"] == ["evaluation.metric.Gone"]
    assert metadata(arn) == {"team": "support", **done.json["registered"]["properties"]}
    difference = summary_of(tmp_path / "results" / "aaa111")["metrics"]["Correctness"]["difference"]
    assert metadata(arn)["evaluation.metric.Correctness"] == (
        f"difference={difference['mean']:.6g} ci_low={difference['ci_low']:.6g} "
        f"ci_high={difference['ci_high']:.6g} n=40 verdict=improved"
    )
    assert metadata(arn)["evaluation.simulated"] == "true"


@pytest.mark.parametrize(
    "model", [None, "some-model", "arn:aws:sagemaker:us-west-2:111122223333:model-package-group/x"]
)
def test_only_a_package_version_carries_a_verdict(run_cli: RunCli, tmp_path: Path, model: str | None) -> None:
    put_results(tmp_path, tuned_model=model)
    result = run_cli("report", "--register", "--yes", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "no_package")


@pytest.mark.usefixtures("aws")
def test_a_package_that_is_gone_is_not_found(run_cli: RunCli, tmp_path: Path) -> None:
    folder = put_results(tmp_path, tuned_model=PACKAGE, simulated=True)
    before = (folder / "summary.json").read_bytes()
    result = run_cli("report", "--register", "--yes", project=tmp_path)
    assert result.code == 4, result.json
    assert (folder / "summary.json").read_bytes() == before


def test_simulated_results_never_reach_a_real_registry(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No endpoint is set, so the client would go to AWS; the refusal comes before any call (which would fail here)."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    put_results(tmp_path, simulated=True)
    result = run_cli("report", "--register", "--yes", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "simulated_results")


# -- MLflow --------------------------------------------------------------------------------------------------


def test_without_a_server_in_the_workflow_mlflow_needs_an_address(run_cli: RunCli, tmp_path: Path) -> None:
    put_results(tmp_path)
    result = run_cli("report", "--mlflow", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (3, "no_mlflow")
