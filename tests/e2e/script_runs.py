"""The notebook's cells as a script, in fresh processes that have the SDK imported already.

A kernel spends most of a short run importing. Here one process imports everything and is forked for each run, so
that a run costs what the cells cost.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat

from e2e.notebook_runs import DATASET, PARAMETERS, Exports
from kernel_environment import kernel_python
from model_evaluation.kinds.kind import Kind
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.rehearsal import account_of, seed_rehearsal
from model_evaluation.notebook.execute import execute_notebook, inject_parameters
from model_evaluation.notebook.render import notebook_content, render_notebook
from model_evaluation.notebook.script import notebook_script

SEEDED = ("DATASET", "MODEL_PACKAGE_ARN", "REFERENCE_MODEL_ARN", "S3_OUTPUT")
RUN_LIMIT = 90  # seconds
PRELOADED = """
import json, os, runpy, sys, traceback, warnings
warnings.filterwarnings("ignore")
import boto3, io, matplotlib.figure, numpy, pandas, pyarrow.parquet, scipy.stats
import sagemaker.core.helper.session_helper, sagemaker.train.evaluate
matplotlib.figure.Figure().savefig(io.BytesIO())  # reads the fonts

def play(script, folder):
    os.chdir(folder)
    outcome = {"ok": True}
    with open("printed.txt", "w", encoding="utf-8", buffering=1) as sys.stdout:
        sys.stderr = sys.stdout
        try:
            runpy.run_path(script, run_name="__main__")
        except BaseException as error:
            traceback.print_exc()
            outcome = {"ok": False, "ename": type(error).__name__, "evalue": str(error)}
    with open("outcome.json", "w", encoding="utf-8") as file:
        json.dump(outcome, file)

print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            play(*json.loads(line))
        finally:
            os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@dataclass(frozen=True)
class ScriptOutcome:
    """How a run ended. ``killed`` by SIGKILL, or by itself; then ``ename`` and ``evalue`` are what it raised."""

    ok: bool
    printed: str
    ename: str = ""
    evalue: str = ""
    killed: bool = False


class Interpreter:
    """The process that is forked for each run. Use as a context manager."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            [kernel_python(), "-c", PRELOADED],
            env=dict(env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.pid = 0

    def __enter__(self) -> Interpreter:
        assert self._read() == "ready"
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def run(self, script: Path, folder: Path) -> ScriptOutcome:
        """Runs ``script`` with ``folder`` as its working folder; meanwhile :attr:`pid` is its process."""
        (folder / "outcome.json").unlink(missing_ok=True)
        assert self._process.stdin is not None
        print(json.dumps([str(script), str(folder)]), file=self._process.stdin, flush=True)
        self.pid = int(self._read())
        try:
            status = int(self._read())
        finally:
            self.pid = 0
        printed = (folder / "printed.txt").read_text(encoding="utf-8") if (folder / "printed.txt").exists() else ""
        if os.WIFSIGNALED(status):
            return ScriptOutcome(False, printed, killed=True)
        return ScriptOutcome(printed=printed, **json.loads((folder / "outcome.json").read_text(encoding="utf-8")))

    def kill(self) -> None:
        """Kills the present run without any warning; nothing happens when it has ended."""
        pid = self.pid  # read once: 0 would mean this very process and its family
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Workshop:
    """One account and one interpreter for many runs; each run has a folder, and a label that no other run has."""

    def __init__(self, aws: LocalAws, interpreter: Interpreter, kind: Kind, parameters: Mapping[str, Any]) -> None:
        self.aws = aws
        self.interpreter = interpreter
        self.kind, self.parameters = kind, parameters
        self.notebook = nbformat.from_dict(notebook_content(kind, parameters))  # type: ignore[no-untyped-call]

    def bench(self, folder: Path, *, scenario: Scenario | None = None, **changes: Any) -> Bench:
        """A folder to run the script in, in an account that plays ``scenario`` from now on."""
        self.aws.scenario = scenario or Scenario()
        return Bench(self, folder, dict(self.parameters) | {"RUN_LABEL": f"run-{os.urandom(4).hex()}"} | changes)


class Bench(Exports):
    """The script of one configuration, to be run again and again in one folder."""

    def __init__(self, workshop: Workshop, folder: Path, parameters: Mapping[str, Any]) -> None:
        self.aws, self.interpreter = workshop.aws, workshop.interpreter
        self._notebook = workshop.notebook
        self.folder = folder
        self.parameters = dict(parameters)
        self._script = folder / "evaluation.py"
        if any(parameters.get(name) != workshop.parameters.get(name) for name in SEEDED):
            _seed(self.aws, workshop.kind, parameters)
        self._calls_before = len(self.aws.calls)

    def run(self, **overrides: Any) -> ScriptOutcome:
        notebook = deepcopy(self._notebook)
        inject_parameters(notebook, self.parameters | overrides)
        self._script.write_text(notebook_script(notebook), encoding="utf-8")
        return self.interpreter.run(self._script, self.folder)

    def calls_of(self, operation: str) -> int:
        """How many calls of an operation there were since this bench was set up."""
        return sum(call.operation == operation for call in self.aws.calls[self._calls_before :])

    @property
    def executions(self) -> list[str]:
        """Statuses of the executions that AWS really has under this bench's label."""
        found = [execution.record for execution in self.aws.cloud.timeline.executions.values()]
        label = self.parameters["RUN_LABEL"]
        mine = [record for record in found if record["PipelineExecutionDisplayName"].startswith(f"{label}-")]
        return [record["PipelineExecutionStatus"] for record in mine]

    @property
    def launches(self) -> Path:
        return self.folder / "results" / "launches"


