"""The kinds of evaluation, one module each, beside one another: adding one is a file and a line here.

A kind is a module with
  STEPS                    step id -> the steps whose answers it rests on, in the order they are asked
  RECHECKED                the steps whose answers preflight checks again
  notebook_parameters(...) the parameters cell's values, from the answers
  cells()                  the notebook's cells (see notebook/cells.py)
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

EVALUATIONS = {
    "llm_as_judge": "an LLM judge scores the answers of the fine-tuned model and of its base model",
}
DEFAULT = "llm_as_judge"


def evaluation_of(document: dict[str, Any]) -> ModuleType:
    """The kind of evaluation a workflow is about."""
    name = document.get("evaluation", DEFAULT)
    return importlib.import_module(f".{name if name in EVALUATIONS else DEFAULT}", __package__)
