"""The parameters cell of an evaluation that an evaluator of the SageMaker SDK runs: a model alone, beside its base
model, or beside another fine-tuned one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Self

from .checks import check_hub_model, check_model_package
from .models import base_model_of, hub_model_name, is_package, resolved_model
from .session import AwsClients
from .settings import Json, ParameterReader, Settings

MODELS_IN_WORDS: Mapping[str, str] = {
    "compare": "fine-tuned and base",
    "tuned": "fine-tuned only",
    "base": "base only",
}
REFERENCE_LABEL = "reference"


@dataclass(frozen=True, kw_only=True)
class EvaluatorSettings(Settings):
    """What every such evaluation has; a kind adds what is evaluated and how."""

    evaluate_base_model: bool
    reference: str | None = None

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        model = reader.text("MODEL_PACKAGE_ARN")
        return super().read(reader) | {
            "role_arn": reader.text("ROLE_ARN"),
            "model": model,
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
        return super().faults()

    def configuration(self) -> Json:
        return {
            **super().configuration(),
            "role": self.role_arn,
            "model": self.model,
            "evaluate_base_model": self.evaluate_base_model,
            "output": self.s3_output,
            "mlflow_resource": self.mlflow_resource_arn,
            "mlflow_experiment": self.mlflow_experiment,
        }

    def resolved(self, aws: AwsClients) -> Self:
        reference = resolved_model(self.reference, aws) if self.reference else None
        return replace(super().resolved(aws), reference=reference)

    @property
    def parts(self) -> tuple[Self, ...]:
        """Beside a reference the runs of each of the two models, which are evaluated in the same way."""
        if self.reference is None:
            return self.runs_of_a_model
        label = "-".join(filter(None, (self.run_label, REFERENCE_LABEL)))
        other = replace(self, model=self.reference, reference=None, run_label=label)
        return (*replace(self, reference=None).runs_of_a_model, *other.runs_of_a_model)

    @property
    def runs_of_a_model(self) -> tuple[Self, ...]:
        """One configuration per run that a model takes: one per file of the dataset."""
        return self.shards

    @property
    def scope(self) -> str:
        """``compare`` (both models), ``tuned`` or ``base``: what the models that are named amount to."""
        if not is_package(self.model):
            return "base"
        return "compare" if self.evaluate_base_model or self.reference else "tuned"

    @property
    def evaluates(self) -> str:
        """The same in words."""
        return f"beside {self.reference}" if self.reference else MODELS_IN_WORDS[self.scope]

    @property
    def sdk_model(self) -> str:
        """The model as the SDK takes it: a hub model by its name, not by its ARN."""
        return hub_model_name(self.model)

    def model_names(self, aws: AwsClients) -> dict[str, str | None]:
        """What the two sides are called: ``tuned`` by its package, ``base`` by its name in the hub, or the package of
        the reference.

        A side that is not evaluated, or a base model that the package does not name, is ``None``.
        """
        if self.scope == "base":
            return {"tuned": None, "base": self.model}
        base = base_model_of(self.model, aws) if self.evaluate_base_model else self.reference
        return {"tuned": self.model, "base": base}


@dataclass(frozen=True, kw_only=True)
class TaskSettings(EvaluatorSettings):
    """Of evaluations whose models answer the questions of one task. ``decoding`` holds settings that are not the
    recipe's own."""

    decoding: Mapping[str, int | float] = field(default_factory=dict)

    @property
    def task(self) -> str:
        """What the recipe calls the task."""
        raise NotImplementedError

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        return super().read(reader) | {"decoding": _decoding(reader)}

    def configuration(self) -> Json:
        return {**super().configuration(), "decoding": dict(sorted(self.decoding.items()))}

    @property
    def decoding_in_words(self) -> str:
        return ", ".join(f"{name}={value}" for name, value in self.decoding.items()) or "the recipe's own"

    @property
    def sdk_overrides(self) -> Json | None:
        """The decoding settings as the SDK takes them."""
        return {"inference": dict(self.decoding)} if self.decoding else None


def _decoding(reader: ParameterReader) -> dict[str, int | float]:
    value = reader.structure("DECODING")
    if value is None:
        return {}
    numbers = isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(number, int | float) and not isinstance(number, bool)
        for name, number in value.items()
    )
    if not numbers:
        return reader.fault("DECODING", "a dictionary of numbers, such as {'max_new_tokens': 8192}", {})
    return dict(value)  # type: ignore[call-overload,no-any-return]


def check_model(settings: EvaluatorSettings, aws: AwsClients) -> str:
    """A model package, beside a reference both, or a base model of the hub."""
    if settings.scope == "base":
        return check_hub_model(settings, aws)
    packages = [settings, *([replace(settings, model=settings.reference)] if settings.reference else [])]
    return "; ".join(check_model_package(package, aws) for package in packages)
