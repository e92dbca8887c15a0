"""Results go into a real MLflow server: by its address, and by ARN through SageMaker's plugin."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli_runs import RunCli
from e2e.mlflow_server import mlflow_server
from unit.reporting.results_on_disk import put_results, summary_of

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed"),
]

APP = "arn:aws:sagemaker:us-west-2:111122223333:mlflow-app/app-ABCDEFGHIJKL"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


def client_of(server: str) -> Any:
    import mlflow  # takes seconds: not while tests are collected

    return mlflow.MlflowClient(tracking_uri=server)


def test_a_run_holds_parameters_metrics_and_files_and_is_logged_once(
    run_cli: RunCli, tmp_path: Path, server: str
) -> None:
    project = tmp_path / "tickets"
    folder = put_results(project)
    (folder / "report.html").write_text("<p>report</p>")
    (folder / "figures").mkdir()
    (folder / "figures" / "difference.svg").write_text("<svg/>")
    result = run_cli("report", "--mlflow", server, "--markdown", project=project)
    assert result.code == 0, result.json
    told = result.json["mlflow"]
    assert told["experiment"] == "model-evaluation/tickets"
    client = client_of(server)
    run = client.get_run(told["run_id"])
    assert run.info.status == "FINISHED"
    entry = summary_of(folder)["metrics"]["Correctness"]
    assert {key: run.data.metrics[f"Correctness.{key}"] for key in ("difference", "difference_ci_low", "wins")} == {
        "difference": entry["difference"]["mean"],
        "difference_ci_low": entry["difference"]["ci_low"],
        "wins": entry["wins"],
    }
    assert run.data.params["judge"] == "judge-one"
    assert run.data.tags["model_evaluation.decision"] == "improved"
    assert {item.path for item in client.list_artifacts(told["run_id"])} == {
        "summary.json", "per_example.csv", "report.html", "report.md", "figures",
    }  # fmt: skip
    again = run_cli("report", "--mlflow", server, project=project).json["mlflow"]
    assert (again["run_id"], again["already"]) == (told["run_id"], True)
    assert len(client.search_runs([told["experiment_id"]])) == 1


def test_simulated_results_have_an_experiment_of_their_own(run_cli: RunCli, tmp_path: Path, server: str) -> None:
    put_results(tmp_path, simulated=True)
    told = run_cli("report", "--mlflow", server, "--mlflow-experiment", "x", project=tmp_path).json["mlflow"]
    run = client_of(server).get_run(told["run_id"])
    assert told["experiment"] == "x (SIMULATED)"
    assert run.info.run_name.startswith("SIMULATED ")
    assert run.data.tags["mlflow.note.content"].startswith("SIMULATED")


def test_an_arn_goes_through_sagemakers_plugin(
    run_cli: RunCli, tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("sagemaker_mlflow")
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    put_results(tmp_path)
    result = run_cli("report", "--mlflow", APP, "--mlflow-experiment", "arn", project=tmp_path)
    assert result.code == 0, result.json
    run = client_of(server).get_run(result.json["mlflow"]["run_id"])
    assert run.data.metrics["Correctness.n_paired"] == 40


def test_a_server_that_is_not_there_is_told_and_nothing_changes(run_cli: RunCli, tmp_path: Path) -> None:
    folder = put_results(tmp_path)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    result = run_cli("report", "--mlflow", "http://127.0.0.1:9", project=tmp_path)
    assert (result.code, result.json["error"]["code"]) == (4, "mlflow_failed")
    assert "as they were" in result.json["error"]["fix"]
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
