"""The notebook as a Python script in percent format: editors show its cells, plain Python runs it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

FUTURE_IMPORT = "from __future__ import annotations"


INTRODUCTION = (
    '''"""Run with `python FILE` from the folder that shall hold the results; editors show the `# %%` cells."""'''
)

HOW_TO_RUN = ("**Run > Run All Cells** does everything", "Running this script does everything")  # the title's words


def notebook_script(notebook: Mapping[str, Any]) -> str:
    """Source of the script. The future import moves to the top, where Python wants it; the code is the same."""
    parts = [INTRODUCTION, FUTURE_IMPORT]
    for cell in notebook["cells"]:
        title = cell.get("id", "")
        if cell["cell_type"] == "markdown":
            text = cell["source"].replace(*HOW_TO_RUN)
            parts.append(f"# %% [markdown] {title}".rstrip() + "\n" + _commented(text))
        elif cell["cell_type"] == "code":
            tags = cell["metadata"].get("tags", [])
            marker = f"# %% {title} tags={tags}".replace("'", '"') if tags else f"# %% {title}"
            source = cell["source"].removeprefix(FUTURE_IMPORT).strip("\n")
            parts.append(f"{marker.rstrip()}\n{source}")
    return "\n\n".join(parts) + "\n"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())
