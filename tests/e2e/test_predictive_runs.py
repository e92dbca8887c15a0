"""Predictive models from the first answer to the report: the real SDK, files and local AWS. In a kernel the notebook
runs in the demo and in JupyterLab."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from account_access import use_account
from cli_runs import RunCli
from model_evaluation.kinds.predictive.kind import KIND
from model_evaluation.kinds.predictive.localaws.world import World
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.seeding import Seeder
from predictive_tables import put, put_tumours, text, tumours

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("no_kernels")]
QUICK = ("-p", "POLL_SECONDS", "0.2")
Account = tuple[LocalAws, World]


@pytest.fixture(scope="module")
def shared() -> Iterator[Account]:
    with LocalAws(step_seconds=0.2) as aws:
        world = KIND.player().seed_world(Seeder(aws.cloud, aws.region))
        assert isinstance(world, World)
        yield aws, world


@pytest.fixture
def account(shared: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    use_account(monkeypatch, shared[0])
    yield shared
    shared[0].scenario = Scenario()


def prepared(run_cli: RunCli, project: Path, **said: str) -> None:
    """Every answer, and the notebook."""
    for step, value in {"evaluation": "predictive", "task": "Predict", **said}.items():
        result = run_cli("answer", step, value, project=project)
        assert result.code == 0, (step, result.json)
    assert result.json["step"] is None, result.json["step"]
    assert run_cli("render", project=project).code == 0


def summary_of(results: str) -> dict[str, Any]:
    summary: dict[str, Any] = json.loads((Path(results) / "summary.json").read_text(encoding="utf-8"))
    return summary


def tumour_answers(files: dict[str, str], **changes: str) -> dict[str, str]:
    return {
        "dataset": files["test"],
        "data": "ok",
        "problem": "binary positive=1",
        "model": files["candidate"],
        "reference": files["reference"],
        "threshold": "0.5",
        "primary_metric": "roc_auc",
        "confirm": "yes",
    } | changes


def test_predictions_from_files_lead_to_a_verdict_without_aws(run_cli: RunCli, tmp_path: Path) -> None:
    files = put_tumours(tmp_path)
    project = tmp_path / "tumours"
    project.mkdir()
    prepared(run_cli, project, **tumour_answers(files))
    done = run_cli("run", project=project)
    assert done.code == 0, done.json
    assert (done.json["next"], done.json["simulated"], done.json["execution_arn"]) == ("report", False, None)
    summary = summary_of(done.json["results"])
    rows = tumours()
    truth = [row[1] for row in rows.test]
    own = summary["metrics"]["roc_auc"]["tuned"]
    assert own["value"] == pytest.approx(roc_auc_score(truth, rows.candidate[:, 1]), abs=1e-5)
    accuracy = summary["metrics"]["accuracy"]["tuned"]["value"]
    assert accuracy == pytest.approx(accuracy_score(truth, rows.candidate[:, 1] >= 0.5))
    assert summary["kind"] == "predictive"
    assert summary["conditions"]["positive"] == "1"
    assert summary["verdict"]["decision"] == "improved"
    written = {path.name for path in Path(done.json["results"]).iterdir()}
    assert {"summary.json", "evaluation.json", "per_example.parquet", "report.html", "report.md"} <= written
    report = run_cli("report", project=project)
    assert report.code == 0, report.json
    assert run_cli("report", "--gate", project=project).code == 0
    again = run_cli("run", project=project)
    assert again.json["results"] == done.json["results"], "the same files, the same folder"


def test_predictions_that_are_missing_are_told_and_a_threshold_is_found_on_other_rows(
    run_cli: RunCli, tmp_path: Path
) -> None:
    files = put_tumours(tmp_path)
    rows = tumours()
    half = len(rows.test) // 2
    said = [[key, score] for key, score in zip(rows.ids, rows.candidate[:, 1].tolist(), strict=True)]
    test = put(tmp_path, "half.csv", text(rows.names, rows.test[:half]))
    validation = put(tmp_path, "validation.csv", text(rows.names, rows.test[half:]))
    project = tmp_path / "holes"
    project.mkdir()
    answers = tumour_answers(
        files,
        dataset=test,
        model=put(tmp_path, "all.csv", text(["case_id", "score"], said[2:])),
        reference="constant",
        threshold=f"cost 1 10 validation {validation}",
        primary_metric="expected_cost",
    )
    prepared(run_cli, project, **answers)
    done = run_cli("run", project=project)
    assert done.code == 0, done.json
    summary = summary_of(done.json["results"])
    assert summary["rows"]["dataset"] == half
    assert summary["rows"]["tuned"] == half - 2
    assert summary["conditions"]["threshold"]["set"] == "validation"
    missing = [check for check in summary["checks"] if check["status"] != "pass"]
    assert missing, summary["checks"]


def scanner(world: World, **changes: str) -> dict[str, str]:
    return {
        "dataset": world.test_uri,
        "data": "ok",
        "columns": "label=label,id=scan_id,ignore=source",
        "problem": "binary positive=1",
        "model": world.scanner_group,
        "reference": world.champion_arn,
        "threshold": "cost 1 10 cross-fit",
        "primary_metric": "average_precision",
        "confirm": "yes",
    } | changes


def starts(aws: LocalAws) -> int:
    return len(aws.calls.of("CreateTransformJob"))


def test_two_models_predict_by_batch_transform_once_whatever_happens(
    run_cli: RunCli, account: Account, tmp_path: Path
) -> None:
    aws, world = account
    prepared(run_cli, tmp_path, **scanner(world))
    before = starts(aws)
    # The wait ends before the job does: the job goes on, and the next run takes it up.
    aws.scenario = Scenario(hold_step="test-two-models")
    waited = run_cli("run", *QUICK, "-p", "TIMEOUT_MINUTES", "0.02", project=tmp_path)
    assert (waited.code, waited.json["error"]["code"]) == (4, "run_failed")
    assert "has not ended within TIMEOUT_MINUTES" in waited.json["error"]["message"]
    assert starts(aws) == before + 1
    aws.scenario = Scenario()
    done = run_cli("run", *QUICK, project=tmp_path)
    assert done.code == 0, done.json
    assert "Attached to the evaluation that is already there" in done.stderr
    assert starts(aws) == before + 2, "one job a model"
    summary = summary_of(done.json["results"])
    assert (summary["simulated"], summary["scope"]) == (True, "compare")
    assert summary["verdict"]["decision"] == "improved"
    assert summary["models"]["tuned"]["name"] == "fernway-eights/2"
    assert summary["rows"]["paired"] == 898
    # Without any record the jobs are found again by their names.
    shutil.rmtree(Path(done.json["results"]).parent)
    again = run_cli("run", *QUICK, project=tmp_path)
    assert again.code == 0, again.json
    assert starts(aws) == before + 2
    assert summary_of(again.json["results"])["metrics"] == summary["metrics"]
    sent = [call.params for call in aws.calls.of("CreateTransformJob")][-2:]
    assert len({job["ModelName"] for job in sent}) == 2
    assert all(job["DataProcessing"]["InputFilter"] == "$[1:]" for job in sent)
    states = [row["status"] for row in run_cli("runs", project=tmp_path).json["runs"]]
    assert states == ["Succeeded", "Succeeded"]


def test_a_job_that_fails_is_explained_and_started_anew(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    _, world = account
    # The text column is sent: the container refuses the file, and nothing is scored in silence.
    answers = scanner(world, columns="label=label,id=scan_id,ignore=source", reference="none")
    prepared(run_cli, tmp_path, **answers)
    failed = run_cli("run", *QUICK, "-r", "COLUMNS", "label=label,id=scan_id", project=tmp_path)
    assert (failed.code, failed.json["error"]["code"]) == (4, "run_failed")
    assert "Loading csv data failed with Exception" in failed.json["error"]["message"]
    assert "Leave out columns that are not numbers" in failed.json["error"]["fix"]
    done = run_cli("run", *QUICK, project=tmp_path)
    assert done.code == 0, done.json
    assert summary_of(done.json["results"])["scope"] == "tuned"


def test_an_endpoint_is_asked_once_and_answers_are_kept(run_cli: RunCli, account: Account, tmp_path: Path) -> None:
    aws, world = account
    refused = None
    answers = scanner(world, model=f"endpoint {world.endpoint}", reference="constant")
    for step, value in {"evaluation": "predictive", "task": "Predict", **answers}.items():
        if step == "model":
            refused = run_cli("answer", "model", f"endpoint {world.endpoint_down}", project=tmp_path)
        assert run_cli("answer", step, value, project=tmp_path).code == 0
    assert refused is not None
    assert refused.json["error"]["code"] == "not_in_service"
    assert run_cli("render", project=tmp_path).code == 0
    done = run_cli("run", project=tmp_path)
    assert done.code == 0, done.json
    asked = len(aws.calls.of("InvokeEndpoint"))
    assert asked == 1
    summary = summary_of(done.json["results"])
    assert summary["rows"]["tuned"] == 898
    again = run_cli("run", project=tmp_path)
    assert again.code == 0, again.json
    assert len(aws.calls.of("InvokeEndpoint")) == asked


OTHERS = [
    ("wine_test_uri", "{wine_model}", "multiclass", "label=class,id=wine_id", "accuracy", 0.9),
    ("wine_test_uri", "{wine_model}-lightgbm", "multiclass", "label=class,id=wine_id", "accuracy", 0.9),
    ("wine_test_uri", "{wine_model}-linear", "multiclass", "label=class,id=wine_id", "macro_f1", 0.9),
    ("diabetes_test_uri", "{diabetes_model}-v2", "regression", "label=progression,id=patient", "r2", 0.3),
    ("wine_test_uri", "{wine_clusters}", "clustering", "label=class,id=wine_id", "adjusted_rand", 0.7),
]


@pytest.mark.parametrize(
    ("dataset", "model", "problem", "columns", "metric", "least"), OTHERS, ids=lambda value: str(value)
)
def test_every_kind_of_problem_and_container(
    run_cli: RunCli, account: Account, tmp_path: Path,
    dataset: str, model: str, problem: str, columns: str, metric: str, least: float,
) -> None:  # fmt: skip
    _, world = account
    answers = {
        "dataset": world.names()[dataset],
        "data": "ok",
        "columns": columns,
        "problem": problem,
        "model": model.format_map(world.names()),
        "reference": f"{world.diabetes_model}-v1" if problem == "regression" else "none",
        "primary_metric": metric,
        "confirm": "yes",
    }
    prepared(run_cli, tmp_path, **answers)
    done = run_cli("run", *QUICK, project=tmp_path)
    assert done.code == 0, done.json
    summary = summary_of(done.json["results"])
    assert summary["metrics"][metric]["tuned"]["value"] > least
    assert summary["conditions"]["problem"] == problem
    report = run_cli("report", project=tmp_path)
    assert report.code == 0, report.json
