"""The notebook about a predictive model as a person uses it in Studio: opened in JupyterLab, Run All."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from account_access import use_account
from cli_runs import RunCli, answer
from e2e.jupyterlab_browser import jupyterlab
from e2e.report_browser import missing
from e2e.test_jupyterlab_studio import artefacts
from model_evaluation.kinds.predictive.kind import KIND
from model_evaluation.kinds.predictive.localaws.world import World
from model_evaluation.localaws import LocalAws
from model_evaluation.localaws.seeding import Seeder

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")]


def test_run_all_predicts_and_shows_charts(run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalAws(step_seconds=0.5) as aws:
        world = KIND.player().seed_world(Seeder(aws.cloud, aws.region))
        assert isinstance(world, World)
        use_account(monkeypatch, aws)
        answers = {
            "evaluation": "predictive", "task": "Find the eights", "dataset": world.test_uri, "data": "ok",
            "columns": "label=label,id=scan_id,ignore=source", "problem": "binary positive=1",
            "model": world.scanner_group, "reference": world.champion_arn, "threshold": "0.5",
            "primary_metric": "average_precision", "confirm": "yes",
        }  # fmt: skip
        project = tmp_path / "eights"
        project.mkdir()
        answer(run_cli, project, answers)
        notebook = Path(run_cli("render", project=project).json["notebook"])
        starts = lambda: len(aws.calls.of("CreateTransformJob"))  # noqa: E731
        with jupyterlab(notebook.parent, artefacts(tmp_path) / "predictive", aws.child_environment()) as lab:
            lab.open(notebook.name)
            lab.run_all()
            lab.wait(lambda: starts() == 2 or lab.errors(), "both jobs")
            lab.await_results("predictive-finished", "average_precision", charts=5)
            (path,) = (path for path in notebook.parent.rglob("summary.json"))
            assert json.loads(path.read_text(encoding="utf-8"))["verdict"]["decision"] == "improved"
