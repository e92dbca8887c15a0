"""A small account, and the rendered notebook run in it by a real kernel with the real SDK."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evaluator_parameters import EVALUATOR
from kernel_environment import kernel_python
from model_evaluation.localaws import LocalAws, Scenario
from model_evaluation.localaws.rehearsal import account_of, seed_rehearsal
from model_evaluation.notebook.execute import ExecutionOutcome, execute_notebook
from model_evaluation.notebook.render import render_notebook
from unit.notebook.building import KIND

CELL_LIMIT = 600.0  # seconds
TONE = {
    "customMetricDefinition": {
        "name": "Tone",
        "instructions": "Is the answer polite? {{prompt}} {{prediction}}",
        "ratingScale": [
            {"definition": "Polite", "value": {"floatValue": 1}},
            {"definition": "Rude", "value": {"floatValue": 0}},
        ],
    },
    "direction": "higher",
}
PARAMETERS: dict[str, Any] = EVALUATOR | {
    "DATASET": "s3://acme-data/evaluation/support.jsonl",
    "JUDGE_MODEL": "anthropic.claude-sonnet-4-5-20250929-v1:0",
    "BUILTIN_METRICS": ["Correctness", "Harmfulness"],
    "CUSTOM_METRICS": [TONE],
    "PRIMARY_METRIC": "Correctness",
    "DATASET_ETAG": "",
    "DATASET_NOTES": [],
}
DATASET = "\n".join(
    json.dumps(
        {
            "query": f'It\'s ticket {number}: where is my "order"?\nUrgent! 😀',
            "response": f"Your order {number} ships today.",
            "category": "delivery" if number % 2 else "billing",
        },
        ensure_ascii=False,
    )
    for number in range(12)
).encode()


class Exports:
    """A folder whose runs leave their results in it."""

    folder: Path

    @property
    def result_folders(self) -> list[Path]:
        """Finished exports; a kernel that was killed in the middle of one leaves a hidden folder."""
        found = (self.folder / "results").iterdir()
        return sorted(path for path in found if path.name != "launches" and not path.name.startswith("."))

    @property
    def summary(self) -> dict[str, Any]:
        (folder,) = self.result_folders
        summary: dict[str, Any] = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        return summary


class Studio(Exports):
    """A folder with the notebook in it, and the account its kernel talks to."""

    def __init__(self, folder: Path, aws: LocalAws, parameters: Mapping[str, Any]) -> None:
        self.folder = folder
        self.aws = aws
        self.parameters = dict(parameters)
        self.progress: list[str] = []
        self.on_progress: Callable[[str], None] = lambda line: None
        (folder / "evaluation.ipynb").write_bytes(render_notebook(KIND, parameters))

    def run(self, **overrides: Any) -> ExecutionOutcome:
        """In a kernel."""
        self.progress = []
        return execute_notebook(
            self.folder / "evaluation.ipynb",
            self.folder / "executed.ipynb",
            env=self.aws.child_environment(),
            cwd=self.folder,
            parameters=overrides or None,
            on_progress=self._heard,
            timeout=CELL_LIMIT,
            python=kernel_python(),
        )

    def _heard(self, line: str) -> None:
        self.progress.append(line)
        self.on_progress(line)

    @property
    def executed(self) -> dict[str, Any]:
        """The executed notebook's cells by id."""
        notebook = json.loads((self.folder / "executed.ipynb").read_text(encoding="utf-8"))
        return {cell["id"]: cell for cell in notebook["cells"]}

    @property
    def starts(self) -> int:
        return len(self.aws.calls.of("StartPipelineExecution"))


@contextmanager
def studio(
    folder: Path, *, scenario: Scenario | None = None, step_seconds: float = 0.2, **changes: Any
) -> Iterator[Studio]:
    """An account with what the parameters name, and a folder with the rendered notebook."""
    parameters = PARAMETERS | changes
    with LocalAws(step_seconds=step_seconds, scenario=scenario, account=account_of(parameters)) as aws:
        seed_rehearsal(aws, KIND.player(), parameters, {parameters["DATASET"]: DATASET})
        yield Studio(folder, aws, parameters)


def text_of(cell: Mapping[str, Any]) -> str:
    """Everything a cell printed or displayed, as plain text."""
    parts = []
    for output in cell["outputs"]:
        text = output.get("text") or output.get("data", {}).get("text/plain") or output.get("traceback") or ""
        parts.append("".join(text) if isinstance(text, list) else text)
    return "\n".join(parts)
