"""The parameters of an evaluation with Inspect, for short runs in a small account."""

from __future__ import annotations

from typing import Any

PARAMETERS: dict[str, Any] = {
    "REGION": "us-west-2",
    "ROLE_ARN": "arn:aws:iam::123456789012:role/EvaluationRole",
    "MODEL": {"endpoint": "fernway-assistant-v3"},
    "REFERENCE": {"endpoint": "fernway-assistant-v2"},
    "HUB_MODEL": "nova-textgeneration-lite-v2",
    "BENCHMARKS": "s3://acme-data/inspect-tasks/",
    "BENCHMARKS_DIGEST": "",
    "TASKS": [{"name": "capitals", "path": "geography.py", "limit": 12, "epochs": 2}],
    "SAMPLES": 24,
    "DECODING": {"temperature": 0.7, "max_tokens": 64},
    "ERROR_SHARE": 0.1,
    "PRIMARY_METRIC": "includes",
    "S3_OUTPUT": "s3://acme-data/evaluation-results",
    "MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-ABCDEF123456",
    "POLL_SECONDS": 0.1,
    "TIMEOUT_MINUTES": 10,
    "RUN_LABEL": "support-bot",
    "FORCE_NEW_RUN": False,
    "RESULTS_DIR": "results",
}
