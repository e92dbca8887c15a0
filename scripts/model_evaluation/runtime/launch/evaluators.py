"""An evaluation that an evaluator of the SageMaker SDK runs: its parameters, and a start that sends what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Self, TypeVar

from model_evaluation.runtime.checks import check_hub_model, check_model_package
from model_evaluation.runtime.models import base_model_of, hub_model_name, is_package, resolved_model
from model_evaluation.runtime.results.evaluation import Evaluation, named_model, reference_labels
from model_evaluation.runtime.settings import Json, ParameterReader, Settings, parameter

from .ledger import LaunchError
from .pipelines import PipelineRuns

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

    from .service import Call, Started
    from .waiting import FinishedRun

MODELS_IN_WORDS: Mapping[str, str] = {"compare": "fine-tuned and base", "tuned": "fine-tuned only", "base": "base only"}
REFERENCE_LABEL = "reference"


@dataclass(frozen=True, kw_only=True)
class EvaluatorSettings(Settings):
    """What every such evaluation has; a kind adds what is evaluated and how."""

    role_arn: str = parameter("ROLE_ARN", ParameterReader.text, "role")
    model: str = parameter("MODEL_PACKAGE_ARN", ParameterReader.text, "model")
    evaluate_base_model: bool = parameter("EVALUATE_BASE_MODEL", ParameterReader.flag, "evaluate_base_model")
    reference: str | None = parameter("REFERENCE_MODEL_ARN", ParameterReader.optional_text)
    s3_output: str = parameter("S3_OUTPUT", ParameterReader.output_uri, "output")
    mlflow_resource_arn: str | None = parameter("MLFLOW_RESOURCE_ARN", ParameterReader.optional_text, "mlflow_resource")
    mlflow_experiment: str | None = parameter("MLFLOW_EXPERIMENT", ParameterReader.optional_text, "mlflow_experiment")

    @classmethod
    def read(cls, reader: ParameterReader) -> Json:
        values = super().read(reader)
        return values | {"evaluate_base_model": values["evaluate_base_model"] and is_package(values["model"])}

    def faults(self) -> list[str]:
        both_packages = is_package(self.model) and is_package(self.reference or self.model)
        if self.reference and (self.evaluate_base_model or not both_packages):
            expected = "a model package to compare another one with, EVALUATE_BASE_MODEL = False beside it"
            return [f"REFERENCE_MODEL_ARN must be {expected} (received {self.reference!r})"]
        return super().faults()

    def overview(self) -> dict[str, str]:
        return {
            "Model": self.model,
            "Evaluates": self.evaluates,
            **self.contents(),
            **super().overview(),
            "Role": self.role_arn,
            "Results": self.s3_output,
        }

    def contents(self) -> dict[str, str]:
        """What of :meth:`overview` is the kind's own."""
        return {}

    def evaluation(
        self, runs: Sequence[FinishedRun], aws: AwsClients, conditions: Mapping[str, object], primary_metric: str = ""
    ) -> Evaluation:
        """The head of the summary of these runs."""
        names = self.model_names(aws)
        return Evaluation(
            kind=self.kind,
            conditions=conditions,
            tuned=named_model(names["tuned"]),
            base=named_model(names["base"]),
            scope=self.scope,
            primary_metric=primary_metric,
            execution_arn=runs[0].execution_arn,
            created=runs[0].created.isoformat() if runs[0].created else "",
            simulated=aws.simulated,
            labels=reference_labels(self.reference),
        )

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


def numbers_in(reader: ParameterReader, name: str, expected: str) -> dict[str, int | float]:
    """A parameter that is a dictionary of numbers, empty for ``None``; ``expected`` describes it."""
    value = reader.structure(name)
    if value is None:
        return {}
    if isinstance(value, dict) and all(
        isinstance(key, str) and isinstance(number, int | float) and not isinstance(number, bool)
        for key, number in value.items()
    ):
        return dict(value)
    return reader.fault(name, expected, {})


def check_model(settings: EvaluatorSettings, aws: AwsClients) -> str:
    """A model package, beside a reference both, or a base model of the hub."""
    if settings.scope == "base":
        return check_hub_model(settings, aws)
    packages = [settings, *([replace(settings, model=settings.reference)] if settings.reference else [])]
    return "; ".join(check_model_package(package, aws) for package in packages)


AnyEvaluatorSettings = TypeVar("AnyEvaluatorSettings", bound=EvaluatorSettings)


