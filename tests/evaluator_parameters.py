"""The parameters of every evaluation that one of the SDK's evaluators runs, for short runs in a small account."""

from __future__ import annotations

from typing import Any

PACKAGE = "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/3"
EVALUATOR: dict[str, Any] = {
    "REGION": "us-west-2",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/EvaluationRole",
    "MODEL_PACKAGE_ARN": PACKAGE,
    "EVALUATE_BASE_MODEL": True,
    "REFERENCE_MODEL_ARN": None,
    "S3_OUTPUT": "s3://acme-data/evaluation-results",
    "MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-ABCDEF123456",
    "MLFLOW_EXPERIMENT": None,
    "POLL_SECONDS": 0.1,
    "TIMEOUT_MINUTES": 10,
    "RUN_LABEL": "support-bot",
    "FORCE_NEW_RUN": False,
    "RESULTS_DIR": "results",
}
