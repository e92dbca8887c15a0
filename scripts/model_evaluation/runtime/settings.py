"""What the notebook was told: its parameters, checked and typed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from .shard_names import shard_names

DEFAULT_PREFIX = "model-evaluation"  # used when S3_OUTPUT is a whole bucket, which the SDK cannot work with
MODEL_PACKAGE = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):(\d{12}):model-package/([^/]+)/(\d+)")
HUB_MODEL = re.compile(r"arn:aws[a-z-]*:sagemaker:([a-z0-9-]+):([^:]*):hub-content/([^/]+)/Model/([^/]+)/(.+)")

Default = TypeVar("Default")


def well_formed(text: str) -> str:
    """``text`` with lone surrogates written as escapes: a kernel that is asked to show one loses the whole output."""
    return text.encode("utf-8", errors="backslashreplace").decode("utf-8")


class NotebookError(RuntimeError):
    """A failure this notebook expects and can explain. ``fix`` says what to do; Jupyter shows no stack."""

    def __init__(self, message: str, *, fix: str) -> None:
        super().__init__(well_formed(f"{message}\n\nWhat to do: {fix}"))
        self.message = message
        self.fix = fix

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class SettingsError(NotebookError):
    """The parameters cell holds values that cannot be used."""


@dataclass(frozen=True)
class EvaluationSettings:
    """The parameters cell, checked. ``s3_output`` has no trailing slash and is never a whole bucket."""

    region: str
    role_arn: str
    model: str
    dataset: str
    judge: str
    builtin_metrics: tuple[str, ...]
    custom_metrics: str | None
    primary_metric: str
    evaluate_base_model: bool
    s3_output: str
    mlflow_resource_arn: str | None
    mlflow_experiment: str | None
    poll_seconds: float
    timeout_minutes: float | None
    run_label: str
    force_new_run: bool
    results_dir: str
    dataset_etag: str
    dataset_notes: tuple[str, ...] = ()

    @classmethod
    def from_parameters(cls, namespace: Mapping[str, Any]) -> EvaluationSettings:
        """Reads the parameter names from ``namespace``; :class:`SettingsError` names every fault at once."""
        reader = ParameterReader(namespace)
        settings = cls(
            region=reader.text("REGION"),
            role_arn=reader.text("ROLE_ARN"),
            model=reader.text("MODEL_PACKAGE_ARN"),
            dataset=reader.text("DATASET"),
            judge=reader.text("JUDGE_MODEL"),
            builtin_metrics=reader.names("BUILTIN_METRICS"),
            custom_metrics=reader.custom_metrics("CUSTOM_METRICS"),
            primary_metric=reader.text("PRIMARY_METRIC"),
            evaluate_base_model=reader.flag("EVALUATE_BASE_MODEL"),
            s3_output=reader.output_uri("S3_OUTPUT"),
            mlflow_resource_arn=reader.optional_text("MLFLOW_RESOURCE_ARN"),
            mlflow_experiment=reader.optional_text("MLFLOW_EXPERIMENT"),
            poll_seconds=reader.positive("POLL_SECONDS") or 1.0,
            timeout_minutes=reader.positive("TIMEOUT_MINUTES", optional=True),
            run_label=reader.optional_text("RUN_LABEL") or "",
            force_new_run=reader.flag("FORCE_NEW_RUN"),
            results_dir=reader.text("RESULTS_DIR"),
            dataset_etag=(reader.optional_text("DATASET_ETAG") or "").strip('"'),
            dataset_notes=reader.texts("DATASET_NOTES"),
        )
        if not reader.faults and settings.primary_metric not in settings.metric_names:
            reader.faults.append(
                f"PRIMARY_METRIC must be one of {', '.join(settings.metric_names) or 'the chosen metrics'} "
                f"(received {settings.primary_metric!r})"
            )
        if not reader.faults and settings.dataset_etag and len(settings.shards) != len(settings.shard_etags):
            reader.faults.append(
                f"DATASET_ETAG must hold {len(settings.shards)} ETags separated by commas, one per file, or be empty"
            )
        if reader.faults:
            raise SettingsError(
                "The parameters cell cannot be used:\n" + "\n".join(f"  - {fault}" for fault in reader.faults),
                fix="Correct the parameters cell and run the notebook again from there.",
            )
        return settings

    @property
    def scope(self) -> str:
        """``compare`` (both models), ``tuned`` or ``base``: what model and EVALUATE_BASE_MODEL amount to."""
        if MODEL_PACKAGE.fullmatch(self.model) is None:
            return "base"
        return "compare" if self.evaluate_base_model else "tuned"

    @property
    def shards(self) -> tuple[EvaluationSettings, ...]:
        """One configuration per file of the dataset: themselves, or for ``.../rows-*-of-003.jsonl`` three."""
        names, etags = shard_names(self.dataset), self.shard_etags
        if names == [self.dataset]:
            return (self,)
        return tuple(
            replace(
                self,
                dataset=name,
                dataset_etag=etags[number - 1] if len(etags) == len(names) else "",
                run_label=f"{self.run_label}-{number}of{len(names)}",
            )
            for number, name in enumerate(names, 1)
        )

    @property
    def shard_etags(self) -> list[str]:
        """The dataset's ETags, one per file."""
        return [etag.strip().strip('"') for etag in self.dataset_etag.split(",")]

    @property
    def metric_names(self) -> tuple[str, ...]:
        """Built-in metrics without ``Builtin.``, then custom metrics by their own names."""
        return (*self.builtin_metrics, *(item["name"] for item in custom_metric_definitions(self.custom_metrics)))

    @property
    def bedrock_custom_metrics(self) -> str | None:
        """The custom metrics as Bedrock takes them: our ``direction`` key is not part of its format."""
        if self.custom_metrics is None:
            return None
        items = json.loads(self.custom_metrics)
        bare = [{key: value for key, value in item.items() if key != "direction"} for item in items]
        return json.dumps(bare, ensure_ascii=False)

    def summary(self) -> str:
        """The configuration as a few aligned lines."""
        models = {"compare": "fine-tuned and base", "tuned": "fine-tuned only", "base": "base only"}
        rows = {
            "Model": self.model,
            "Evaluates": models[self.scope],
            "Dataset": self.dataset,
            "Judge": self.judge,
            "Metrics": ", ".join(self.metric_names),
            "Decides": self.primary_metric,
            "Region": self.region,
            "Role": self.role_arn,
            "Results": self.s3_output,
        }
        return well_formed("\n".join(f"{name:<10} {value}" for name, value in rows.items()))


