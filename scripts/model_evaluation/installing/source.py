"""What belongs to an installed skill, and where this program has it: a checkout, a wheel, or an installed copy."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from model_evaluation.resources import resource

NAME = "model-evaluation"
PACKAGE = Path(__file__).resolve().parents[1]
# Folder or file of the skill -> where it stands below the skill's own folder.
PARTS = ("SKILL.md", "LICENSE", "references", "scripts/evaluate.py")
# Made by Python and by file managers, or (in a wheel) the parts above, which are copied to their own places.
LEFT_OUT = {"__pycache__", "_skill"}


def source_files() -> dict[str, Path]:
    """Every file of the skill: path below its folder (with ``/``) -> the file to copy, in order."""
    files: dict[str, Path] = {}
    for part in PARTS:
        root = resource(part)
        for path in _files(root):
            files[part if path == root else f"{part}/{path.relative_to(root).as_posix()}"] = path
    for path in _files(PACKAGE):
        files[f"scripts/model_evaluation/{path.relative_to(PACKAGE).as_posix()}"] = path
    return dict(sorted(files.items()))


def checksum(path: Path) -> str:
    """SHA-256 of a file as hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
        return
    for path in sorted(root.iterdir()):
        if path.name.startswith(".") or path.name in LEFT_OUT or path.suffix == ".pyc":
            continue
        if path.is_dir():
            yield from _files(path)
        else:
            yield path
