"""The library that a notebook carries: complete, the same bytes each time, and used only where nothing better is."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import jinja2
import pytest

from model_evaluation import __version__
from model_evaluation.notebook.library import Library, notebook_library
from model_evaluation.notebook.values import python_literal
from model_evaluation.resources import resource

PACKAGES = ("model_evaluation.runtime", "model_evaluation.kinds.llm_as_judge.runtime")


@pytest.fixture(scope="module")
def library() -> Library:
    return notebook_library(PACKAGES)


@pytest.fixture(scope="module")
def cell(library: Library) -> str:
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    environment.filters["python"] = python_literal
    template = resource("templates/shared/library.py.j2").read_text(encoding="utf-8")
    return environment.from_string(template).render(library=library)


def run_cell(cell: str, then: str, *path: Path) -> str:
    """What ``then`` prints after the cell, in a Python that knows no packages but those of ``path``."""
    code = f"import sys\nsys.path[:0] = {[str(folder) for folder in path]!r}\n{cell}\n{then}\n"
    done = subprocess.run([sys.executable, "-S", "-"], input=code, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[-1]


def test_the_archive_is_the_same_each_time(library: Library) -> None:
    notebook_library.cache_clear()
    assert notebook_library(PACKAGES).sha256 == library.sha256


def test_the_archive_holds_every_module_of_its_packages_and_no_other(library: Library) -> None:
    names = set(zipfile.ZipFile(BytesIO(library.content)).namelist())
    root = resource("scripts/model_evaluation")
    folders = [root.parent.joinpath(*package.split(".")) for package in PACKAGES]
    wanted = {str(path.relative_to(root.parent)) for folder in folders for path in folder.rglob("*.py")}
    around = {"model_evaluation/__init__.py", "model_evaluation/kinds/__init__.py"}
    assert {name for name in names if name.endswith(".py")} == wanted | around | {
        "model_evaluation/kinds/llm_as_judge/__init__.py"
    }


def test_without_an_installed_copy_it_is_unpacked_and_its_files_can_be_read(cell: str) -> None:
    file = run_cell(cell, "import model_evaluation.runtime.shard_names as m\nprint(m.__file__)")
    assert Path(file).name == "shard_names.py"
    assert "scripts" not in file


def test_an_installed_copy_of_the_same_version_is_used(cell: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        folder = tmp_path
        for name in package.split("."):
            folder = folder / name
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
    (tmp_path / "model_evaluation" / "__init__.py").write_text(f"__version__ = {__version__!r}\n")
    assert run_cell(cell, "import model_evaluation\nprint(model_evaluation.__file__)", tmp_path).startswith(
        str(tmp_path)
    )


def test_another_version_that_is_installed_and_imported_does_no_harm(cell: str, tmp_path: Path) -> None:
    (tmp_path / "model_evaluation").mkdir()
    (tmp_path / "model_evaluation" / "__init__.py").write_text("__version__ = '0.0.1'\n")
    (tmp_path / "model_evaluation" / "runtime.py").write_text("raise ImportError('old')\n")
    version = run_cell(
        f"import model_evaluation\n{cell}", "import model_evaluation as m\nprint(m.__version__)", tmp_path
    )
    assert version == __version__


def test_a_damaged_archive_is_refused(cell: str) -> None:
    damaged = cell.replace('ARCHIVE = "UEsDB', 'ARCHIVE = "UEsDC')
    assert damaged != cell
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run_cell(damaged, "")
    assert "damaged. Render the notebook again" in failure.value.stderr
