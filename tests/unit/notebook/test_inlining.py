"""Kernel modules become cells: their text is kept, their imports of each other go, and nothing collides."""

from __future__ import annotations

import ast
import builtins
import functools
import re
from pathlib import Path

import pytest

from model_evaluation.notebook.cells import LLM_AS_JUDGE_CELLS
from model_evaluation.notebook.inlining import FUTURE_IMPORT, Inliner, _head, cell_source, split_imports
from model_evaluation.resources import kernel_source, resource

KERNEL = Path(__file__).parents[3] / "scripts" / "model_evaluation" / "kernel"
MODULES = sorted(path.stem for path in KERNEL.glob("*.py") if path.stem != "__init__")


@functools.cache
def inlined_modules() -> list[str]:
    """The modules in the notebook's cells, in order."""
    inliner = Inliner()
    names: list[str] = []
    for cell in LLM_AS_JUDGE_CELLS:
        text = resource(f"templates/{cell.template}").read_text(encoding="utf-8")
        for call in re.findall(r"modules\(([^)]*)\)", text):
            names += re.findall(r"(?m)^# (\w+)\.py$", inliner.cell(*re.findall(r'"(\w+)"', call)))
    return names


@functools.cache
def parsed(module: str) -> ast.Module:
    return ast.parse(kernel_source(module))


@functools.cache
def defined_names(module: str) -> set[str]:
    names: set[str] = set()
    for node in parsed(module).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            names |= {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    return names


def test_every_kernel_module_is_inlined_once() -> None:
    assert sorted(inlined_modules()) == MODULES


def test_a_module_comes_after_those_it_imports_from() -> None:
    order = inlined_modules()
    for name in order:
        for node in ast.walk(parsed(name)):
            if isinstance(node, ast.ImportFrom) and node.level:
                assert node.level == 1
                assert node.module in order[: order.index(name)], f"{name} imports {node.module}"
                assert not any(alias.asname for alias in node.names), f"{name} renames what it imports"
                assert {alias.name for alias in node.names} <= defined_names(node.module)


def test_no_two_modules_define_the_same_name() -> None:
    owners: dict[str, str] = {}
    parameters = set(re.findall(r"(?m)^([A-Z_0-9]+) = ", _parameters_template()))
    for module in MODULES:
        for name in defined_names(module):
            assert name not in owners, f"{name} is in {owners.get(name)} and {module}"
            assert name not in parameters, f"{module} would overwrite the parameter {name}"
            assert not hasattr(builtins, name), f"{module} would hide the builtin {name}"
            owners[name] = module


def test_no_cell_overwrites_a_definition() -> None:
    owners = {name: module for module in MODULES for name in defined_names(module)}
    for cell in LLM_AS_JUDGE_CELLS:
        text = resource(f"templates/{cell.template}").read_text(encoding="utf-8")
        if cell.kind == "code" and not cell.hidden and cell.id != "parameters":
            assigned = {
                node.id
                for node in ast.walk(ast.parse(text))
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
            }
            assert not assigned & owners.keys(), cell.id


def test_no_import_hides_a_definition() -> None:
    owners = {name: module for module in MODULES for name in defined_names(module)}
    for module in MODULES:
        for line in split_imports(kernel_source(module))[0]:
            (node,) = ast.parse(line).body
            assert isinstance(node, ast.Import | ast.ImportFrom)
            bound = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            assert not bound & owners.keys(), f"{module}: {line}"


def _parameters_template() -> str:
    return resource("templates/llm_as_judge/parameters.py.j2").read_text(encoding="utf-8")


@pytest.mark.parametrize("module", MODULES)
def test_a_module_keeps_its_docstrings_comments_and_code(module: str) -> None:
    source = kernel_source(module)
    cell = cell_source([module])
    kept = [ast.dump(node) for node in parsed(module).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    now = [ast.dump(node) for node in ast.parse(cell).body if not isinstance(node, ast.Import | ast.ImportFrom)]
    assert now == kept
    for comment in re.findall(r"(?m)^\s*# .*$", source):
        assert comment.strip() in cell
    assert "from ." not in "\n".join(line for line in cell.splitlines() if line.startswith("from"))
    assert cell.startswith(FUTURE_IMPORT)


@pytest.mark.parametrize("module", MODULES)
def test_every_import_is_before_the_first_definition(module: str) -> None:
    """What lets the renderer parse only the head of a module."""
    source = kernel_source(module)
    is_import = (ast.Import, ast.ImportFrom)
    whole = [ast.dump(node) for node in parsed(module).body if isinstance(node, is_import)]
    head = [ast.dump(node) for node in _head(source.splitlines(keepends=True)) if isinstance(node, is_import)]
    assert head == whole


def test_imports_of_several_modules_are_gathered_once() -> None:
    lines = cell_source(["pipeline", "ledger", "launch"]).splitlines()
    imports = [line for line in lines if line.startswith(("import ", "from "))]
    assert len(imports) == len(set(imports))
    assert lines.index("# pipeline.py") > max(lines.index(line) for line in imports)
