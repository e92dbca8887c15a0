"""Kernel modules as the source of one notebook cell.

The modules import each other as ``from .other import name`` at top level. In the notebook they share one
namespace, so these lines are dropped; the remaining imports of all modules of a cell are gathered at its top.
Everything else, docstrings and comments included, is the module's own text.
"""

from __future__ import annotations

import ast
import re

from model_evaluation.resources import kernel_source

FUTURE_IMPORT = "from __future__ import annotations"
_FIRST_DEFINITION = re.compile(r"(?:def|class|async def) |@|[A-Z_a-z]\w*(?: =|: \w)")


class Inliner:
    """Inlines modules into one notebook: each once, after the modules it imports from."""

    def __init__(self) -> None:
        self._done: set[str] = set()

    def cell(self, *names: str) -> str:
        """Source of a cell that defines everything in these modules, and in those they need which no earlier cell
        of this notebook has defined."""
        order: list[str] = []
        for name in names:
            self._visit(name, order)
        return cell_source(order)

    def _visit(self, name: str, order: list[str]) -> None:
        if name in self._done:
            return
        self._done.add(name)
        for needed in imported_modules(kernel_source(name)):
            self._visit(needed, order)
        order.append(name)


def cell_source(names: list[str]) -> str:
    """The modules' text one after the other, below the imports of all of them."""
    imports: dict[str, None] = {}
    sections: list[str] = []
    for name in names:
        found, body = split_imports(kernel_source(name))
        imports.update(dict.fromkeys(found))
        sections.append(f"# {name}.py\n{body}")
    ordered = sorted(imports, key=lambda line: (line.startswith("from"), line))
    return "\n".join([FUTURE_IMPORT, "", *ordered, "", "\n\n\n".join(sections)])


def imported_modules(source: str) -> list[str]:
    """The kernel modules that a kernel module imports from, in the order of its text."""
    head = _head(source.splitlines(keepends=True))
    return [node.module for node in head if isinstance(node, ast.ImportFrom) and node.level and node.module]


def split_imports(source: str) -> tuple[list[str], str]:
    """A module's top-level imports of other packages, and its text without any top-level import."""
    lines = source.splitlines(keepends=True)
    imports: list[str] = []
    for node in _head(lines):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        assert node.end_lineno is not None
        if isinstance(node, ast.Import):
            imports += [f"import {ast.unparse(alias)}" for alias in node.names]
        elif not node.level and node.module != "__future__":
            imports.append(ast.unparse(node))
        for number in range(node.lineno - 1, node.end_lineno):
            lines[number] = ""
    return imports, _squeezed("".join(lines))


def _head(lines: list[str]) -> list[ast.stmt]:
    """The statements before the first definition, where every import is: parsing the rest takes ten times longer."""
    end = next((i for i, line in enumerate(lines) if _FIRST_DEFINITION.match(line)), len(lines))
    try:
        return ast.parse("".join(lines[:end])).body
    except SyntaxError:  # a line of the docstring looked like a definition
        return ast.parse("".join(lines)).body


def _squeezed(text: str) -> str:
    """Without the holes that removed imports leave: at most two blank lines in a row, none at the ends."""
    while "\n\n\n\n" in text:
        text = text.replace("\n\n\n\n", "\n\n\n")
    return text.strip("\n")
