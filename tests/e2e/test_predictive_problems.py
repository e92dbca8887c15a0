"""Each kind of problem by each way to its predictions, with the real SDK: batch transform of a binary
problem and its endpoint stand in ``test_predictive_runs``; and rehearsals of the user's own answers."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from account_access import use_account
from cli_runs import RunCli
from model_evaluation.kinds.predictive.kind import KIND
from model_evaluation.kinds.predictive.localaws.world import World, put_endpoint, put_sagemaker_model
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.seeding import Seeder
from predictive_tables import TABLES, put, put_tumours, text, wines

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("no_kernels")]
ROOT = Path(__file__).parents[2]
QUICK = ("-p", "POLL_SECONDS", "0.2")


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[LocalAws, World]]:
    with LocalAws(step_seconds=0.1) as aws:
        seed = Seeder(aws.cloud, aws.region)
        world = KIND.player().seed_world(seed)
        assert isinstance(world, World)
        for model in (world.wine_model, f"{world.wine_model}-lightgbm", world.wine_clusters, "fernway-diabetes-v2"):
            put_endpoint(seed, f"{model}-live", model, "InService")
        put_sagemaker_model(
            seed, world, "fernway-wine-catboost", "catboost", f"s3://{world.bucket}/models/wine/1/model.tar.gz"
        )
        yield aws, world


@pytest.fixture
def world(shared: tuple[LocalAws, World], monkeypatch: pytest.MonkeyPatch) -> World:
    use_account(monkeypatch, shared[0])
    return shared[1]


def evaluated(run_cli: RunCli, project: Path, said: dict[str, str]) -> dict[str, Any]:
    """The summary of a whole evaluation with these answers."""
    answered(run_cli, project, said)
    assert run_cli("render", project=project).code == 0
    done = run_cli("run", *(QUICK if not project.joinpath("files").exists() else ()), project=project)
    assert done.code == 0, done.json
    assert run_cli("report", project=project).code == 0
    summary: dict[str, Any] = json.loads((Path(done.json["results"]) / "summary.json").read_text(encoding="utf-8"))
    return summary


def answered(run_cli: RunCli, project: Path, said: dict[str, str]) -> None:
    for step, value in {"evaluation": "predictive", "task": "Predict", "data": "ok", **said}.items():
        if step == "data":
            continue
        result = run_cli("answer", step, value, project=project)
        assert result.code == 0, (step, result.json)
        if step == "dataset":
            assert run_cli("answer", "data", "ok", project=project).code == 0
    assert result.json["step"] is None, result.json["step"]


WINE = {"dataset": "wine_test_uri", "columns": "label=class,id=wine_id", "reference": "none"}
ENDPOINTS = [
    ("multiclass", "{wine_model}-live", WINE, "accuracy", 0.9),
    ("multiclass", "{wine_model}-lightgbm-live", WINE, "accuracy", 0.9),
    ("clustering", "{wine_clusters}-live", WINE, "adjusted_rand", 0.7),
    (
        "regression", "{diabetes_model}-v2-live",
        {"dataset": "diabetes_test_uri", "columns": "label=progression,id=patient", "reference": "constant"}, "r2", 0.3,
    ),
    ("multiclass", "fernway-wine-catboost", WINE, "accuracy", 0.9),  # a batch transform, a JSON object per request
]  # fmt: skip


@pytest.mark.parametrize(("problem", "model", "said", "metric", "least"), ENDPOINTS, ids=lambda value: str(value)[:30])
def test_models_in_aws(
    run_cli: RunCli, world: World, tmp_path: Path,
    problem: str, model: str, said: dict[str, str], metric: str, least: float,
) -> None:  # fmt: skip
    dataset = world.names()[said["dataset"]]
    named = model.format_map(world.names())
    answers = {"dataset": dataset, "columns": said["columns"], "problem": problem, "model": named,
               "reference": said["reference"], "primary_metric": metric, "confirm": "yes"}  # fmt: skip
    summary = evaluated(run_cli, tmp_path, answers)
    assert summary["conditions"]["problem"] == problem
    assert summary["metrics"][metric]["tuned"]["value"] > least
    assert summary["simulated"] is True


@pytest.mark.parametrize("problem", ["multiclass", "regression", "clustering"])
def test_predictions_in_files(run_cli: RunCli, tmp_path: Path, problem: str) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    if problem == "clustering":
        rows = wines()
        files = {
            "test": put(folder, "test.csv", text(rows.names, rows.test)),
            "candidate": put(
                folder, "clusters.csv",
                text(["case_id", "cluster"], list(zip(rows.ids, rows.candidate.argmax(axis=1).tolist(), strict=True))),
            ),
        }  # fmt: skip
    else:
        files = TABLES["wines" if problem == "multiclass" else "diabetes"](folder)
    metric, least = {"multiclass": ("macro_f1", 0.7), "regression": ("r2", 0.2), "clustering": ("adjusted_rand", 0.5)}[
        problem
    ]
    answers = {"dataset": files["test"], "columns": "label=label,id=case_id", "problem": problem,
               "model": files["candidate"], "reference": files.get("reference", "none"), "primary_metric": metric,
               "confirm": "yes"}  # fmt: skip
    summary = evaluated(run_cli, tmp_path, answers)
    assert summary["metrics"][metric]["tuned"]["value"] > least
    assert summary["simulated"] is False


def test_the_users_own_models_and_rows_are_rehearsed(run_cli: RunCli, world: World, tmp_path: Path) -> None:
    """A package against an endpoint: neither is asked, models of their formats stand in their places."""
    answers = {"dataset": world.test_uri, "columns": "label=label,id=scan_id,ignore=source",
               "problem": "binary positive=1", "model": world.scanner_group, "reference": world.endpoint,
               "threshold": "0.5", "primary_metric": "roc_auc", "confirm": "yes"}  # fmt: skip
    answered(run_cli, tmp_path, answers)
    # Another process: this one has an account of its own already, which stands for the user's.
    command = [sys.executable, str(ROOT / "scripts" / "evaluate.py"), "--project", str(tmp_path), "rehearse",
               "--step-seconds", "0.1"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=1200, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    envelope = json.loads(done.stdout)
    assert envelope["simulated"] is True
    assert "trained on half of them: SIMULATED" in str(envelope["findings"])
    (path,) = (tmp_path / "rehearsal" / "results").rglob("summary.json")
    summary = json.loads(path.read_text(encoding="utf-8"))
    assert summary["simulated"] is True
    assert summary["rows"] == {"dataset": 898, "tuned": 898, "base": 898, "paired": 898}
    assert not (tmp_path / "results").exists()


def test_predictions_in_files_are_rehearsed_as_they_are(run_cli: RunCli, tmp_path: Path) -> None:
    files = put_tumours(tmp_path)
    project = tmp_path / "tumours"
    project.mkdir()
    answers = {"dataset": files["test"], "problem": "binary positive=1", "model": files["candidate"],
               "reference": files["reference"], "threshold": "0.5", "primary_metric": "roc_auc",
               "confirm": "yes"}  # fmt: skip
    answered(run_cli, project, answers)
    done = run_cli("rehearse", project=project)
    assert done.code == 0, done.json
    assert done.json["simulated"] is False
    assert "what it says of them is real" in str(done.json["findings"])
