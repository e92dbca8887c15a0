"""What another tool left in workflow_state.json, as suggestions for our steps. Nothing here is trusted:
a suggestion is confirmed by the user and then checked like any answer."""

from __future__ import annotations

from model_evaluation.json_types import Document

# The first key that holds a non-empty string wins.
KEYS: dict[str, tuple[str, ...]] = {
    "task": ("task", "task_description", "use_case"),
    "dataset": (
        "evaluation_dataset",
        "evaluation_dataset_path",
        "eval_dataset_path",
        "dataset_path",
        "dataset_arn",
        "dataset_s3_uri",
        "dataset",
    ),
    "model": (
        "model_package_arn",
        "model_package_group_arn",
        "model_package_group_name",
        "training_job_arn",
        "training_job_name",
    ),
    "region": ("region", "aws_region"),
    "role": ("role_arn", "execution_role_arn", "role"),
    "mlflow": ("mlflow_resource_arn", "mlflow_app_arn", "mlflow_tracking_server_arn"),
    "output": ("s3_output_path", "s3_output", "output_path"),
}


def suggestion(step_id: str, document: Document) -> str | None:
    """What ``document`` suggests for a step: the answer it had before it was reopened, else another tool's value."""
    reopened = None if step_id == "data" else document.get("reopened", {}).get(step_id)  # that was another dataset's
    if isinstance(reopened, str) and reopened:
        return reopened
    if isinstance(reopened, list) and reopened and all(isinstance(item, str) for item in reopened):
        return ",".join(reopened)
    for key in KEYS.get(step_id, ()):
        value = document.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None