class ParameterReader:
    """Reads single parameters, gathering what is wrong with them in ``faults``."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self._namespace = namespace
        self.faults: list[str] = []

    def text(self, name: str) -> str:
        value = self._namespace.get(name)
        return value if isinstance(value, str) and value.strip() else self._fault(name, "text", "")

    def optional_text(self, name: str) -> str | None:
        value = self._namespace.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            return None
        return value if isinstance(value, str) else self._fault(name, "text or None", None)

    def flag(self, name: str) -> bool:
        value = self._namespace.get(name)
        return value if isinstance(value, bool) else self._fault(name, "True or False", False)

    def positive(self, name: str, *, optional: bool = False) -> float | None:
        value = self._namespace.get(name)
        if optional and value is None:
            return None
        usable = isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")
        return float(value) if usable else self._fault(name, "a number above 0", None)  # type: ignore[arg-type]

    def names(self, name: str) -> tuple[str, ...]:
        value = self._namespace.get(name)
        if value is None:
            return ()
        usable = isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)
        if not usable:
            return self._fault(name, "a list of metric names", ())
        return tuple(dict.fromkeys(re.sub(r"(?i)^builtin\.", "", item) for item in value))

    def texts(self, name: str) -> tuple[str, ...]:
        value = self._namespace.get(name) or ()
        usable = isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)
        return tuple(value) if usable else self._fault(name, "a list of texts", ())

    def custom_metrics(self, name: str) -> str | None:
        text = self.optional_text(name)
        if text is None:
            return None
        try:
            definitions = custom_metric_definitions(text)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return self._fault(name, f"JSON text of Bedrock's array of metric definitions ({error})", None)
        return text if definitions else None

    def output_uri(self, name: str) -> str:
        value = self.text(name)
        match = re.fullmatch(r"s3://([^/]+)(/.*)?", value, re.DOTALL)
        if match is None:
            return value and self._fault(name, "s3://bucket/prefix", "")
        prefix = (match[2] or "").strip("/")
        return f"s3://{match[1]}/{prefix or DEFAULT_PREFIX}"

    def _fault(self, name: str, expected: str, default: Default) -> Default:
        if name in self._namespace:
            received = repr(self._namespace[name])
            received = received if len(received) <= 80 else received[:77] + "..."
            self.faults.append(f"{name} must be {expected} (received {received})")
        else:
            self.faults.append(f"{name} is missing; expected {expected}")
        return default


def custom_metric_definitions(text: str | None) -> list[dict[str, Any]]:
    """The ``customMetricDefinition`` objects in the JSON text; empty for ``None``.

    ``ValueError``, ``TypeError`` or ``KeyError`` when it is not Bedrock's array.
    """
    items = [] if text is None else json.loads(text)
    if not isinstance(items, list):
        raise ValueError("not an array")
    definitions = [item["customMetricDefinition"] for item in items]
    for definition in definitions:
        if not isinstance(definition["name"], str):
            raise ValueError("a metric's name is not text")
    return definitions
