"""The parameters of every evaluation that one of the SDK's evaluators runs, from the shared steps' answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import JsonObject
from model_evaluation.naming import project_slug
from model_evaluation.steps.decoding import settings_of
from model_evaluation.steps.rows.card import notebook_notes
from model_evaluation.steps.scope import reference_package


def evaluator_parameters(context: Context) -> JsonObject:
    """By name: where it runs, which models, where results go, how it is watched; and the dataset and the decoding
    settings where the kind asks for them."""
    scope, mlflow = context.value("scope"), context.value("mlflow")
    model = context.facts("model")
    parameters: JsonObject = {
        "REGION": context.value("region"),
        "ROLE_ARN": context.facts("role").get("arn", context.value("role")),
        "MODEL_PACKAGE_ARN": model["base_model_id"] if scope == "base" else context.value("model"),
        "EVALUATE_BASE_MODEL": scope == "compare",
        "REFERENCE_MODEL_ARN": reference_package(context),
        "S3_OUTPUT": context.value("output"),
        "MLFLOW_RESOURCE_ARN": None if mlflow == "create" else mlflow,
        "MLFLOW_EXPERIMENT": None,
        "POLL_SECONDS": 30,
        "TIMEOUT_MINUTES": 240,
        "RUN_LABEL": project_slug(context.project),
        "FORCE_NEW_RUN": False,
        "RESULTS_DIR": "results",
    }
    if "dataset" in context.kind.steps:
        parameters["DATASET"] = context.value("dataset")
        parameters["DATASET_ETAG"] = context.facts("dataset").get("etag", "")
        parameters["DATASET_NOTES"] = notebook_notes(context)
    if "decoding" in context.kind.steps:
        parameters["DECODING"] = settings_of(context)
    return parameters
