"""The notebook of the default kind, and as nbformat's own object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nbformat

from model_evaluation.kinds.registry import DEFAULT, load_kind
from model_evaluation.notebook.render import notebook_content, notebook_script

KIND = load_kind(DEFAULT)


def build_notebook(parameters: Mapping[str, object], library: str = "embed") -> Any:
    return nbformat.from_dict(notebook_content(KIND, parameters, library))  # type: ignore[no-untyped-call]


def build_program(parameters: Mapping[str, object], library: str = "embed") -> str:
    return notebook_script(notebook_content(KIND, parameters, library, program=True))
