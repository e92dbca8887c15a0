"""The notebook's cells as a script, in fresh processes that have the SDK imported already.

A kernel spends most of a short run importing. Here one process imports everything and is forked for each run, so
that a run costs what the cells cost.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

from e2e.notebook_runs import DATASET, PARAMETERS, Exports
from kernel_environment import kernel_python
from model_evaluation.files import write_atomically
from model_evaluation.kinds.kind import Kind
from model_evaluation.kinds.llm_as_judge.kind import KIND
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.rehearsal import account_of, seed_rehearsal
from model_evaluation.notebook.execute import ExecutionOutcome, inject_parameters
from model_evaluation.notebook.render import notebook_content, notebook_script
from model_evaluation.runs.program import program_options

SEEDED = ("DATASET", "MODEL_PACKAGE_ARN", "REFERENCE_MODEL_ARN", "S3_OUTPUT")
CELL = re.compile(r"(?m)^# %% (?!\[markdown\])(\S+)")
# Of the environment of the test that happens to be the first one.
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "XDG_CACHE_HOME", "PYTHONDONTWRITEBYTECODE")
NOWHERE = "http://127.0.0.1:9"
SDK_3 = """
import sagemaker.core.helper.session_helper, sagemaker.train.evaluate
from sagemaker.ai_registry.air_hub import AIRHub

def renew(region):
    AIRHub._sagemaker_client, AIRHub._s3_client = boto3.client("sagemaker", region), boto3.client("s3", region)
"""
SDK_2 = """
import contextlib
with contextlib.redirect_stdout(sys.stderr):  # for good: its loggers keep the stream
    import sagemaker.inputs, sagemaker.pytorch

def renew(region):
    pass
"""
IMPORTS = """
import functools, gc, json, os, runpy, signal, sys, traceback, warnings
warnings.filterwarnings("ignore")
sys.modules["rfc3987_syntax"] = None  # see packages.without_grammars
import botocore.loaders, botocore.session
botocore.loaders.create_loader = botocore.session.create_loader = functools.cache(botocore.loaders.create_loader)
import boto3, io, jinja2, matplotlib.figure, numpy, pandas, pyarrow.csv, pyarrow.parquet, scipy.stats, sklearn.metrics
matplotlib.figure.Figure().savefig(io.BytesIO())  # reads the fonts
matplotlib.figure.Figure().savefig(io.StringIO(), format="svg")
for service in ("sts", "iam", "bedrock", "logs", "service-quotas", "sagemaker-runtime"):
    boto3.client(service)  # reads the service's model
