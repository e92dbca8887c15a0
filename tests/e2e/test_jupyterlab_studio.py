"""The generated notebook as a person uses it in Studio: opened in JupyterLab, Run All, looked at, run again."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from e2e.notebook_runs import studio
from model_evaluation.localaws import Scenario

# .ci/run sets it wherever a browser can be had: then what is missing fails the tests instead of skipping them.
REQUIRED = os.environ.get("STUDIO_REQUIRED") == "1"
if not REQUIRED:
    pytest.importorskip("selenium", reason="selenium is not installed: pip install -e '.[dev]'")
    pytest.importorskip("jupyterlab", reason="jupyterlab is not installed: pip install -e '.[dev]'")

from e2e.jupyterlab_browser import CHROMIUM, DRIVER, ERROR, OUTPUT, jupyterlab  # noqa: E402 - needs selenium

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(
        not REQUIRED and not (CHROMIUM and DRIVER), reason="no Chromium or chromedriver; .ci/run installs them"
    ),
]


def artefacts(tmp_path: Path) -> Path:
    """Where screenshots stay: the folder that STUDIO_ARTEFACTS names, else the test's own."""
    folder = Path(os.environ["STUDIO_ARTEFACTS"]) if os.environ.get("STUDIO_ARTEFACTS") else tmp_path / "artefacts"
    return folder / "jupyterlab"


def test_run_all_shows_progress_and_charts_and_running_again_attaches(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "work", artefacts(tmp_path)
    folder.mkdir()
    with (
        studio(folder, scenario=Scenario(hold_step="BaseModelMetrics"), POLL_SECONDS=0.5) as work,
        jupyterlab(folder, scratch, work.aws.child_environment()) as lab,
    ):
        lab.open("evaluation.ipynb")
        lab.picture("1-opened")
        lab.run_all()

        # Progress is visible while the evaluation runs, and moves.
        lab.wait(lambda: work.starts == 1, "the start of the evaluation")
        lab.wait(lambda: "Executing" in lab.output() or lab.errors(), "the progress")
        first = lab.output()
        lab.picture("2-running", OUTPUT)
        assert not lab.finished()
        work.aws.scenario = Scenario()
        lab.wait(lambda: lab.output() != first, "progress that moves")

        lab.wait(lab.finished, "the end of all cells")
        assert lab.errors() == []
        pictures = lab.images()
        assert len(pictures) >= 1
        assert all(item["loaded"] and item["width"] > 100 and item["height"] > 50 for item in pictures), pictures
        text = lab.output()
        assert "SIMULATED" in text
        assert "Correctness" in text
        lab.picture("3-finished", ".jp-OutputArea-output img")
        (results,) = work.result_folders
        assert json.loads((results / "summary.json").read_text())["verdict"]["decision"]

        # A new kernel, Run All again: the same evaluation, not a second one.
        lab.menu("Run", "runmenu:restart-and-run-all")
        lab.accept_dialog()
        lab.wait(lambda: not lab.finished(), "a fresh start")
        lab.wait(lab.finished, "the end of all cells again")
        assert lab.errors() == []
        assert work.starts == 1
        assert work.result_folders == [results]
        lab.picture("4-run-again", OUTPUT)


def test_a_failed_evaluation_ends_in_one_readable_error(tmp_path: Path) -> None:
    folder, scratch = tmp_path / "work", artefacts(tmp_path) / "failed"
    folder.mkdir()
    scenario = Scenario(fail_step={"EvaluateCustomModelMetrics": "AccessDeniedException: no access to the judge model"})
    with (
        studio(folder, scenario=scenario, POLL_SECONDS=0.5) as work,
        jupyterlab(folder, scratch, work.aws.child_environment()) as lab,
    ):
        lab.open("evaluation.ipynb")
        lab.run_all()
        lab.wait(lab.finished, "the end")
        (error,) = lab.errors()
        assert "no access to the judge model" in error
        assert "ModuleNotFoundError" not in error
        lab.picture("5-failed", ERROR)
