"""The parameters cell of an evaluation with a judge."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace

from model_evaluation.runtime.checks import (
    check_dataset,
    check_dataset_bucket,
    check_hub_model,
    check_identity,
    check_mlflow,
    check_model_package,
    check_output,
    check_region,
    check_sdk_environment,
)
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.models import base_model_of, hub_model_name, is_package, resolved_model
from model_evaluation.runtime.session import AwsClients
from model_evaluation.runtime.settings import Json, ParameterReader, Settings

from .judge_check import check_judge
from .judge_runs import JudgeRuns

MODELS_IN_WORDS = {"compare": "fine-tuned and base", "tuned": "fine-tuned only", "base": "base only"}
REFERENCE_LABEL = "reference"


def check_model(settings: JudgeSettings, aws: AwsClients) -> str:
    """A model package, or a base model of the hub."""
    if settings.scope == "base":
        return check_hub_model(settings, aws)
    packages = [settings, *([replace(settings, model=settings.reference)] if settings.reference else [])]
    return "; ".join(check_model_package(package, aws) for package in packages)


@dataclass(frozen=True, kw_only=True)
class JudgeSettings(Settings):
    """``custom_metrics`` are Bedrock's definitions, each with our ``direction`` beside it where it was declared."""

    kind = "llm_as_judge"
    runs = JudgeRuns()
    checks = (
        ("Credentials", check_identity),
        ("Region", check_region),
        ("SDK", check_sdk_environment),
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
    reference: str | None = None
    builtin_metrics: list[str] = field(default_factory=list)
    custom_metrics: list[Json] = field(default_factory=list)

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
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
            "reference": reader.optional_text("REFERENCE_MODEL_ARN"),
            "s3_output": reader.output_uri("S3_OUTPUT"),
            "mlflow_resource_arn": reader.optional_text("MLFLOW_RESOURCE_ARN"),
            "mlflow_experiment": reader.optional_text("MLFLOW_EXPERIMENT"),
        }

    def faults(self) -> list[str]:
        both_packages = is_package(self.model) and is_package(self.reference or self.model)
        if self.reference and (self.evaluate_base_model or not both_packages):
            expected = "a model package to compare another one with, EVALUATE_BASE_MODEL = False beside it"
            return [f"REFERENCE_MODEL_ARN must be {expected} (received {self.reference!r})"]
        if self.primary_metric in self.metric_names:
            return super().faults()
        names = ", ".join(self.metric_names) or "the chosen metrics"
        return [f"PRIMARY_METRIC must be one of {names} (received {self.primary_metric!r})"]

    def configuration(self) -> Json:
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

    def resolved(self, aws: AwsClients) -> JudgeSettings:
        reference = resolved_model(self.reference, aws) if self.reference else None
        return replace(super().resolved(aws), reference=reference)

    @property
    def parts(self) -> tuple[JudgeSettings, ...]:
        """Beside a reference a run for each of the two models, which are evaluated in the same way."""
        if self.reference is None:
            return self.shards
        label = "-".join(filter(None, (self.run_label, REFERENCE_LABEL)))
        other = replace(self, model=self.reference, reference=None, run_label=label)
        return (*replace(self, reference=None).shards, *other.shards)

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {**super().sizes(dataset), "metrics": len(self.metric_names)}

    def overview(self) -> dict[str, str]:
        return {
            "Model": self.model,
            "Evaluates": f"beside {self.reference}" if self.reference else MODELS_IN_WORDS[self.scope],
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
        """``compare`` (both models), ``tuned`` or ``base``: what the models that are named amount to."""
        if not is_package(self.model):
            return "base"
        return "compare" if self.evaluate_base_model or self.reference else "tuned"

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
        """What the two sides are called: ``tuned`` by its package, ``base`` by its name in the hub, or the package of
        the reference.

        A side that is not evaluated, or a base model that the package does not name, is ``None``.
        """
        if self.scope == "base":
            return {"tuned": None, "base": self.model}
        base = base_model_of(self.model, aws) if self.evaluate_base_model else self.reference
        return {"tuned": self.model, "base": base}


def _custom_metrics(reader: ParameterReader) -> list[Json]:
    value = reader.structure("CUSTOM_METRICS")
    if value is None:
        return []
    problem = f"received is a {type(value).__name__}"
    if isinstance(value, list):
        try:
            if all(isinstance(item["customMetricDefinition"]["name"], str) for item in value):
                return value
            problem = "a metric's name is not text"
        except (TypeError, KeyError) as error:
            problem = repr(error)
    return reader.fault("CUSTOM_METRICS", f"a list of Bedrock's metric definitions ({problem})", [])