"""
PRELOADED = """
def play(script, folder, env, options):
    os.environ.clear()
    os.environ.update(env)
    if deadly := os.environ.pop("KILLED_AT_FILE", None):
        sys.addaudithook(lambda event, about: event == "open" and str(about[0]).endswith(deadly)
                         and os.kill(os.getpid(), signal.SIGKILL))
    boto3.DEFAULT_SESSION = None
    renew(os.environ.get("AWS_REGION", "us-west-2"))  # some runs need no AWS
    os.chdir(folder)
    sys.argv = [script, *options]
    outcome = {"ok": True}
    with open("printed.txt", "w", encoding="utf-8", errors="backslashreplace", buffering=1) as sys.stdout:
        sys.stderr = sys.stdout
        try:
            runpy.run_path(script, run_name="__main__")
        except BaseException as error:
            traceback.print_exc()
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == script]
            outcome = {"ok": False, "ename": type(error).__name__, "evalue": str(error), "line": lines[0]}
    with open("outcome.json", "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(outcome, file)

gc.collect()
gc.freeze()
print("ready", flush=True)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        try:
            play(**json.loads(line))
        finally:
            os._exit(0)
    print(child, flush=True)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@dataclass(frozen=True)
class ScriptOutcome:
    """How a run ended. ``killed`` by SIGKILL, or by itself; then ``ename`` and ``evalue`` are what it raised, in
    ``line`` of the script."""

    ok: bool
    printed: str
    ename: str = ""
    evalue: str = ""
    line: int = 0
    killed: bool = False


class Interpreter:
    """The process that is forked for each run; it ends with the process that started it. ``sdk`` imports that of
    ``python``."""

    def __init__(self, python: str | Path, sdk: str) -> None:
        env = {name: os.environ[name] for name in KEPT if name in os.environ}
        env |= {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": "us-west-2", "HTTPS_PROXY": NOWHERE}
        self._process = subprocess.Popen(
            [python, "-c", IMPORTS + sdk + PRELOADED],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        self.pid = 0
        self._pid_known = threading.Event()
        assert self._read() == "ready"

    def run(self, script: Path, folder: Path, env: Mapping[str, str], options: Sequence[str] = ()) -> ScriptOutcome:
        """Runs ``script`` with ``folder`` as its working folder and ``env`` as its whole environment; meanwhile
        :attr:`pid` is its process."""
        (folder / "outcome.json").unlink(missing_ok=True)
        assert self._process.stdin is not None
        asked = {"script": str(script), "folder": str(folder), "env": dict(env), "options": list(options)}
        self._pid_known.clear()
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        self.pid = int(self._read())
        self._pid_known.set()
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
        self._pid_known.wait()
        pid = self.pid  # read once: 0 would mean this very process and its family
        if pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@functools.cache
def interpreter() -> Interpreter:
    """The one of this process."""
    return Interpreter(kernel_python(), SDK_3)


def execute_cells(
    source: Path,
    target: Path,
    *,
    env: Mapping[str, str],
    cwd: Path,
    parameters: Mapping[str, object] | None,
    on_progress: Callable[[str], None],
    timeout: float | None = None,
) -> ExecutionOutcome:
    """What ``execute_notebook`` does, without a kernel: what the cells print is told at the end, and ``target`` has no
    outputs."""
    notebook = nbformat.read(source, as_version=4)  # type: ignore[no-untyped-call]
    if parameters:
        inject_parameters(notebook, parameters)
    nbformat.write(notebook, target)  # type: ignore[no-untyped-call]
    text = notebook_script(notebook)
    script = cwd / ".cells.py"
    write_atomically(script, text.encode())
    return _told(interpreter().run(script, cwd, env), text, target, on_progress)


def _told(outcome: ScriptOutcome, text: str, target: Path, on_progress: Callable[[str], None]) -> ExecutionOutcome:
    """What the run of the program ``text`` came to, after what it printed."""
    for line in outcome.printed.splitlines():
        on_progress(line)
    cells = CELL.findall(text if outcome.ok else "\n".join(text.splitlines()[: outcome.line]))
    if outcome.ok:
        return ExecutionOutcome(True, target, len(cells), 0)
    return ExecutionOutcome(False, target, len(cells) - 1, 0, cells[-1], outcome.ename, outcome.evalue)


def execute_options(
    program: Path,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    parameters: Mapping[str, object],
    on_progress: Callable[[str], None],
) -> ExecutionOutcome:
    """What ``execute_program`` does, but told at the end."""
    outcome = interpreter().run(program, cwd, env, program_options(parameters))
    log.write_text(outcome.printed, encoding="utf-8")
    return _told(outcome, program.read_text(encoding="utf-8"), log, on_progress)


@contextlib.contextmanager
def without_kernels() -> Iterator[None]:
    """Within, the command ``run`` runs what was rendered in fresh processes of the interpreter."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("model_evaluation.runs.execution.execute_notebook", execute_cells)
        patch.setattr("model_evaluation.runs.execution.execute_program", execute_options)
        yield


class Workshop:
    """One account and one interpreter for many runs; each run has a folder, and a label that no other run has."""

    def __init__(self, aws: LocalAws, kind: Kind, parameters: Mapping[str, Any]) -> None:
        self.aws = aws
        self.kind, self.parameters = kind, parameters
        self.notebook = nbformat.from_dict(notebook_content(kind, parameters))  # type: ignore[no-untyped-call]

    def bench(self, folder: Path, *, scenario: Scenario | None = None, **changes: Any) -> Bench:
        """A folder to run the script in, in an account that plays ``scenario`` from now on."""
        self.aws.scenario = scenario or Scenario()
        return Bench(self, folder, dict(self.parameters) | {"RUN_LABEL": f"run-{os.urandom(4).hex()}"} | changes)


class Bench(Exports):
    """The script of one configuration, to be run again and again in one folder."""

    def __init__(self, workshop: Workshop, folder: Path, parameters: Mapping[str, Any]) -> None:
        self.aws = workshop.aws
        self._notebook = workshop.notebook
        self.folder = folder
        self.parameters = dict(parameters)
        self._script = folder / "evaluation.py"
        if any(parameters.get(name) != workshop.parameters.get(name) for name in SEEDED):
            _seed(self.aws, workshop.kind, parameters)
        self._calls_before = len(self.aws.calls)
        self.deadly_file = ""
        """The process is killed when it opens a file whose path ends so."""

    def run(self, **overrides: Any) -> ScriptOutcome:
        notebook = deepcopy(self._notebook)
        inject_parameters(notebook, self.parameters | overrides)
        self._script.write_text(notebook_script(notebook), encoding="utf-8")
        env = self.aws.child_environment()
        if self.deadly_file:
            env["KILLED_AT_FILE"] = self.deadly_file
        return interpreter().run(self._script, self.folder, env)

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


def run_twice(bench: Bench, *, runs: int = 1) -> str:
    """Runs the script, which starts ``runs``, and once more, which must start nothing; what it then printed."""
    for _ in range(2):
        outcome = bench.run()
        assert outcome.ok, outcome
        assert bench.calls_of("StartPipelineExecution") == runs
    assert bench.aws.refused == []
    return outcome.printed


@contextlib.contextmanager
def workshop(
    *, step_seconds: float = 0.05, kind: Kind = KIND, parameters: Mapping[str, Any] = PARAMETERS
) -> Iterator[Workshop]:
    """An account with what the usual parameters name, and an interpreter that talks to it."""
    with LocalAws(step_seconds=step_seconds, account=account_of(dict(parameters))) as aws:
        _seed(aws, kind, parameters)
        yield Workshop(aws, kind, parameters)


def _seed(aws: LocalAws, kind: Kind, parameters: Mapping[str, Any]) -> None:
    player, dataset = kind.player(), parameters.get("DATASET")
    assert player is not None
    seed_rehearsal(aws, player, dict(parameters), {dataset: DATASET} if dataset else {})
