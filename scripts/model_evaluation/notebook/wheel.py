"""The library that a notebook carries, or that lies beside it: a few packages of ours as one wheel."""

from __future__ import annotations

import ast
import base64
import hashlib
import importlib
import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import resolve_name
from pathlib import Path

from model_evaluation import __version__

RUNTIME = "model_evaluation.runtime"
NAME = "model_evaluation_notebook"  # not the project's own name: installing it must not replace the project
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time an archive can hold: the same files give the same bytes
DATA = frozenset({".html", ".css", ".js", ".j2", ".json", ".toml"})


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
def notebook_library(packages: tuple[str, ...], modules: tuple[str, ...] = ()) -> Library:
    """The wheel of all modules of ``packages``, of the ``modules`` that the notebook's cells import, and of what these
    import of ours. What else lies in their folders, such as templates, goes with them."""
    tops = {name.partition(".")[0] for name in (*packages, *modules)}
    roots = {top: Path(importlib.import_module(top).__file__ or "").parent.parent for top in tops}
    sources: dict[str, Path] = {}
    names = [*modules, *(name for package in packages for name in _modules(package, roots))]
    while names:
        name = names.pop()
        if name not in sources and (path := _source(name, roots)):
            sources[name] = path
            names += [name.rpartition(".")[0], *_imports(name, path)]
    folders = {path.parent for path in sources.values() if path.name != "__init__.py"}
    data = [path for folder in folders for path in folder.rglob("*") if path.suffix in DATA and _holder(path) == folder]
    paths = {path: root for root in roots.values() for path in (*sources.values(), *data) if root in path.parents}
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path, root in paths.items()}
    return Library(__version__, (RUNTIME, *packages), _wheel(files))


def _modules(package: str, roots: Mapping[str, Path]) -> Iterator[str]:
    """The dotted name of each module in a package."""
    root = roots[package.partition(".")[0]]
    for path in root.joinpath(*package.split(".")).rglob("*.py"):
        yield ".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def _source(name: str, roots: Mapping[str, Path]) -> Path | None:
    """The file of what may be the name of a module below the ``roots``."""
    top = name.partition(".")[0]
    if top not in roots:
        return None
    place = roots[top].joinpath(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)


def _imports(module: str, path: Path) -> Iterator[str]:
    """What may be the name of a module that this one imports, those aside that are for type checking alone."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    nodes: list[ast.AST] = [ast.parse(path.read_bytes())]
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = resolve_name("." * node.level + (node.module or ""), package)
            yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
        nodes += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr)]


def _holder(path: Path) -> Path:
    """The folder of the innermost package around a file."""
    return next(folder for folder in path.parents if (folder / "__init__.py").is_file())


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
