"""The package's layers: imports point down only, AWS has one seam, and only the command line prints."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "scripts" / "model_evaluation"

# From the top down. A module may import its own layer's siblings and anything below, never above. A kind of evaluation
# stands above the rooms it is made of; only its registry and its interface stand below them.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("commands",),
    ("wizard", "demo", "installing", "overlap"),
    ("kinds.*",),
    ("preflight", "localaws", "runs", "reporting"),
    ("notebook",),
    ("steps",),
    ("conversation",),
    ("lookups", "dataset"),
    ("endpoints",),
    ("runtime",),
    ("state", "naming", "resources", "results_folder"),
    ("kinds", "kinds.registry", "kinds.kind", "kinds.fitting", "kinds.permissions"),
    ("files", "progress", "packages", "json_types"),
    ("errors",),
)
# Imports that point up on purpose, each with its reason.
ALLOWED = {
    ("steps.confirm", "preflight"): "the card's yes runs every check again, the other steps' among them",
    ("kinds.kind", "notebook"): "a kind that names no cells has every one of them; imported when it is asked",
    ("steps.notebook", "notebook"): "a notebook is looked at before it is accepted",
}


def modules() -> Iterator[tuple[str, Path]]:
    for path in sorted(PACKAGE.rglob("*.py")):
        relative = path.relative_to(PACKAGE).with_suffix("")
        yield ".".join(part for part in relative.parts if part != "__init__"), path


def room(module: str) -> str:
    """The name by which a module stands in LAYERS."""
    parts = module.split(".")
    if parts[0] == "kinds" and len(parts) > 1:
        return module if module in ("kinds.registry", "kinds.kind", "kinds.fitting", "kinds.permissions") else "kinds.*"
    return parts[0]


def layer(module: str) -> int:
    for number, names in enumerate(LAYERS):
        if room(module) in names:
            return number
    raise AssertionError(f"{room(module)} has no layer yet: put it into LAYERS")


def imported(module: str, path: Path) -> Iterator[str]:
    """Modules of ours that ``path`` imports at run time, from the package's root."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    checking = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    skipped = {inner for node in checking for inner in ast.walk(node)}
    parts = module.split(".") if module else []
    package = parts if path.name == "__init__.py" else parts[:-1]
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom):
            if node.level:
                base = package[: len(package) - node.level + 1]
                names = [*base, *(node.module.split(".") if node.module else [])]
            elif node.module and node.module.split(".")[0] == "model_evaluation":
                names = node.module.split(".")[1:]
            else:
                continue
            if names:
                yield ".".join(names)
            else:
                yield from (alias.name for alias in node.names if not alias.name.startswith("_"))
        elif isinstance(node, ast.Import):
            yield from (
                alias.name.removeprefix("model_evaluation.")
                for alias in node.names
                if alias.name.startswith("model_evaluation.")
            )


def test_imports_point_down_with_exceptions_that_are_needed() -> None:
    upward = {
        (module, room(target)): f"{module} imports {target}, which stands above it"
        for module, path in modules()
        if module
        for target in imported(module, path)
        if layer(target) < layer(module)
    }
    assert [told for pair, told in upward.items() if pair not in ALLOWED] == []
    assert set(ALLOWED) <= set(upward)


def test_the_sdk_is_imported_by_the_notebook_only() -> None:
    for module, path in modules():
        if "runtime" in module.split("."):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = [
            name
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom))
            for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""])
        ]
        assert not [name for name in names if name.partition(".")[0] == "sagemaker"], module


def test_untyped_values_are_rare_outside_the_kinds() -> None:
    """JSON of AWS, objects of packages without types, and the values of a kind's own; each has one name of its own."""
    lines = [
        f"{module}: {line.strip()}"
        for module, path in modules()
        if not module.startswith("kinds.")
        for line in path.read_text(encoding="utf-8").splitlines()
        if re.search(r"\bAny\b", line)
    ]
    assert len(lines) <= 60, "\n".join(lines)
