"""The parameters cell, from the answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.naming import project_slug

from .runtime.targets import Target
from .steps.decoding import settings_of
from .steps.tasks import chosen_tasks

HUB_MODEL = "nova-textgeneration-lite-v2"
ERROR_SHARE = 0.1


def parameters(context: Context) -> JsonObject:
    """By name, in the cell's order."""
    mlflow, metric = context.value("mlflow"), str(context.value("primary_metric"))
    return {
        "REGION": context.value("region"),
        "ROLE_ARN": context.facts("role").get("arn", context.value("role")),
        "MODEL": target_of(context, "model").as_parameter(),
        "REFERENCE": context.facts("reference").get("target"),
        "HUB_MODEL": context.facts("model")["hub_model"],
        "BENCHMARKS": context.value("benchmarks"),
        "BENCHMARKS_DIGEST": context.facts("benchmarks")["digest"],
        "TASKS": [{"name": name, "path": known["path"], **own} for name, known, own in chosen_tasks(context)],
        "SAMPLES": samples_of(context),
        "DECODING": settings_of(context),
        "ERROR_SHARE": ERROR_SHARE,
        "PRIMARY_METRIC": None if metric == "first" else metric,
        "S3_OUTPUT": context.value("output"),
        "MLFLOW_RESOURCE_ARN": None if mlflow == "create" else mlflow,
        "POLL_SECONDS": 30,
        "TIMEOUT_MINUTES": 720,
        "RUN_LABEL": project_slug(context.project),
        "FORCE_NEW_RUN": False,
        "RESULTS_DIR": "results",
    }


def samples_of(context: Context) -> int | None:
    """How many samples the chosen tasks have together, epochs counted; ``None`` where the source does not say."""
    total = 0
    for _, known, own in chosen_tasks(context):
        counts = [count for count in (known["samples"], own.get("limit")) if count]
        if not counts:
            return None
        total += min(counts) * own.get("epochs", 1)
    return total


def target_of(context: Context, step_id: str) -> Target:
    """The model that a step's answer names."""
    return Target.read(context.facts(step_id)["target"])
