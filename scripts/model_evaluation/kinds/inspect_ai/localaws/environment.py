"""Where the inspect_ai package is installed. It pins an AWS library that the SageMaker SDK has in another
version, so it lives in an environment of its own, as it does in SageMaker's container."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from pathlib import Path

from model_evaluation.packages import command_line, python_command

REQUIREMENT = "inspect-ai>=0.3.220,<0.4"  # as in pyproject.toml
VARIABLE = "MODEL_EVALUATION_INSPECT_PYTHON"
"""Names the Python of an environment with inspect_ai, where it is not in the usual place."""
SECONDS = 60.0


def usual_place() -> Path:
    """An environment inside this one: it goes where this one goes."""
    return Path(sys.prefix) / "inspect-ai"


@functools.cache
def inspect_python() -> str | None:
    """The Python that has inspect_ai; ``None`` where none has."""
    parts = ("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")
    usual = usual_place().joinpath(*parts)
    for python in (os.environ.get(VARIABLE), str(usual) if usual.exists() else None, sys.executable):
        if python and _has_inspect(python):
            return python
    return None


def _has_inspect(python: str) -> bool:
    question = "import importlib.util as u, sys; sys.exit(u.find_spec('inspect_ai') is None)"
    try:
        done = subprocess.run([python, "-c", question], timeout=SECONDS, capture_output=True, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def how_to_get_it() -> str:
    """The commands that install it."""
    place = usual_place()
    pip = place.joinpath("Scripts" if os.name == "nt" else "bin", "python")
    return (
        f"{python_command()} -m venv {command_line(place)} && {command_line(pip, '-m', 'pip', 'install', REQUIREMENT)} "
        f"(about 250 MB; or name the Python of an environment that has it in {VARIABLE})"
    )
