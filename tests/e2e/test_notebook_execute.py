"""Running notebooks headless, with small ones: what is saved, what is said, how it ends."""

from __future__ import annotations

import builtins
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from model_evaluation.errors import MissingDependency, Refused
from model_evaluation.notebook.execute import ExecutionOutcome, execute_notebook

pytestmark = pytest.mark.e2e


class Runner:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.target = folder / "executed.ipynb"
        self.heard: list[str] = []

    def run(
        self,
        *sources: str,
        parameters: dict[str, Any] | None = None,
        timeout: float | None = 600,
        **environment: str,
    ) -> ExecutionOutcome:
        notebook = new_notebook()
        for number, source in enumerate(sources):
            tags = {"tags": ["parameters"]} if number == 0 else {}
            notebook.cells.append(new_code_cell(source, id=f"cell-{number}", metadata=tags))
        path = self.folder / "source.ipynb"
        nbformat.write(notebook, path)
        return execute_notebook(
            path,
            self.target,
            env={**os.environ, **environment},
            cwd=self.folder,
            parameters=parameters,
            on_progress=self.hear,
            timeout=timeout,
        )

    def hear(self, line: str) -> None:
        self.heard.append(line)

    def saved(self) -> list[dict[str, Any]]:
        cells: list[dict[str, Any]] = json.loads(self.target.read_text(encoding="utf-8"))["cells"]
        return cells


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return Runner(tmp_path)


def test_folder_environment_and_interpreter_are_the_ones_given(runner: Runner, tmp_path: Path) -> None:
    outcome = runner.run(
        "X = 1",
        "import os, sys\nprint(os.getcwd(), os.environ['COLOUR'], sys.executable, sep='\\n')",
        COLOUR="blue",
        JUPYTER_PATH=str(tmp_path / "no-kernels-here"),
    )
    import sys

    assert outcome.ok
    assert runner.heard == ["[1/2] cell-0", "[2/2] cell-1", str(tmp_path), "blue", sys.executable]


def test_a_kernel_registered_under_our_name_is_not_used(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "jupyter" / "kernels" / "python3"
    broken.mkdir(parents=True)
    spec = {"argv": ["/nowhere/python", "{connection_file}"], "display_name": "Other", "language": "python"}
    (broken / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    assert runner.run("X = 1").ok


def test_an_error_is_saved_and_reported(runner: Runner) -> None:
    outcome = runner.run("X = 1", "print('before')\nraise ValueError('no such thing')", "print('never')")
    assert not outcome.ok
    assert (outcome.cells_run, outcome.failed_cell) == (1, "cell-1")
    assert (outcome.ename, outcome.evalue) == ("ValueError", "no such thing")
    outputs = runner.saved()[1]["outputs"]
    assert [output["output_type"] for output in outputs] == ["stream", "error"]
    assert "".join(outputs[0]["text"]) == "before\n"
    assert runner.saved()[2]["execution_count"] is None


def test_every_cell_is_on_disk_before_the_next_one_runs(runner: Runner) -> None:
    look = "import json\ncells = json.load(open('executed.ipynb'))['cells']\nprint(cells[0]['outputs'][0]['text'])"
    assert runner.run("print('first')", look).ok
    assert "['first\\n']" in runner.heard


def test_lines_are_heard_as_they_are_printed_and_updates_only_once(runner: Runner) -> None:
    source = (
        "from IPython.display import display\n"
        "print('half', end='')\nprint(' line')\n"
        "h = display({'text/plain': 'one'}, raw=True, display_id=True)\n"
        "h.update({'text/plain': 'one\\ntwo'}, raw=True)\n"
        "h.update({'text/plain': 'one\\ntwo\\nthree'}, raw=True)\n"
    )
    assert runner.run("X = 1", source).ok
    assert runner.heard[2:] == ["half line", "one", "two", "three"]
    (_stream, display) = runner.saved()[1]["outputs"]
    assert display["data"]["text/plain"] == ["one\n", "two\n", "three"]


def test_parameters_override_through_a_cell_of_their_own(runner: Runner) -> None:
    outcome = runner.run("X = 1\nY = 'a'", "print(X, Y)", parameters={"X": [1.5, None], "Y": "it's {{ x }}\n"})
    assert outcome.ok
    assert "[1.5, None] it's {{ x }}" in runner.heard
    assert [cell["id"] for cell in runner.saved()] == ["cell-0", "injected-parameters", "cell-1"]
    assert runner.saved()[1]["metadata"]["tags"] == ["injected-parameters"]


def test_an_unknown_parameter_is_refused_before_anything_runs(runner: Runner) -> None:
    with pytest.raises(Refused, match="no parameter Z; it has X"):
        runner.run("X = 1", parameters={"Z": 1})
    assert not runner.target.exists()


def test_a_time_limit_ends_the_run(runner: Runner) -> None:
    outcome = runner.run("import time\ntime.sleep(600)", timeout=1)
    assert (outcome.failed_cell, outcome.ename) == ("cell-0", "CellTimeoutError")
    assert runner.saved()[0]["outputs"][-1]["ename"] == "CellTimeoutError"


def test_a_kernel_that_dies_ends_the_run(runner: Runner) -> None:
    outcome = runner.run("X = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert (outcome.failed_cell, outcome.ename) == ("cell-1", "DeadKernelError")


def test_an_interrupt_saves_and_is_passed_on_and_ends_the_kernel(runner: Runner) -> None:
    source = "import os\nprint(os.getpid(), flush=True)\nimport time\ntime.sleep(600)"
    timer = threading.Timer(0, lambda: None)

    def interrupt_soon(line: str) -> None:
        runner.heard.append(line)
        if line.isdigit():
            nonlocal timer
            timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT))
            timer.start()

    runner.hear = interrupt_soon  # type: ignore[method-assign]
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    try:
        with pytest.raises(KeyboardInterrupt):
            runner.run("X = 1", source)
    finally:
        signal.signal(signal.SIGINT, before)
    timer.join()
    assert runner.saved()[1]["outputs"][-1]["ename"] == "KeyboardInterrupt"
    pid = int(runner.heard[-1])
    deadline = time.monotonic() + 120
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not Path(f"/proc/{pid}").exists()


def test_a_notebook_with_a_lone_surrogate_is_saved(runner: Runner, tmp_path: Path) -> None:
    path = tmp_path / "surrogate.ipynb"
    cell = '{"cell_type": "markdown", "id": "m", "metadata": {}, "source": "caf\\u00e9 \\ud800"}'
    path.write_text(f'{{"cells": [{cell}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}', encoding="utf-8")
    named: Any = {"env": dict(os.environ), "cwd": tmp_path, "parameters": None}
    assert execute_notebook(path, runner.target, on_progress=runner.hear, **named).ok
    assert runner.saved()[0]["source"] == ["café \ud800"]


def test_without_nbclient_the_fix_is_an_installation(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def no_nbclient(name: str, *arguments: Any, **named: Any) -> Any:
        if name == "nbclient":
            raise ModuleNotFoundError("No module named 'nbclient'", name="nbclient")
        return import_(name, *arguments, **named)

    monkeypatch.setattr(builtins, "__import__", no_nbclient)
    with pytest.raises(MissingDependency, match="nbclient") as raised:
        runner.run("X = 1")
    assert "pip install" in raised.value.fix
