"""The library that a notebook carries: a few packages of ours in one archive, and the cell that unpacks it."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import zipfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from model_evaluation import __version__

ROOT = "model_evaluation"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time an archive can hold: the same files give the same bytes
DATA = frozenset({".py", ".html", ".css", ".js", ".j2", ".json"})


class Library(NamedTuple):
    """An archive of Python packages. ``packages`` are the dotted names that must be importable from it."""

    version: str
    packages: tuple[str, ...]
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    @property
    def text(self) -> str:
        return base64.b64encode(self.content).decode("ascii")


@cache
def notebook_library(packages: tuple[str, ...]) -> Library:
    """The archive of ``packages``, each with all that lies in it; of the packages around them only ``__init__``."""
    files: dict[str, bytes] = {}
    for package in packages:
        names = package.split(".")
        for depth in range(1, len(names)):
            outer = _folder(".".join(names[:depth]))
            files["/".join([*names[:depth], "__init__.py"])] = (outer / "__init__.py").read_bytes()
        folder = _folder(package)
        for path in sorted(folder.rglob("*")):
            if path.suffix in DATA and "__pycache__" not in path.parts:
                files["/".join([*names, *path.relative_to(folder).parts])] = path.read_bytes()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), files[name], zipfile.ZIP_DEFLATED, 9)
    return Library(__version__, packages, buffer.getvalue())


def _folder(package: str) -> Path:
    file = importlib.import_module(package).__file__
    assert file is not None, f"{package} is not a package with files"
    return Path(file).parent
