"""Running the rendered notebook without Jupyter, and what its outcome means for the person who ran it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import AwsError, EvaluationError, Refused, UsageError
from .notebook.execute import ExecutionOutcome, execute_notebook

# The notebook's own errors, by who must act; anything else is a bug (in the notebook or in the SDK).
_REFUSED = {"SettingsError", "CheckError"}
_AWS = {"LaunchError", "EvaluationRunError", "WaitError", "ResultsError"}


def run_notebook(
    source: str, target: str, *, env: Mapping[str, str], cwd: str, parameters: Mapping[str, Any] | None = None
) -> ExecutionOutcome:
    """Execute ``source`` into ``target`` with progress on stderr. Raises our errors when a cell failed."""
    outcome = execute_notebook(
        Path(source),
        Path(target),
        env=env,
        cwd=Path(cwd),
        parameters=parameters,
        on_progress=lambda line: print(f"  {line}", file=sys.stderr, flush=True),  # noqa: T201
        timeout=None,
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
        return Refused(text, fix=fix, code="run_refused", details=details)
    if outcome.ename in _AWS:
        return AwsError(text, fix=fix, code="run_failed", details=details)
    return EvaluationError(f"{text} ({outcome.ename})", fix=fix, code="run_broken", details=details)


def parse_parameters(pairs: list[list[str]] | None) -> dict[str, Any]:
    """``-p NAME VALUE`` as papermill takes them: VALUE is JSON where it can be, else text."""
    values: dict[str, Any] = {}
    for name, text in pairs or []:
        if not name.isidentifier():
            raise UsageError(f"{name!r} is no parameter's name.", fix="For example: -p POLL_SECONDS 10")
        try:
            values[name] = json.loads(text)
        except ValueError:
            values[name] = text
    return values


def executed_path(notebook: str) -> str:
    """Where the executed copy of a notebook goes: beside it."""
    stem, extension = os.path.splitext(notebook)
    return f"{stem}_executed{extension}"
