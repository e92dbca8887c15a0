"""The parameters cell of an evaluation with a judge."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from model_evaluation.runtime.checks import DATASET, OUTPUT, SESSION
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.evaluators import EvaluatorSettings, check_model
from model_evaluation.runtime.settings import Json, ParameterReader, parameter

from .judge_checks import check_judge
from .judge_runs import JudgeRuns


def _bare(name: str) -> str:
    """A metric's name without ``Builtin.``, which the SDK takes too."""
    return re.sub(r"(?i)^builtin\.", "", name)


@dataclass(frozen=True, kw_only=True)
class JudgeSettings(EvaluatorSettings):
    """``custom_metrics`` are Bedrock's definitions, each with our ``direction`` beside it where it was declared."""

    kind = "llm_as_judge"
    runs = JudgeRuns()
    checks = (*SESSION, ("Model", check_model), *DATASET, ("Judge", check_judge), *OUTPUT)
    services = ("sagemaker", "s3", "sts", "logs", "bedrock")

    dataset: str = parameter("DATASET", ParameterReader.text, "dataset")
    judge: str = parameter("JUDGE_MODEL", ParameterReader.text, "judge")
    primary_metric: str = parameter("PRIMARY_METRIC", lambda reader, name: _bare(reader.text(name)))
    builtin_metrics: list[str] = field(default_factory=list)
    custom_metrics: list[Json] = field(default_factory=list)

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        builtin = reader.texts("BUILTIN_METRICS", "a list of metric names")
        return super().read(reader) | {
            "builtin_metrics": list(dict.fromkeys(_bare(name) for name in builtin if name)),
            "custom_metrics": _custom_metrics(reader),
        }

    def faults(self) -> list[str]:
        faults = super().faults()
        if faults or self.primary_metric in self.metric_names:
            return faults
        names = ", ".join(self.metric_names) or "the chosen metrics"
        return [f"PRIMARY_METRIC must be one of {names} (received {self.primary_metric!r})"]

    def configuration(self) -> Json:
        custom = self.custom_metrics_json
        return {
            **super().configuration(),
            "builtin_metrics": sorted(self.builtin_metrics),
            "custom_metrics": None if custom is None else json.loads(custom),
        }

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {**super().sizes(dataset), "metrics": len(self.metric_names)}

    def contents(self) -> dict[str, str]:
        return {
            "Dataset": self.dataset,
            "Judge": self.judge,
            "Metrics": ", ".join(self.metric_names),
            "Decides": self.primary_metric,
        }

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Built-in metrics without ``Builtin.``, then custom metrics by their own names."""
        return (*self.builtin_metrics, *(item["customMetricDefinition"]["name"] for item in self.custom_metrics))

    @property
    def custom_metrics_json(self) -> str | None:
        """The custom metrics as Bedrock takes them: our ``direction`` key is not part of its format."""
        bare = [{key: value for key, value in item.items() if key != "direction"} for item in self.custom_metrics]
        return json.dumps(bare, ensure_ascii=False) if bare else None


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


SETTINGS = JudgeSettings
