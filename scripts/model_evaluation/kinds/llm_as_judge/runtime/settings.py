"""The parameters cell of an evaluation with a judge."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from model_evaluation.runtime.checks import (
    check_dataset,
    check_dataset_bucket,
    check_hub_model,
    check_identity,
    check_mlflow,
    check_model_package,
    check_output,
    check_region,
)
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.models import base_model_of, hub_model_name, is_package
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import ParameterReader, Settings

from .judge_check import check_judge
from .judge_runs import JudgeRuns

MODELS_IN_WORDS = {"compare": "fine-tuned and base", "tuned": "fine-tuned only", "base": "base only"}


def check_model(settings: JudgeSettings, aws: AwsClients) -> str:
    """A model package, or a base model of the hub."""
    return (check_hub_model if settings.scope == "base" else check_model_package)(settings, aws)


@dataclass(frozen=True, kw_only=True)
class JudgeSettings(Settings):
    """``custom_metrics`` are Bedrock's definitions, each with our ``direction`` beside it where it was declared."""

    kind = "llm_as_judge"
    runs = JudgeRuns()
    checks = (
        ("Credentials", check_identity),
        ("Region", check_region),
        ("Model", check_model),
        ("Dataset", check_dataset),
        ("Dataset bucket", check_dataset_bucket),
        ("Judge", check_judge),
        ("Output bucket", check_output),
        ("MLflow", check_mlflow),
    )
    services = ("sagemaker", "s3", "sts", "logs", "bedrock")

    judge: str
    primary_metric: str
    evaluate_base_model: bool
    builtin_metrics: list[str] = field(default_factory=list)
    custom_metrics: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, reader: ParameterReader) -> dict[str, Any]:
        model = reader.text("MODEL_PACKAGE_ARN")
        builtin = reader.texts("BUILTIN_METRICS", "a list of metric names")
        return super().read(reader) | {
            "role_arn": reader.text("ROLE_ARN"),
            "model": model,
            "dataset": reader.text("DATASET"),
            "dataset_etag": (reader.optional_text("DATASET_ETAG") or "").strip('"'),
            "dataset_notes": tuple(reader.texts("DATASET_NOTES")),
            "judge": reader.text("JUDGE_MODEL"),
            "builtin_metrics": list(dict.fromkeys(re.sub(r"(?i)^builtin\.", "", name) for name in builtin if name)),
            "custom_metrics": _custom_metrics(reader),
            "primary_metric": reader.text("PRIMARY_METRIC"),
            "evaluate_base_model": reader.flag("EVALUATE_BASE_MODEL") and is_package(model),
            "s3_output": reader.output_uri("S3_OUTPUT"),
            "mlflow_resource_arn": reader.optional_text("MLFLOW_RESOURCE_ARN"),
            "mlflow_experiment": reader.optional_text("MLFLOW_EXPERIMENT"),
        }

    def faults(self) -> list[str]:
        if self.primary_metric in self.metric_names:
            return super().faults()
        names = ", ".join(self.metric_names) or "the chosen metrics"
        return [f"PRIMARY_METRIC must be one of {names} (received {self.primary_metric!r})"]

    def configuration(self) -> dict[str, Any]:
        custom = self.custom_metrics_json
        return {
            **super().configuration(),
            "role": self.role_arn,
            "model": self.model,
            "dataset": self.dataset,
            "dataset_etag": self.dataset_etag,
            "judge": self.judge,
            "builtin_metrics": sorted(self.builtin_metrics),
            "custom_metrics": None if custom is None else json.loads(custom),
            "evaluate_base_model": self.evaluate_base_model,
            "output": self.s3_output,
            "mlflow_resource": self.mlflow_resource_arn,
            "mlflow_experiment": self.mlflow_experiment,
        }

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {**super().sizes(dataset), "metrics": len(self.metric_names)}

    def overview(self) -> dict[str, str]:
        return {
            "Model": self.model,
            "Evaluates": MODELS_IN_WORDS[self.scope],
            "Dataset": self.dataset,
            "Judge": self.judge,
            "Metrics": ", ".join(self.metric_names),
            "Decides": self.primary_metric,
            **super().overview(),
            "Role": self.role_arn,
            "Results": self.s3_output,
        }

    @property
    def scope(self) -> str:
        """``compare`` (both models), ``tuned`` or ``base``: what model and EVALUATE_BASE_MODEL amount to."""
        if not is_package(self.model):
            return "base"
        return "compare" if self.evaluate_base_model else "tuned"

    @property
    def sdk_model(self) -> str:
        """The model as the SDK takes it: a hub model by its name, not by its ARN."""
        return hub_model_name(self.model)

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Built-in metrics without ``Builtin.``, then custom metrics by their own names."""
        return (*self.builtin_metrics, *(item["customMetricDefinition"]["name"] for item in self.custom_metrics))

    @property
    def custom_metrics_json(self) -> str | None:
        """The custom metrics as Bedrock takes them: our ``direction`` key is not part of its format."""
        bare = [{key: value for key, value in item.items() if key != "direction"} for item in self.custom_metrics]
        return json.dumps(bare, ensure_ascii=False) if bare else None

    def model_names(self, aws: AwsClients) -> dict[str, str | None]:
        """What the two sides are called: ``tuned`` by its package, ``base`` by its name in the hub.

        A side that is not evaluated, or a base model that the package does not name, is ``None``.
        """
        if self.scope == "base":
            return {"tuned": None, "base": self.model}
        return {"tuned": self.model, "base": base_model_of(self.model, aws) if self.scope == "compare" else None}


def _custom_metrics(reader: ParameterReader) -> list[dict[str, Any]]:
    metrics = reader.structure("CUSTOM_METRICS")
    try:
        if metrics is None or all(isinstance(item["customMetricDefinition"]["name"], str) for item in metrics):
            return list(metrics or ())
        problem = "a metric's name is not text"
    except (TypeError, KeyError) as error:
        problem = repr(error)
    return reader.fault("CUSTOM_METRICS", f"a list of Bedrock's metric definitions ({problem})", [])