class EvaluatorRuns(PipelineRuns[AnyEvaluatorSettings]):
    """Runs whose launch cell makes one of the SDK's evaluators."""

    pasted: ClassVar[tuple[str, ...]] = ("s3_output_path",)
    """Texts that the SDK pastes into the definition's JSON, by their names in its template."""

    def named_in_parameters(self, settings: AnyEvaluatorSettings) -> Json:
        """The evaluator's arguments that have a parameter of their own."""
        return {
            "model": settings.sdk_model,
            "evaluate_base_model": settings.evaluate_base_model,
            "s3_output_path": settings.s3_output,
            "role": settings.role_arn,
            "region": settings.region,
        }

    def start(self, call: Call, settings: AnyEvaluatorSettings, aws: AwsClients) -> Started:
        """Starts the SDK's evaluator, unless it says something else than the parameters cell."""
        refuse_other_arguments(call, self.named_in_parameters(settings))
        if not call.mlflow_resource_arn:  # the SDK would send the text "None" as the ARN
            raise ValueError("there is no MLflow app or tracking server for this run; set MLFLOW_RESOURCE_ARN")
        return super().start(self.with_safe_texts(call, settings, aws), settings, aws)

    def with_safe_texts(self, evaluator: Call, settings: AnyEvaluatorSettings, aws: AwsClients) -> Call:
        """The evaluator, made safe for texts that it cannot carry as they are: where one is pasted that JSON or Jinja
        would interpret, it is escaped."""
        raw = (settings.dataset, settings.s3_output, settings.mlflow_experiment or "")
        if any(text != json_safe(text) for text in raw):
            own_experiment = ("mlflow_experiment_name",) if settings.mlflow_experiment is not None else ()
            escape_pasted(evaluator, (*self.pasted, *own_experiment))  # else it holds the SDK's own placeholder
        return evaluator


def refuse_other_arguments(call: Call, expected: Json) -> None:
    """Raise :class:`LaunchError` where the SDK's evaluator was given something else than the parameters cell says."""
    for argument, value in expected.items():
        if getattr(call, argument) != value:
            raise LaunchError(
                f"The call passes {argument}={getattr(call, argument)!r}, the parameters cell says {value!r}. "
                "The report and a later run go by the parameters cell, so nothing was started.",
                fix="Change the value in the parameters cell and run the notebook again from there.",
            )


def escape_pasted(evaluator: Call, names: Iterable[str]) -> None:
    """Has the evaluator escape these texts of its template.

    The SDK pastes them into a JSON text that it then treats as a Jinja template once more: a quote, a backslash or two
    braces in an S3 key would end up as definition, not as data. JSON escapes come out unharmed.
    """
    render, names = evaluator._render_pipeline_definition, tuple(names)

    def render_safely(template_str: str, context: Json) -> str:
        return str(render(template_str, context | {key: json_safe(context[key]) for key in names if context.get(key)}))

    # The class refuses attributes it does not declare.
    object.__setattr__(evaluator, "_render_pipeline_definition", render_safely)


def json_safe(text: str) -> str:
    """``text`` for the inside of a JSON string, with nothing left that JSON or Jinja would interpret."""
    escaped = json.dumps(text)[1:-1].replace('\\"', "\\u0022").replace("\\\\", "\\u005c")
    return re.sub(r"[{}%#?]", lambda match: f"\\u{ord(match[0]):04x}", escaped)


def defined_steps(definition: str) -> dict[str, Json]:
    """Each step's arguments by its name, of a pipeline definition. Raises ``ValueError`` when it cannot be read."""
    try:
        return {step["Name"]: step.get("Arguments", {}) for step in json.loads(definition)["Steps"]}
    except (KeyError, TypeError) as error:
        raise ValueError(repr(error)) from error


def model_differences(step: Json, settings: EvaluatorSettings) -> list[str]:
    """How the model, the dataset and the role of the step that runs the model differ from the settings."""
    differences = []
    if settings.scope == "base":
        model = hub_model_name(step.get("ServerlessJobConfig", {}).get("BaseModelArn", ""))
    else:
        model = step.get("ModelPackageConfig", {}).get("SourceModelPackageArn")
    if model != settings.sdk_model:
        differences.append(f"its model is {model}")
    channels = step.get("InputDataConfig") or [{}]
    source = channels[0].get("DataSource", {})
    dataset = source.get("S3DataSource", {}).get("S3Uri") or source.get("DatasetSource", {}).get("DatasetArn")
    if (dataset or "") != settings.dataset:
        differences.append(f"its dataset is {dataset}")
    if step.get("RoleArn") != settings.role_arn:
        differences.append(f"its role is {step.get('RoleArn')}")
    return differences
