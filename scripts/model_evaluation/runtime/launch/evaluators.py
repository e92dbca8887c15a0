"""Starting an evaluator of the SageMaker SDK so that what it sends is what the parameters cell says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar, TypeVar

from model_evaluation.runtime.evaluator_settings import EvaluatorSettings, TaskSettings
from model_evaluation.runtime.models import hub_model_name
from model_evaluation.runtime.results.evaluation import SIDES, Side
from model_evaluation.runtime.results.task_files import find_task_files
from model_evaluation.runtime.settings import Json

from .ledger import LaunchError
from .pipelines import PipelineRuns

if TYPE_CHECKING:
    from model_evaluation.runtime.session import AwsClients

    from .service import Call, RunState, Started

AnyEvaluatorSettings = TypeVar("AnyEvaluatorSettings", bound=EvaluatorSettings)
AnyTaskSettings = TypeVar("AnyTaskSettings", bound=TaskSettings)


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
        for argument, value in self.named_in_parameters(settings).items():
            if getattr(call, argument) != value:
                raise LaunchError(
                    f"The call passes {argument}={getattr(call, argument)!r}, the parameters cell says {value!r}. "
                    "The report and a later run go by the parameters cell, so nothing was started.",
                    fix="Change the value in the parameters cell and run the notebook again from there.",
                )
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


MODEL_STEPS: Mapping[Side, str] = {"tuned": "EvaluateCustomModel", "base": "EvaluateBaseModel"}
"""The steps in which a model answers the questions of a task."""


class TaskRuns(EvaluatorRuns[AnyTaskSettings]):
    """Runs in which each model answers the questions of one task in a step of its own."""

    def named_in_parameters(self, settings: AnyTaskSettings) -> Json:
        return {**super().named_in_parameters(settings), "overrides": settings.sdk_overrides}

    def expected_steps(self, settings: AnyTaskSettings) -> tuple[str, ...]:
        if settings.scope == "base":
            return (MODEL_STEPS["base"],)
        models = [MODEL_STEPS[side] for side in reversed(SIDES[settings.scope])]
        return ("CreateEvaluationAction", *models, "AssociateLineage")

    def has_results(self, state: RunState, settings: AnyTaskSettings, aws: AwsClients) -> bool:
        """Whether every model's step succeeded and its means are in S3, whatever else went wrong."""
        for side in SIDES[settings.scope]:
            step = state.step(MODEL_STEPS[side])
            if step is None or step.status != "Succeeded":
                return False
            if not find_task_files(aws.s3, settings.s3_output, state.id, MODEL_STEPS[side]).means:
                return False
        return True

    def definition_differences(self, definition: str, name: str, settings: AnyTaskSettings) -> list[str]:
        """How a pipeline definition differs from the settings. The SDK drops decoding settings without a word when it
        cannot read the recipe or takes one of them for wrong: then they are missing here."""
        try:
            steps = defined_steps(definition)
        except ValueError as error:
            return [f"its definition cannot be read ({error})"]
        sides = {side for side, step in MODEL_STEPS.items() if step in steps}
        if not sides:
            return [f"it has the steps {', '.join(steps)}, which is not this evaluation"]
        if sides != set(SIDES[settings.scope]):
            return [f"it evaluates {' and '.join(MODEL_STEPS[side] for side in SIDES['compare'] if side in sides)}"]
        step = steps[MODEL_STEPS["base" if settings.scope == "base" else "tuned"]]
        differences = [*model_differences(step, settings), *self.task_differences(step, settings)]
        differences += setting_differences(step.get("HyperParameters", {}), settings.decoding)
        output = step.get("OutputDataConfig", {}).get("S3OutputPath")
        if str(output).rstrip("/") != settings.s3_output:
            differences.append(f"its results go to {output}")
        return differences

    def task_differences(self, step: Json, settings: AnyTaskSettings) -> list[str]:
        """How the task of a model's step differs from the settings, a sentence each."""
        raise NotImplementedError


def setting_differences(sent: Mapping[str, object], decoding: Mapping[str, int | float]) -> list[str]:
    """Decoding settings that did not arrive."""
    differences = []
    for name, value in decoding.items():
        try:
            arrived = float(str(sent[name])) == float(value)
        except (KeyError, ValueError):
            arrived = False
        if not arrived:
            differences.append(f"its {name} is {sent.get(name, 'not set')}, not {value}")
    return differences
