"""The conversation that the demo holds. Two answers are refused on the way, as in life."""

from __future__ import annotations

from importlib import resources

from model_evaluation.localaws.kind_player import DemoScript

CUSTOM_METRICS = "custom_metrics.json"


def demo_dataset() -> bytes:
    """The sample dataset: 60 support tickets with reference answers."""
    return _sample("support_tickets.jsonl")


def demo_custom_metrics() -> str:
    """The sample custom metric, as JSON text."""
    return _sample(CUSTOM_METRICS).decode()


def _sample(name: str) -> bytes:
    return resources.files(__package__).joinpath(name).read_bytes()


SCRIPT = DemoScript(
    project="fernway-support",
    made_up="the models' answers and the judge's scores",
    answers={
        "task": ["Answer the questions of Fernway's customers in a few plain, friendly sentences"],
        "dataset": ["s3://{bucket}/datasets/", "{dataset_uri}"],
        "data": ["ok"],
        "builtin_metrics": ["correctness, Completeness, professional style and tone, Harmfulness"],
        "primary_metric": ["Correctness"],
        "model": ["{group_keyword}", "{group_name}"],
        "judge": ["{judge}"],
        "role": ["{role_arn}"],
        "mlflow": ["{mlflow_app_arn}"],
        "confirm": ["yes"],
        "terms": ["I agree"],
    },
    volunteered={"custom_metrics": CUSTOM_METRICS},
    files={CUSTOM_METRICS: _sample(CUSTOM_METRICS)},
)
