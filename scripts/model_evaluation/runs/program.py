"""Running the rendered program in a process of its own."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from model_evaluation.errors import Refused
from model_evaluation.notebook.execute import ExecutionOutcome
from model_evaluation.runtime.options import parsed_value, program_parameters

# Runs the program as `python PROGRAM OPTIONS` would, and leaves what it raised, and in which line, in a file.
RUNNER = """
import json, runpy, sys, traceback
sys.modules.setdefault("rfc3987_syntax", None)  # see packages.without_grammars
outcome, program, *options = sys.argv[1:]
sys.argv = [program, *options]
try:
    runpy.run_path(program, run_name="__main__")
except BaseException as error:
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == program]
    failure = {"ename": type(error).__name__, "evalue": str(error), "line": lines[0] if lines else 0}
    with open(outcome, "w", encoding="utf-8", errors="backslashreplace") as file:
        json.dump(failure, file)
    raise
"""


def execute_program(
    program: Path,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    parameters: Mapping[str, object],
    on_progress: Callable[[str], None],
) -> ExecutionOutcome:
    """Runs a rendered program with this interpreter, ``parameters`` as its options; each line that it prints goes into
    ``log`` and to ``on_progress``. An interrupt is passed on to it."""
    text = program.read_text(encoding="utf-8", errors="surrogateescape")
    names = program_parameters(text) or parameters
    unknown = sorted(set(parameters) - set(names))
    if unknown:
        raise Refused(
            f"The program has no parameter {', '.join(unknown)}; it has {', '.join(sorted(names))}.",
            fix="Use one of the parameters it has.",
        )
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="program-") as folder, log.open("w", encoding="utf-8") as copy:
        outcome = Path(folder, "outcome.json")
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", RUNNER, str(outcome), str(program), *program_options(parameters)],
            env={**env, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8:backslashreplace"},
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        assert process.stdout is not None
        try:
            for line in process.stdout:
                copy.write(line)
                copy.flush()
                on_progress(line.rstrip("\n"))
            process.wait()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT if os.name != "nt" else signal.SIGTERM)
            process.wait()
            raise
        finally:
            process.stdout.close()
        error = json.loads(outcome.read_text(encoding="utf-8")) if outcome.exists() else {}
    seconds = time.monotonic() - began
    if process.returncode == 0:
        return ExecutionOutcome(True, log, len(re.findall("(?m)^# %% (?!\\[)", text)), seconds)
    cells = re.findall("(?m)^# %% (\\S+)", "\n".join(text.splitlines()[: error.get("line", 0)]))
    ename, evalue = error.get("ename", "DeadKernelError"), error.get("evalue", f"exit code {process.returncode}")
    return ExecutionOutcome(False, log, max(0, len(cells) - 1), seconds, cells[-1] if cells else "", ename, evalue)


def program_options(parameters: Mapping[str, object]) -> list[str]:
    """The options of a rendered program that give it these parameters."""
    return [f"--{name.lower().replace('_', '-')}={_option(value)}" for name, value in parameters.items()]


def _option(value: object) -> str:
    """A value as the program's options read it back: text as it is, unless that would read as something else."""
    return value if isinstance(value, str) and parsed_value(value) == value else json.dumps(value)
