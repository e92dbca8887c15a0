"""The script is the notebook's code in one file."""

from __future__ import annotations

import ast
from typing import Any

from model_evaluation.notebook.script import notebook_script
from unit.notebook.building import build_notebook


def test_the_script_has_the_code_of_every_cell_in_order(parameters: dict[str, Any]) -> None:
    notebook = build_notebook(parameters)
    introduction, script = notebook_script(notebook).split("\n\n", 1)
    assert isinstance(ast.literal_eval(introduction), str)
    assert _code(script) == _code("\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code"))


def test_the_script_compiles_as_one_file_and_marks_its_cells(parameters: dict[str, Any]) -> None:
    script = notebook_script(build_notebook(parameters))
    compile(script, "script", "exec")
    assert script.count("from __future__ import annotations") == 1
    assert '\n# %% parameters tags=["parameters"]\n' in script
    assert "\n# %% [markdown] title\n# # Model evaluation" in script


def test_the_script_says_how_a_script_is_run(parameters: dict[str, Any]) -> None:
    script = notebook_script(build_notebook(parameters))
    assert "Run All Cells" not in script
    assert "# Running this script does everything: it checks" in script


def test_text_in_a_markdown_cell_cannot_leave_its_comment() -> None:
    cell = {"cell_type": "markdown", "metadata": {}, "source": "one\x0cimport os\u2028import sys\rimport re"}
    script = notebook_script({"cells": [cell]})
    assert len(ast.parse(script).body) == 2  # docstring and future import


def _code(text: str) -> list[str]:
    """The lines of a text but for comments that begin them and imports from the future."""
    return [line for line in text.splitlines() if line.strip() and not line.startswith(("#", "from __future__"))]
