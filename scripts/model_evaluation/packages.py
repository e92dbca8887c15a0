"""The packages that commands need beyond the standard library, and the command that brings them to this Python."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from .errors import MissingDependency

# As in pyproject.toml; those of BASE and TABLES also stand at the head of scripts/evaluate.py.
BASE = (
    "boto3>=1.42",
    "jinja2>=3.1.6,<4",
    "jsonschema>=4.23,<5",
    "msgspec>=0.20",
    "nbformat>=5.10,<6",
    "numpy>=1.26",
    "scipy>=1.11",
)
TABLES = ("duckdb>=1.1", "openpyxl>=3.1,<4", "pyarrow>=15")
DEMO = (
    *TABLES,
    "ipykernel>=7,<8",
    "moto[server]>=5.2,<6",
    "nbclient>=0.11,<0.12",
    "sagemaker>=3.27,<4",
    "trustme>=1.2",
)
WIZARD = ("prompt_toolkit>=3.0.50,<4",)
MLFLOW = ("mlflow", "sagemaker-mlflow")

# The modules that these bring -> all that their command needs.
REQUIREMENTS = {
    **dict.fromkeys(("boto3", "botocore", "jinja2", "jsonschema", "msgspec", "nbformat", "numpy", "scipy"), BASE),
    **dict.fromkeys(("ipykernel", "jupyter_client", "moto", "nbclient", "sagemaker", "trustme", "werkzeug"), DEMO),
    **dict.fromkeys(("prompt_toolkit",), WIZARD),
    **dict.fromkeys(("duckdb", "openpyxl", "pyarrow"), TABLES),
    **dict.fromkeys(("mlflow", "sagemaker_mlflow"), MLFLOW),
}
ENVIRONMENT = os.path.join("~", ".venvs", "model-evaluation")


def without_grammars() -> None:
    """Where it is installed, jsonschema, and nbformat and the SageMaker SDK with it, would build 38 grammars of
    ``rfc3987_syntax`` while it is imported, which takes a second; no schema here names the formats they are for."""
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def missing_package(module: str | None) -> MissingDependency:
    """The failure that ``module`` (of :data:`REQUIREMENTS`, or one inside it) is not installed, with the fix."""
    package = (module or "").partition(".")[0]
    return MissingDependency(
        f"The Python package {package!r} is not installed for {sys.executable}.",
        fix=how_to_install(REQUIREMENTS.get(package, (package,))),
        details={"package": package},
    )


def missing_base_packages() -> list[str]:
    """Those of :data:`BASE` that this Python lacks."""
    names = [requirement.partition(">")[0] for requirement in BASE]
    return [name for name in names if importlib.util.find_spec(name) is None]


def how_to_install(requirements: Iterable[str]) -> str:
    """What the user does to have ``requirements``: a command for this Python where it may install packages for itself,
    else one with an environment of its own. Debian's and Homebrew's Python refuse pip, environments of uv lack it.
    """
    python, uv = sys.executable or python_command(), shutil.which("uv")
    if sys.prefix != sys.base_prefix or not externally_managed():
        if importlib.util.find_spec("pip") is not None:
            return command_line(python, "-m", "pip", "install", *requirements)
        if uv:
            return command_line("uv", "pip", "install", "--python", python, *requirements)
    further = [item for item in requirements if item not in BASE]
    entry = Path(__file__).resolve().parents[1] / "evaluate.py"
    if uv and entry.is_file():
        extra = [word for item in further for word in ("--with", item)]
        return f"Start the same command with uv, which brings the packages: {command_line('uv', 'run', *extra, entry)}"
    environment = os.path.expanduser(ENVIRONMENT)
    own = os.path.join(environment, *(("Scripts", "python.exe") if os.name == "nt" else ("bin", "python")))
    return (
        f"This Python takes no packages of its own. Make a virtual environment: {python_command()} -m venv "
        f"{command_line(environment)}, then: {command_line(own, '-m', 'pip', 'install', *BASE, *further)}. Start the "
        f"same command with {command_line(own)}."
    )


def python_command() -> str:
    """What starts Python 3 in a shell of this system."""
    return "py -3" if os.name == "nt" else "python3"


def externally_managed() -> bool:
    """Whether the system's package manager forbids pip to touch this Python (outside virtual environments)."""
    return os.path.exists(os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED"))


def command_line(*words: str | os.PathLike[str]) -> str:
    """``words`` quoted for this system's shell."""
    texts = [os.fspath(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)
