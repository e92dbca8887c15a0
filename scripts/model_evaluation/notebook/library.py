"""The library that a notebook carries, or that lies beside it: a few packages of ours as one wheel."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import zipfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from model_evaluation import __version__

NAME = "model_evaluation_notebook"  # not the project's own name: installing it must not replace the project
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time an archive can hold: the same files give the same bytes
DATA = frozenset({".py", ".html", ".css", ".js", ".j2", ".json", ".toml"})


@dataclass(frozen=True)
class Library:
    """A wheel of Python packages. ``packages`` are the dotted names that must be importable from it."""

    version: str
    packages: tuple[str, ...]
    wheel: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.wheel).hexdigest()

    @property
    def text(self) -> str:
        return base64.b64encode(self.wheel).decode("ascii")

    @property
    def wheel_name(self) -> str:
        return f"{NAME}-{self.version}-py3-none-any.whl"


@cache
def notebook_library(packages: tuple[str, ...]) -> Library:
    """The wheel of ``packages``, each with all that lies in it; of the packages around them only ``__init__``."""
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
    return Library(__version__, packages, _wheel(files))


def _wheel(files: dict[str, bytes]) -> bytes:
    info = f"{NAME}-{__version__}.dist-info"
    record = f"{info}/RECORD"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {__version__}\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = [f"{name},{_digest(body)},{len(body)}\n" for name, body in sorted(content.items())]
    content[record] = "".join([*lines, f"{record},,\n"]).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name in sorted(content, key=lambda name: (name.startswith(info), name)):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), content[name], zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def _digest(body: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode('ascii').rstrip('=')}"


def _folder(package: str) -> Path:
    file = importlib.import_module(package).__file__
    assert file is not None, f"{package} is not a package with files"
    return Path(file).parent
