"""Parameters as a finished workflow would hand them over."""

from __future__ import annotations

from typing import Any

import pytest

TONE = [
    {
        "customMetricDefinition": {
            "name": "Tone",
            "instructions": 'You grade tone.\nIs the answer "polite" but firm?\n{{prompt}}\n{{prediction}}',
            "ratingScale": [
                {"definition": "Polite", "value": {"floatValue": 1}},
                {"definition": "Rude", "value": {"floatValue": 0}},
            ],
        },
        "direction": "higher",
    }
]


@pytest.fixture
def parameters() -> dict[str, Any]:
    return {
        "REGION": "us-west-2",
        "ROLE_ARN": "arn:aws:iam::123456789012:role/EvaluationRole",
        "MODEL_PACKAGE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:model-package/support-bot/3",
        "DATASET": "s3://acme-sagemaker-data/evaluation/support.jsonl",
        "JUDGE_MODEL": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "BUILTIN_METRICS": ["Correctness", "Helpfulness", "Harmfulness"],
        "CUSTOM_METRICS": TONE,
        "PRIMARY_METRIC": "Correctness",
        "EVALUATE_BASE_MODEL": True,
        "REFERENCE_MODEL_ARN": None,
        "S3_OUTPUT": "s3://acme-sagemaker-data/evaluation-results",
        "MLFLOW_RESOURCE_ARN": "arn:aws:sagemaker:us-west-2:123456789012:mlflow-app/app-ABCDEF123456",
        "MLFLOW_EXPERIMENT": None,
        "POLL_SECONDS": 30,
        "TIMEOUT_MINUTES": 240,
        "RUN_LABEL": "support-bot",
        "FORCE_NEW_RUN": False,
        "RESULTS_DIR": "results",
        "DATASET_ETAG": "9b2cf535f27731c974343645a3985328",
        "DATASET_NOTES": [],
    }
