"""LLM-as-judge: Bedrock lets a judge model score both models' answers to the same prompts."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from model_evaluation.context import Context
    from model_evaluation.notebook.cells import Cell

STEPS: dict[str, tuple[str, ...]] = {
    "task": (),
    "dataset": (),
    "data": ("dataset",),
    "custom_metrics": (),
    "builtin_metrics": (),
    "primary_metric": ("custom_metrics", "builtin_metrics"),
    "model": (),
    "scope": ("model",),
    "region": ("dataset", "model"),
    "judge": ("region",),
    "role": (),
    "mlflow": ("region",),
    "output": ("dataset", "region"),
    "confirm": (
        "task",
        "data",
        "primary_metric",
        "scope",
        "judge",
        "role",
        "mlflow",
        "output",
    ),
    "terms": ("confirm",),
    "notebook": ("terms",),
}

RECHECKED = ("dataset", "model", "region", "judge", "role", "mlflow", "output")


def cells() -> tuple[Cell, ...]:
    """The notebook's cells, in order."""
    from model_evaluation.notebook.cells import LLM_AS_JUDGE_CELLS

    return LLM_AS_JUDGE_CELLS


def notebook_parameters(context: Context) -> dict[str, Any]:
    """The parameters cell's values, in its order. Every step must have its answer."""
    import json

    from model_evaluation.naming import project_slug
    from model_evaluation.steps.data_card import overlap_notes

    custom = context.value("custom_metrics")
    scope = context.value("scope")
    mlflow = context.value("mlflow")
    model = context.facts("model")
    return {
        "REGION": context.value("region"),
        "ROLE_ARN": context.facts("role").get("arn", context.value("role")),
        "MODEL_PACKAGE_ARN": model["base_model_id"] if scope == "base" else context.value("model"),
        "DATASET": context.value("dataset"),
        "JUDGE_MODEL": context.value("judge"),
        "BUILTIN_METRICS": context.value("builtin_metrics"),
        "CUSTOM_METRICS": json.dumps(custom, ensure_ascii=False) if custom else None,
        "PRIMARY_METRIC": context.value("primary_metric"),
        "EVALUATE_BASE_MODEL": scope == "compare",
        "S3_OUTPUT": context.value("output"),
        "MLFLOW_RESOURCE_ARN": None if mlflow == "create" else mlflow,
        "MLFLOW_EXPERIMENT": None,
        "POLL_SECONDS": 30,
        "TIMEOUT_MINUTES": 240,
        "RUN_LABEL": project_slug(context.project),
        "FORCE_NEW_RUN": False,
        "RESULTS_DIR": "results",
        "DATASET_ETAG": context.facts("dataset").get("etag", ""),
        "DATASET_NOTES": overlap_notes(context.facts("data").get("overlap")),
    }
