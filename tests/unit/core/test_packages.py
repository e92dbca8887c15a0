"""What is told when a package is missing: a command that works where pip alone is refused."""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

from model_evaluation import packages
from model_evaluation.packages import BASE, DEMO, TABLES, WIZARD, how_to_install, missing_package

ROOT = Path(__file__).parents[3]
SCRIPTS = ROOT / "scripts"


@pytest.fixture
def python(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A system's Python that may install packages for itself, with pip and without uv."""
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(sys, "executable", "/opt/python/bin/python3")
    monkeypatch.setattr(packages, "externally_managed", lambda: False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: name)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return monkeypatch


def test_a_python_that_may_install_packages_gets_a_pip_command_for_itself(python: pytest.MonkeyPatch) -> None:
    assert how_to_install(["mlflow>=3"]) == "/opt/python/bin/python3 -m pip install 'mlflow>=3'"


def test_an_externally_managed_python_gets_uv_where_it_is_there(python: pytest.MonkeyPatch) -> None:
    python.setattr(packages, "externally_managed", lambda: True)
    python.setattr(shutil, "which", lambda name: "/usr/bin/uv")
    entry = shlex.quote(str(SCRIPTS.resolve() / "evaluate.py"))
    assert how_to_install(BASE).endswith(f": uv run {entry}")  # its head names them
    assert how_to_install(["mlflow>=3"]).endswith(f": uv run --with 'mlflow>=3' {entry}")


def test_an_externally_managed_python_gets_a_virtual_environment_with_all_that_a_command_needs(
    python: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    python.setenv("HOME", str(tmp_path))
    python.setattr(packages, "externally_managed", lambda: True)
    fix = how_to_install(["mlflow"])
    own = f"{tmp_path}/.venvs/model-evaluation/bin/python"
    assert f"python3 -m venv {tmp_path}/.venvs/model-evaluation" in fix
    assert f"{own} -m pip install {shlex.join(BASE)} mlflow" in fix
    assert fix.endswith(f"with {own}.")


def test_an_environment_without_pip_is_filled_by_uv(python: pytest.MonkeyPatch) -> None:
    python.setattr(sys, "prefix", "/opt/environment")
    python.setattr(packages, "externally_managed", lambda: True)  # says nothing about environments made from it
    python.setattr(importlib.util, "find_spec", lambda name: None)
    python.setattr(shutil, "which", lambda name: "/usr/bin/uv")
    assert how_to_install(["mlflow"]) == "uv pip install --python /opt/python/bin/python3 mlflow"


def test_windows_is_told_its_own_launcher(python: pytest.MonkeyPatch) -> None:
    python.setattr(packages.os, "name", "nt")
    assert packages.python_command() == "py -3"
    assert packages.command_line("py", r"C:\my skills\evaluate.py", "numpy>=1") == (
        r'py "C:\my skills\evaluate.py" numpy>=1'
    )


@pytest.mark.skipif(
    not Path("/usr/bin/python3").exists() or not list(Path("/usr/lib").glob("python3*/EXTERNALLY-MANAGED")),
    reason="this system's Python is not externally managed",
)
def test_this_systems_python_is_not_told_to_use_its_pip(tmp_path: Path) -> None:
    program = "from model_evaluation.packages import how_to_install; print(how_to_install(['mlflow']))"
    fix = subprocess.run(
        ["/usr/bin/python3", "-c", program],
        env={"PATH": "/usr/bin", "HOME": str(tmp_path), "PYTHONPATH": str(SCRIPTS)},
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    assert "-m venv" in fix
    assert "/usr/bin/python3 -m pip" not in fix


def test_the_failure_names_package_interpreter_and_all_that_the_command_needs(python: pytest.MonkeyPatch) -> None:
    error = missing_package("moto.moto_server")
    assert error.details == {"package": "moto"}
    assert "/opt/python/bin/python3" in error.message
    assert all(shlex.quote(requirement) in error.fix for requirement in DEMO)


def test_requirements_are_those_of_the_project_and_of_uv() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    assert [*BASE] == project["dependencies"]
    assert ([*DEMO], [*TABLES], [*WIZARD]) == (extras["demo"], extras["tables"], extras["wizard"])
    head = (SCRIPTS / "evaluate.py").read_text(encoding="utf-8").split("# ///")[1]
    assert re.findall(r'"([a-z][^"]*)"', head) == [*BASE, *TABLES]


def test_the_marker_is_looked_for_where_pip_looks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path / name))
    assert not packages.externally_managed()
    (tmp_path / "stdlib").mkdir()
    (tmp_path / "stdlib" / "EXTERNALLY-MANAGED").touch()
    assert packages.externally_managed()


def text_files() -> list[Path]:
    names = ["README.md", "SKILL.md", "references", "scripts", "templates"]
    files = [path for name in names for path in [ROOT / name, *(ROOT / name).rglob("*")] if path.is_file()]
    return [path for path in files if path.suffix in {".py", ".md", ".j2", ".html", ".json"}]


def test_no_page_and_no_message_says_pip_without_an_interpreter() -> None:
    bare = re.compile(r"(?<!-m )(?<!uv )(?<!%)\bpip3? install\b")
    said = [path.name for path in text_files() if bare.search(path.read_text(encoding="utf-8"))]
    assert said == []


@pytest.mark.parametrize("page", ["README.md", "SKILL.md", "scripts/evaluate.py"])
def test_a_page_that_says_python3_says_what_windows_calls_it(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert "python3" in text
    assert "py -3" in text
