"""The parameters cell's values from the recorded answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.naming import project_slug

from .recorded import CONSTANT, threshold_of

POLL_SECONDS, TIMEOUT_MINUTES = 30, 240
RESULTS_DIR = "results"


def parameters(context: Context) -> JsonObject:
    dataset, model, reference = (context.facts(step) for step in ("dataset", "model", "reference"))
    instance, _, count = str(context.value("inference")).partition(" ")
    against = str(context.value("reference"))

    def unless_none(step_id: str) -> str | None:
        value = context.value(step_id)
        return None if value in (None, "none") else str(value)

    return {
        "DATASET": dataset["uri"],
        "DATASET_FORMAT": dataset["format"],
        "DATASET_ETAG": dataset["etag"],
        "DATASET_NOTES": list(context.facts("train_data").get("notes", [])),
        "COLUMNS": context.value("columns"),
        "PROBLEM": context.value("problem"),
        "MODEL": context.value("model"),
        "MODEL_SOURCE": model["source"],
        "MODEL_FORMAT": model.get("format"),
        "REFERENCE": against,
        "REFERENCE_SOURCE": None if against in (CONSTANT, "none") else reference["source"],
        "REFERENCE_FORMAT": reference.get("format"),
        "THRESHOLD": context.value("threshold"),
        "VALIDATION_FORMAT": context.facts("threshold").get("format") if threshold_of(context).validation else None,
        "PRIMARY_METRIC": context.value("primary_metric"),
        "SLICES": context.value("slices"),
        "REGION": unless_none("region"),
        "RESULTS_DIR": RESULTS_DIR,
        "RUN_LABEL": project_slug(context.project),
        "ROLE_ARN": str(context.facts("role").get("arn", "")) or unless_none("role"),
        "S3_OUTPUT": unless_none("output"),
        "INSTANCE_TYPE": None if instance == "none" else instance,
        "INSTANCE_COUNT": int(count) if count.isdigit() else 1,
        "POLL_SECONDS": POLL_SECONDS,
        "TIMEOUT_MINUTES": TIMEOUT_MINUTES,
        "FORCE_NEW_RUN": False,
    }
