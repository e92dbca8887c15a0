"""A benchmark as SageMaker runs it: the SDK's call made safe, its steps, and what is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.evaluators import EvaluatorRuns, defined_steps, model_differences
from model_evaluation.runtime.results.evaluation import SIDES, Side
from model_evaluation.runtime.results.task_files import find_task_files
from model_evaluation.runtime.settings import Json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from model_evaluation.runtime.launch.service import RunState
    from model_evaluation.runtime.session import AwsClients

    from .settings import BenchmarkSettings

STEPS: Mapping[Side, str] = {"tuned": "EvaluateCustomModel", "base": "EvaluateBaseModel"}
# Published: 10 to 12 minutes for a small set, 5 to 7 of them loading the model; 62 and 55 minutes for 5,000 questions
# of a small model that thinks (AWS's workshop on serverless customization, its files of means).
ANSWERING = Work(frozenset(STEPS.values()), (5.0, 12.0), (Load((0.1, 0.9), ("rows",)),))


class BenchmarkRuns(EvaluatorRuns["BenchmarkSettings"]):
    prefix = "SagemakerEvaluation-BenchmarkEvaluation"
    work = (ANSWERING,)
    labels = {  # noqa: RUF012 - a constant table
        "CreateEvaluationAction": "Record the run's lineage",
        "EvaluateBaseModel": "Base model answers the questions",
        "EvaluateCustomModel": "Fine-tuned model answers the questions",
        "AssociateLineage": "Link the results to the lineage",
    }

    def named_in_parameters(self, settings: BenchmarkSettings) -> Json:
        return {
            **super().named_in_parameters(settings),
            "benchmark": settings.benchmark,
            "subtasks": settings.sdk_subtasks,
            "overrides": settings.sdk_overrides,
        }

    def expected_steps(self, settings: BenchmarkSettings) -> tuple[str, ...]:
        return evaluator_steps(settings.scope if settings.reference is None else "tuned")

    def has_results(self, state: RunState, settings: BenchmarkSettings, aws: AwsClients) -> bool:
        """Whether every model's step succeeded and its means are in S3, whatever else went wrong."""
        for side in SIDES[settings.scope]:
            step = state.step(STEPS[side])
            if step is None or step.status != "Succeeded":
                return False
            if not find_task_files(aws.s3, settings.s3_output, state.id, STEPS[side]).means:
                return False
        return True

    def definition_differences(self, definition: str, name: str, settings: BenchmarkSettings) -> list[str]:
        """How a pipeline definition differs from the settings. The SDK drops decoding settings without a word when it
        cannot read the recipe or takes one of them for wrong: then they are missing here."""
        try:
            steps = defined_steps(definition)
        except ValueError as error:
            return [f"its definition cannot be read ({error})"]
        differences = scope_differences(steps, settings.scope)
        if differences:
            return differences
        step = steps[STEPS["base" if settings.scope == "base" else "tuned"]]
        differences = model_differences(step, settings)
        sent = step.get("HyperParameters", {})
        if sent.get("task") != settings.benchmark:
            differences.append(f"its benchmark is {sent.get('task')}")
        subtask = settings.subtasks[0] if settings.subtasks else None
        if sent.get("subtask") != subtask:
            differences.append(f"its subtask is {sent.get('subtask') or 'every one'}")
        differences += setting_differences(sent, settings.decoding)
        output = step.get("OutputDataConfig", {}).get("S3OutputPath")
        if str(output).rstrip("/") != settings.s3_output:
            differences.append(f"its results go to {output}")
        return differences


def evaluator_steps(scope: str) -> tuple[str, ...]:
    """The steps of a run that evaluates both models, one of them, or the base model."""
    if scope == "base":
        return (STEPS["base"],)
    models = [STEPS[side] for side in reversed(SIDES[scope])]
    return ("CreateEvaluationAction", *models, "AssociateLineage")


def scope_differences(steps: Mapping[str, Json], scope: str) -> list[str]:
    """Which models a definition leaves out or adds."""
    found = {side for side, step in STEPS.items() if step in steps}
    if found == set(SIDES[scope]):
        return []
    if not found:
        return [f"it has the steps {', '.join(steps)}, which is not this evaluation"]
    return [f"it evaluates {' and '.join(STEPS[side] for side in SIDES['compare'] if side in found)}"]


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
