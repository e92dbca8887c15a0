"""How SageMaker runs an evaluation whose models answer the questions of one task: a step for each model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from model_evaluation.runtime.launch.evaluators import EvaluatorRuns, defined_steps, model_differences
from model_evaluation.runtime.results.evaluation import SIDES, Side
from model_evaluation.runtime.settings import Json

from .files import find_task_files
from .settings import TaskSettings

if TYPE_CHECKING:
    from model_evaluation.runtime.launch.service import RunState
    from model_evaluation.runtime.session import AwsClients

AnyTaskSettings = TypeVar("AnyTaskSettings", bound=TaskSettings)

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
