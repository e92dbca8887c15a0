"""The notebook as a Python program in percent format: editors show its cells, plain Python runs it."""

from __future__ import annotations

from model_evaluation.runtime.settings import Json

INTRODUCTION = (
    '"""Run with `python FILE` from the folder that shall hold the results; `python FILE --help` lists its options.\n\n'
    'Editors show the `# %%` cells."""'
)
HOW_TO_RUN = ("**Run > Run All Cells** does everything", "Running this program does everything")  # the title's words


def notebook_script(notebook: Json) -> str:
    """Source of the program: the code of every cell in order."""
    parts = [INTRODUCTION]
    for cell in notebook["cells"]:
        title = cell.get("id", "")
        if cell["cell_type"] == "markdown":
            text = cell["source"].replace(*HOW_TO_RUN)
            parts.append(f"# %% [markdown] {title}".rstrip() + "\n" + _commented(text))
        elif cell["cell_type"] == "code":
            tags = cell["metadata"].get("tags", [])
            marker = f"# %% {title} tags={tags}".replace("'", '"') if tags else f"# %% {title}"
            source = cell["source"].strip("\n")
            parts.append(f"{marker.rstrip()}\n{source}")
    return "\n\n".join(parts) + "\n"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())
