"""The parameters cell, from the answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.naming import project_slug


def parameters(context: Context) -> JsonObject:
    """By name, in the cell's order."""
    return {
        "REGION": context.value("region"),
        "ROLE_ARN": context.value("role"),
        "DATASET": context.value("dataset"),
        "DATASET_ETAG": context.facts("dataset").get("etag", ""),
        "SHAPE": context.value("shape"),
        "COPIES": context.value("copies"),
        "S3_OUTPUT": context.value("output"),
        "RESULTS_DIR": "results",
        "RUN_LABEL": project_slug(context.project),
        "POLL_SECONDS": 5,
        "TIMEOUT_MINUTES": 30,
        "FORCE_NEW_RUN": False,
    }
