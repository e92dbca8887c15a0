"""The notebook as nbformat's own object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import nbformat

from model_evaluation.notebook.render import notebook_content


def build_notebook(parameters: Mapping[str, object]) -> Any:
    return nbformat.from_dict(notebook_content(parameters))  # type: ignore[no-untyped-call]
