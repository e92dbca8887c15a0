"""What tests of the toy kind share: its answers, and its notebook's cells run in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
from pathlib import Path

from model_evaluation.localaws.seeding import Company

MODULE = "toy_kind.kind"
"""What stands in the registry behind ``toy``."""


def toy_answers(company: Company, *, until: str = "", shape: str = "scores") -> dict[str, str]:
    """The answers to every question that is asked, in order, up to ``until``."""
    answers = {
        "evaluation": "toy",
        "task": "Play",
        "dataset": f"s3://{company.bucket}/toys/rows.jsonl",
        "shape": shape,
        "copies": "2",
        "confirm": "yes",
    }
    steps = list(answers)
    return {step: answers[step] for step in steps[: steps.index(until) + 1 if until else None]}


def run_cells(notebook: Path, **parameters: object) -> None:
    """Runs a notebook's code in this process, in the notebook's folder, the library cell left out."""
    namespace: dict[str, object] = {}
    before = Path.cwd()
    os.chdir(notebook.parent)
    try:
        for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
            if cell["cell_type"] != "code" or cell["id"] == "library":
                continue
            with contextlib.redirect_stdout(io.StringIO()):
                exec(compile("".join(cell["source"]), f"<{cell['id']}>", "exec"), namespace)
            if cell["id"] == "parameters":
                namespace |= {"POLL_SECONDS": 0.01, **parameters}
    finally:
        os.chdir(before)
