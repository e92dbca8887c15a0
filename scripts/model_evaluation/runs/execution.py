"""Running what was rendered without Jupyter, and what the outcome means for the person who ran it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from model_evaluation.errors import AwsError, EvaluationError, Refused, UsageError
from model_evaluation.notebook.execute import ExecutionOutcome, execute_notebook
from model_evaluation.runtime.options import parsed_value
from model_evaluation.runtime.settings import Json

from .program import execute_program

# The notebook's own errors, by who must act; anything else is a bug (in the notebook or in the SDK).
_REFUSED = {"SettingsError", "CheckError", "RunInProgressError", "FileChangedError", "NoVersionError"}
_AWS = {"LaunchError", "EvaluationRunError", "WaitError", "ResultsError"}


def run_rendered(
    source: str,
    target: str,
    *,
    env: Mapping[str, str],
    cwd: str,
    parameters: Mapping[str, object] | None = None,
    on_line: Callable[[], None] = lambda: None,
) -> ExecutionOutcome:
    """Executes a notebook into ``target``, or runs a program whose output goes there; progress on stderr. Raises our
    errors when a cell failed.

    ``on_line`` is called with every line of progress.
    """

    def tell(line: str) -> None:
        on_line()
        print(f"  {line}", file=sys.stderr, flush=True)  # noqa: T201

    if source.endswith(".py"):
        outcome = execute_program(Path(source), Path(target), env, Path(cwd), parameters or {}, tell)
    else:
        outcome = execute_notebook(
            Path(source), Path(target), env=env, cwd=Path(cwd), parameters=parameters, on_progress=tell
        )
    if not outcome.ok:
        raise _failure(outcome)
    return outcome


def _failure(outcome: ExecutionOutcome) -> EvaluationError:
    message, _, fix = outcome.evalue.partition("\n\nWhat to do: ")
    text = f"Cell {outcome.failed_cell!r} failed: {message}"
    fix = fix or f"See the cell's output in {outcome.notebook}."
    details = {"notebook": str(outcome.notebook), "cell": outcome.failed_cell, "error": outcome.ename}
    if outcome.ename in _REFUSED:
        code = "run_in_progress" if outcome.ename == "RunInProgressError" else "run_refused"
        return Refused(text, fix=fix, code=code, details=details)
    if outcome.ename in _AWS:
        return AwsError(text, fix=fix, code="run_failed", details=details)
    if outcome.ename == "DeadKernelError":
        return EvaluationError(
            f"The kernel died in cell {outcome.failed_cell!r}; most often the machine ran out of memory.",
            fix="Run again: an evaluation that was started goes on in AWS and is attached to.",
            code="kernel_died",
            details=details,
        )
    return EvaluationError(f"{text} ({outcome.ename})", fix=fix, code="run_broken", details=details)


def parse_parameters(pairs: list[list[str]] | None, raw: list[list[str]] | None = None) -> Json:
    """``-p NAME VALUE`` as papermill takes them (True, False, None, numbers, else text), and JSON besides;
    ``-r NAME VALUE`` is always text."""
    values: Json = {}
    for name, text in pairs or []:
        values[_known_name(name)] = parsed_value(text)
    for name, text in raw or []:
        values[_known_name(name)] = text
    return values


def _known_name(name: str) -> str:
    if not name.isidentifier():
        raise UsageError(f"{name!r} is not a parameter's name.", fix="For example: -p POLL_SECONDS 10")
    return name


def executed_path(source: str) -> str:
    """Where the executed copy of a notebook, or the output of a program, goes: beside it."""
    stem, extension = os.path.splitext(source)
    return f"{stem}_executed{'.log' if extension == '.py' else extension}"
