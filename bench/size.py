"""Lines of Python, templates and scripts per folder: `make size`."""

from __future__ import annotations

import io
import sys
import zipfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "scripts" / "model_evaluation"
SUFFIXES = {".py", ".j2", ".html", ".css", ".js"}


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def folder_of(path: Path) -> str:
    """The room that a file of the package belongs to: a folder, and a kind's own folder for a kind."""
    parts = path.relative_to(PACKAGE).parts
    if len(parts) == 1:
        return "(root)"
    return "/".join(parts[:2]) if parts[0] == "kinds" and len(parts) > 2 else parts[0]


def package_sizes() -> Counter[str]:
    files = [path for path in PACKAGE.rglob("*") if path.suffix in SUFFIXES and "__pycache__" not in path.parts]
    sizes: Counter[str] = Counter()
    for path in files:
        sizes[folder_of(path)] += lines(path)
    return sizes


def library_size() -> int:
    """Python of what a notebook of the default kind carries."""
    sys.path.insert(0, str(PACKAGE.parent))
    from model_evaluation.kinds.registry import DEFAULT, load_kind
    from model_evaluation.notebook.render import library_of

    wheel = zipfile.ZipFile(io.BytesIO(library_of(load_kind(DEFAULT), program=False).wheel))
    return sum(len(wheel.read(name).splitlines()) for name in wheel.namelist() if name.endswith(".py"))


def main() -> None:
    sizes = package_sizes()
    for folder, count in sorted(sizes.items()):
        print(f"{count:7,}  {folder}")
    new_kinds = sum(
        count for name, count in sizes.items() if name.startswith("kinds/") and name != "kinds/llm_as_judge"
    )
    tests = sum(lines(path) for path in (ROOT / "tests").rglob("*.py"))
    templates = sum(lines(path) for path in PACKAGE.rglob("templates/*.j2"))
    print(f"{sum(sizes.values()) - new_kinds:7,}  the package without further kinds (at most 26,000)")
    print(f"{new_kinds:7,}  further kinds")
    print(f"{library_size():7,}  the notebook's library (at most 5,000)")
    print(f"{templates:7,}  the notebooks' templates")
    print(f"{tests:7,}  tests")


if __name__ == "__main__":
    main()
