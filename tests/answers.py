"""What a user answers when everything goes well, and what a project has recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model_evaluation.kinds.llm_as_judge.localaws.player import World


def all_answers(world: World, **changes: str) -> dict[str, str]:
    """An answer to every question, in order; ``changes`` replace some."""
    answers = {
        "task": "Answer support tickets",
        "dataset": world.dataset_uri,
        "data": "ok",
        "custom_metrics": "none",
        "builtin_metrics": "Correctness,Completeness,Harmfulness",
        "primary_metric": "Correctness",
        "model": world.model_package_arn,
        "judge": world.judge,
        "role": world.role_arn,
        "mlflow": world.mlflow_app_arn,
        "output": f"s3://{world.bucket}/results/tickets",
        "confirm": "yes",
        "terms": "I agree",
        "notebook": "new",
    }
    return answers | changes


def recorded(project: Path) -> dict[str, Any]:
    """The values of a project's answers; not the kind of evaluation while it is the default one."""
    document = json.loads((project / "workflow_state.json").read_text(encoding="utf-8"))
    entries = {
        step: entry for step, entry in document["answers"].items() if step != "evaluation" or entry["origin"] == "user"
    }
    return {step: entry["value"] for step, entry in entries.items()}