class ExecutedNotebook(Exports):
    """A folder in which a kernel ran a notebook; ``text`` is the last executed copy's."""

    def __init__(self, folder: Path, text: str) -> None:
        self.folder, self.text = folder, text


def run_notebook_twice(opened: Workshop, folder: Path, *, runs: int = 1, limit: float = RUN_LIMIT) -> ExecutedNotebook:
    """Runs the workshop's notebook in a kernel, which starts ``runs``, and then once more, which must start nothing
    new."""
    notebook = folder / "evaluation.ipynb"
    notebook.write_bytes(render_notebook(opened.kind, opened.parameters))
    starts = len(opened.aws.calls.of("StartPipelineExecution"))
    for number in range(2):
        outcome = execute_notebook(
            notebook,
            folder / f"executed-{number}.ipynb",
            env=opened.aws.child_environment(),
            cwd=folder,
            parameters=None,
            on_progress=lambda line: None,
            timeout=limit,
            python=kernel_python(),
        )
        assert outcome.ok, outcome
    assert len(opened.aws.calls.of("StartPipelineExecution")) == starts + runs
    assert opened.aws.refused == []
    return ExecutedNotebook(folder, (folder / "executed-1.ipynb").read_text(encoding="utf-8"))


@contextlib.contextmanager
def workshop(
    *, step_seconds: float = 0.2, kind: Kind = KIND, parameters: Mapping[str, Any] = PARAMETERS
) -> Iterator[Workshop]:
    """An account with what the usual parameters name, and an interpreter that talks to it."""
    with LocalAws(step_seconds=step_seconds, account=account_of(dict(parameters))) as aws:
        _seed(aws, kind, parameters)
        with Interpreter(aws.child_environment()) as interpreter:
            yield Workshop(aws, interpreter, kind, parameters)


def _seed(aws: LocalAws, kind: Kind, parameters: Mapping[str, Any]) -> None:
    player, dataset = kind.player(), parameters.get("DATASET")
    assert player is not None
    seed_rehearsal(aws, player, dict(parameters), {dataset: DATASET} if dataset else {})
