"""The parameters cell of an evaluation with Inspect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

from model_evaluation.runtime.checks import OUTPUT, SESSION
from model_evaluation.runtime.dataset_files import DatasetSize
from model_evaluation.runtime.launch.evaluators import numbers_in
from model_evaluation.runtime.s3_uri import S3Uri
from model_evaluation.runtime.settings import Json, ParameterReader, Settings, parameter
from model_evaluation.runtime.tasks.parameter import Parameter

from .inspect_runs import InspectRuns
from .model_checks import check_benchmarks, check_hub_model, check_targets
from .targets import Target

TASK_KEYS = {"name": str, "path": str, "limit": int, "epochs": int, "task_args": dict}
DECODING = {
    "temperature": Parameter("float", 0, 0, 2),
    "top_p": Parameter("float", 1, 0, 1),
    "max_tokens": Parameter("integer", 8192, 1, 1_000_000),
}
UNKNOWN_SAMPLES = 100  # where a task does not say how many it has
REFERENCE_LABEL = "reference"


def _target(reader: ParameterReader, name: str, *, optional: bool = False) -> Target | None:
    value = reader.structure(name)
    if value is None and optional:
        return None
    try:
        return Target.read(value)
    except ValueError as error:
        return reader.fault(name, str(error), None)


def _tasks(reader: ParameterReader, name: str) -> tuple[Json, ...]:
    """Unknown keys are refused: the SDK drops them, and a misspelt limit would run the whole set."""
    value = reader.structure(name)
    expected = f"a list of dictionaries with name and, where wanted, {', '.join(list(TASK_KEYS)[1:])}"
    if not isinstance(value, list) or not value:
        return reader.fault(name, expected, ())
    for task in value:
        if not isinstance(task, dict) or not task.get("name") or not set(task) <= TASK_KEYS.keys():
            return reader.fault(name, expected, ())
        wrong = [key for key, own in task.items() if not isinstance(own, TASK_KEYS[key]) or isinstance(own, bool)]
        if wrong or any(task.get(key, 1) < 1 for key in ("limit", "epochs")):
            return reader.fault(name, f"{expected}; limit and epochs are whole numbers from 1 on", ())
        if not str(task.get("path", ".py")).endswith(".py"):
            return reader.fault(name, f"{expected}; path ends in .py", ())
    if len({task["name"] for task in value}) < len(value):
        return reader.fault(name, "each task once", ())
    return tuple(value)


def _decoding(reader: ParameterReader, name: str) -> dict[str, int | float]:
    expected = "a dictionary such as {'temperature': 0.0, 'max_tokens': 2048}, with " + "; ".join(
        f"{setting}: {own.bounds()}" for setting, own in DECODING.items()
    )
    value = numbers_in(reader, name, expected)
    if all(own in DECODING and DECODING[own].takes(number) for own, number in value.items()):
        return value
    return reader.fault(name, expected, {})


@dataclass(frozen=True, kw_only=True)
class InspectSettings(Settings):
    """``tasks`` are what is run, ``samples`` how many samples they have together where that is known. ``target`` is the
    model of this run, ``reference`` the one to compare it with, in a run of its own. ``error_share`` (0 to 1) is the
    share of failed samples above which Inspect calls the run failed; it never stops it."""

    kind = "inspect_ai"
    runs = InspectRuns()
    checks = (
        *SESSION,
        ("Model", check_targets),
        ("Hub model", check_hub_model),
        ("Tasks", check_benchmarks),
        *OUTPUT,
    )

    role_arn: str = parameter("ROLE_ARN", ParameterReader.text, "role")
    target: Target = parameter("MODEL", lambda reader, name: _target(reader, name) or Target())
    reference: Target | None = parameter("REFERENCE", lambda reader, name: _target(reader, name, optional=True))
    benchmarks: str = parameter("BENCHMARKS", ParameterReader.text, "benchmarks")
    benchmarks_digest: str = parameter("BENCHMARKS_DIGEST", ParameterReader.text_or_empty, "benchmarks_digest")
    tasks: tuple[Json, ...] = parameter("TASKS", _tasks, "tasks")
    samples: int | None = parameter("SAMPLES", lambda reader, name: int(reader.optional_positive(name) or 0) or None)
    decoding: Mapping[str, int | float] = parameter("DECODING", _decoding, "decoding")
    error_share: float = parameter("ERROR_SHARE", lambda reader, name: reader.positive(name) or 0.1, "error_share")
    hub_model: str = parameter("HUB_MODEL", ParameterReader.text)
    primary_metric: str = parameter("PRIMARY_METRIC", ParameterReader.text_or_empty)
    s3_output: str = parameter("S3_OUTPUT", ParameterReader.output_uri, "output")
    mlflow_resource_arn: str | None = parameter("MLFLOW_RESOURCE_ARN", ParameterReader.optional_text)

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        values = super().read(reader)
        return values | {"model": values["target"].name}

    def faults(self) -> list[str]:
        faults = super().faults()
        try:
            S3Uri.parse(self.benchmarks)
        except ValueError:
            faults.append(f"BENCHMARKS must be a folder in S3, s3://bucket/folder/ (received {self.benchmarks[:80]!r})")
        if self.error_share >= 1:
            faults.append(f"ERROR_SHARE must be a share below 1, such as 0.1 (received {self.error_share:g})")
        if self.reference == self.target:
            faults.append(f"REFERENCE must be another model than MODEL, or None (received {self.target.name!r})")
        return faults

    def configuration(self) -> Json:
        return {**super().configuration(), "model": self.target.name, "target": self.target.as_parameter()}

    @property
    def parts(self) -> tuple[Self, ...]:
        """A run per model: the SDK's evaluator takes one."""
        own = replace(self, reference=None)
        if self.reference is None:
            return (own,)
        label = "-".join(filter(None, (self.run_label, REFERENCE_LABEL)))
        return (own, replace(own, target=self.reference, model=self.reference.name, run_label=label))

    def sizes(self, dataset: DatasetSize) -> dict[str, int]:
        return {"rows": self.samples or UNKNOWN_SAMPLES}

    def overview(self) -> dict[str, str]:
        return {
            "Model": self.target.words,
            "Beside": self.reference.words if self.reference else "nothing: it is evaluated alone",
            "Tasks": ", ".join(str(task["name"]) for task in self.tasks),
            "From": self.benchmarks,
            "Decoding": ", ".join(f"{name}={value}" for name, value in self.decoding.items()) or "the SDK's own",
            **super().overview(),
            "Role": self.role_arn,
            "Results": self.s3_output,
        }

    @property
    def task_names(self) -> tuple[str, ...]:
        return tuple(str(task["name"]) for task in self.tasks)

    @property
    def sdk_tasks(self) -> list[Json]:
        """The tasks as the SDK takes them."""
        return [dict(task) for task in self.tasks]

    @property
    def extra_args(self) -> list[str]:
        """What Inspect is told of samples that fail: to go on, and to say so when they were many. Without it the
        container drops them and calls every run a success."""
        return [f"--fail-on-error={self.error_share:g}", "--continue-on-fail"]

    def output_of(self, run_name: str) -> str:
        """A folder for each run: the SDK's has no run's name in it, and logs of several could not be told apart."""
        return f"{self.s3_output}/{run_name}"


SETTINGS = InspectSettings
