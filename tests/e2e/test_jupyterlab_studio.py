"""The generated notebook as a person uses it in Studio: opened in JupyterLab, Run All, looked at, run again."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.jupyterlab_browser import ERROR, OUTPUT, Lab, jupyterlab
from e2e.notebook_runs import Studio, studio
from e2e.report_browser import missing
from model_evaluation.localaws import Scenario
from model_evaluation.notebook.render import render_notebook
from unit.notebook.building import KIND

pytestmark = [pytest.mark.e2e, pytest.mark.skipif(bool(missing()), reason=missing() or "there is a browser")]


def artefacts(tmp_path: Path) -> Path:
    """Where screenshots stay: the folder that STUDIO_ARTEFACTS names, else the test's own."""
    folder = Path(os.environ["STUDIO_ARTEFACTS"]) if os.environ.get("STUDIO_ARTEFACTS") else tmp_path / "artefacts"
    return folder / "jupyterlab"


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, Lab]]:
    folder, scratch = tmp_path_factory.mktemp("work"), artefacts(tmp_path_factory.mktemp("lab"))
    with studio(folder, POLL_SECONDS=0.5) as work, jupyterlab(folder, scratch, work.aws.child_environment()) as lab:
        yield work, lab


def test_run_all_shows_progress_and_charts_and_running_again_attaches(opened: tuple[Studio, Lab]) -> None:
    work, lab = opened
    work.aws.scenario = Scenario(hold_step="BaseModelMetrics")
    lab.open("evaluation.ipynb")
    lab.picture("1-opened")
    lab.run_all()

    # Progress is visible while the evaluation runs, and moves.
    lab.wait(lambda: work.starts == 1 or lab.errors(), "the start of the evaluation")
    lab.wait(lambda: "Executing" in lab.output() or lab.errors(), "the progress")
    first = lab.output()
    lab.picture("2-running", OUTPUT)
    assert not lab.finished()
    work.aws.scenario = Scenario()
    lab.wait(lambda: lab.output() != first or lab.errors(), "progress that moves")

    lab.await_results("3-finished", "Correctness", charts=1)
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


def test_a_failed_evaluation_ends_in_one_readable_error(opened: tuple[Studio, Lab]) -> None:
    work, lab = opened
    work.aws.scenario = Scenario(
        fail_step={"EvaluateCustomModelMetrics": "AccessDeniedException: no access to the judge model"}
    )
    failing = render_notebook(KIND, work.parameters | {"RUN_LABEL": "failing"})
    (work.folder / "failing.ipynb").write_bytes(failing)
    lab.open("failing.ipynb")
    lab.run_all()
    lab.wait(lab.finished, "the end")
    (error,) = lab.errors()
    assert "no access to the judge model" in error
    assert "ModuleNotFoundError" not in error
    lab.picture("5-failed", ERROR)
