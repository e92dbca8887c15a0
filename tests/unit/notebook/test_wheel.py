"""The library that a notebook carries: complete, the same bytes each time, and used only where nothing better is."""

from __future__ import annotations

import os
import re
import subprocess
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

import model_evaluation
from kernel_environment import kernel_python
from model_evaluation import __version__
from model_evaluation.kinds.registry import REGISTRY, load_kind
from model_evaluation.notebook.render import library_of
from model_evaluation.notebook.wheel import Library, notebook_library
from unit.notebook.building import KIND, build_notebook

PACKAGES = ("model_evaluation.runtime", "model_evaluation.kinds.llm_as_judge.runtime")
PACKAGE = Path(model_evaluation.__file__).parent


@pytest.fixture(params=["embed", "beside"])
def place(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def library(place: str) -> Library:
    return library_of(KIND, program=place == "beside")


@pytest.fixture
def cell(place: str, library: Library, tmp_path: Path, parameters: dict[str, Any]) -> str:
    """The library cell; in ``tmp_path`` lies what has to lie beside the notebook."""
    if place == "beside":
        (tmp_path / library.wheel_name).write_bytes(library.wheel)
    return source_of(parameters, place)


def source_of(parameters: dict[str, Any], library: str) -> str:
    (source,) = (cell.source for cell in build_notebook(parameters, library).cells if cell.id == "library")
    return str(source)


def run_cell(cell: str, then: str, folder: Path, *path: Path) -> str:
    """What the last line of ``then`` prints in a kernel's interpreter, which knows no package of ours but what lies in
    ``path``; ``folder`` is the notebook's."""
    code = f"import sys\nsys.path[:0] = {[*map(str, path)]!r}\n{cell}\n{then}\n"
    env = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache")}
    done = subprocess.run(
        [kernel_python(), "-"], input=code, capture_output=True, text=True, check=True, cwd=folder, env=env
    )
    return done.stdout.splitlines()[-1]


def test_the_wheel_is_the_same_each_time() -> None:
    first = library_of(KIND).sha256
    notebook_library.cache_clear()
    assert library_of(KIND).sha256 == first


def test_the_wheel_holds_the_kinds_own_modules_and_what_they_and_the_cells_import(library: Library, place: str) -> None:
    names = {name for name in zipfile.ZipFile(BytesIO(library.wheel)).namelist() if ".dist-info/" not in name}
    own = PACKAGE / "kinds" / "llm_as_judge" / "runtime"
    assert {path.relative_to(PACKAGE.parent).as_posix() for path in own.iterdir() if path.is_file()} <= names
    others = {name for name in names if "/runtime/" not in name}
    assert others == {f"model_evaluation/{folder}__init__.py" for folder in ("", "kinds/", "kinds/llm_as_judge/")}
    assert "model_evaluation/runtime/report/templates/page.html.j2" in names
    assert ("model_evaluation/runtime/options.py" in names) == (place == "beside"), "what a program alone needs"
    assert not [name for name in names if "/tasks/" in name or name.endswith("/preferences.py")], "other kinds' alone"


# What takes long is imported once, for all kinds; each kind's modules in a process of their own.
IMPORT_ALL = """
import importlib, os, sys
import matplotlib.figure, pandas, scipy.stats
for folder, modules in {places}:
    if os.fork() == 0:
        sys.path.insert(0, folder)
        for name in modules:
            assert importlib.import_module(name).__file__.startswith(folder), name
        os._exit(0)
    if os.wait()[1]:
        sys.exit(folder)
"""


def test_every_module_of_a_wheel_can_be_imported_where_the_project_is_not(tmp_path: Path) -> None:
    places = []
    for kind_id in REGISTRY:
        folder = tmp_path / kind_id
        zipfile.ZipFile(BytesIO(library_of(load_kind(kind_id)).wheel)).extractall(folder)
        names = [path.relative_to(folder).with_suffix("") for path in sorted(folder.rglob("*.py"))]
        places.append((str(folder), [".".join(name.parts).removesuffix(".__init__") for name in names]))
    code = IMPORT_ALL.format(places=places)
    done = subprocess.run([kernel_python(), "-"], input=code, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_pip_takes_it_for_a_wheel(library: Library, tmp_path: Path) -> None:
    (tmp_path / library.wheel_name).write_bytes(library.wheel)
    pip = [kernel_python(), "-m", "pip", "--disable-pip-version-check", "install", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--target", "x", library.wheel_name], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "x" / "model_evaluation" / "runtime" / "settings.py").is_file()
    (metadata,) = (tmp_path / "x").glob("*.dist-info")
    assert metadata.name == f"model_evaluation_notebook-{__version__}.dist-info"


SHOW_FILE = "import model_evaluation.runtime.s3_uri as m\nprint(m.__file__, len(open(m.__file__).read()))"


def test_without_an_installed_copy_it_is_unpacked_once_for_every_kernel(
    cell: str, library: Library, tmp_path: Path
) -> None:
    file, size = run_cell(cell, SHOW_FILE, tmp_path).split()
    folder = tmp_path / "cache" / "model-evaluation"
    assert Path(file) == folder / f"library-{library.sha256[:16]}" / "model_evaluation" / "runtime" / "s3_uri.py"
    assert int(size) > 0
    written = Path(file).stat().st_mtime_ns
    assert run_cell(cell, SHOW_FILE, tmp_path).split()[0] == file
    assert Path(file).stat().st_mtime_ns == written
    assert len(list(folder.iterdir())) == 1, "nothing is left of the unpacking"


def test_where_home_cannot_be_written_it_goes_into_a_temporary_folder(
    cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    file, size = run_cell(cell, SHOW_FILE, tmp_path).split()
    assert int(size) > 0
    assert Path(file).is_relative_to(tmp_path / "temporary")


def test_a_traceback_shows_the_librarys_files_and_lines(cell: str, tmp_path: Path) -> None:
    then = (
        "import traceback, model_evaluation.runtime.s3_uri as m\n"
        "try:\n    m.shard_names(5)\nexcept TypeError:\n    print(repr(traceback.format_exc()))"
    )
    shown = run_cell(cell, then, tmp_path)
    assert re.search(r"model-evaluation/library-\w+/model_evaluation/runtime/s3_uri\.py", shown)
    assert "_ALL_SHARDS.fullmatch(name)" in shown


def test_an_installed_copy_of_the_same_version_is_used(cell: str, tmp_path: Path) -> None:
    for package in PACKAGES:
        folder = tmp_path
        for name in package.split("."):
            folder = folder / name
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
    (tmp_path / "model_evaluation" / "__init__.py").write_text(f"__version__ = {__version__!r}\n")
    used = run_cell(cell, "import model_evaluation\nprint(model_evaluation.__file__)", tmp_path, tmp_path)
    assert used.startswith(str(tmp_path))


def test_another_version_that_is_installed_and_imported_does_no_harm(cell: str, tmp_path: Path) -> None:
    other = tmp_path / "site-packages" / "model_evaluation"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("__version__ = '0.0.1'\n")
    (other / "runtime.py").write_text("raise ImportError('old')\n")
    then = "import model_evaluation as m, model_evaluation.runtime.settings\nprint(m.__version__)"
    assert run_cell(f"import model_evaluation\n{cell}", then, tmp_path, other.parent) == __version__
    assert (other / "__init__.py").read_text() == "__version__ = '0.0.1'\n"


def test_a_damaged_archive_is_refused(parameters: dict[str, Any], tmp_path: Path) -> None:
    cell = source_of(parameters, "embed")
    damaged = cell.replace('WHEEL = "UEsDB', 'WHEEL = "UEsDC')
    assert damaged != cell
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run_cell(damaged, "", tmp_path)
    assert "damaged, or another one. Render the notebook again" in failure.value.stderr


def test_a_wheel_that_was_left_behind_is_asked_for(
    parameters: dict[str, Any], library: Library, tmp_path: Path
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run_cell(source_of(parameters, "beside"), "", tmp_path)
    assert f"{library.wheel_name} must lie beside the notebook" in failure.value.stderr


def test_a_wheel_of_another_rendering_is_refused(parameters: dict[str, Any], library: Library, tmp_path: Path) -> None:
    (tmp_path / library.wheel_name).write_bytes(library.wheel + b" ")
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run_cell(source_of(parameters, "beside"), "", tmp_path)
    assert "The library of this notebook is damaged, or another one" in failure.value.stderr
