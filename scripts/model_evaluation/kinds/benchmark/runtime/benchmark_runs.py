"""A benchmark as SageMaker runs it: what the SDK is told of it, and what is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.tasks.runs import MODEL_STEPS, TaskRuns

if TYPE_CHECKING:
    from .settings import BenchmarkSettings

# Published: 10 to 12 minutes for a small set, 5 to 7 of them loading the model; 62 and 55 minutes for 5,000 questions
# of a small model that thinks (AWS's workshop on serverless customization, its files of means).
ANSWERING = Work(frozenset(MODEL_STEPS.values()), (5.0, 12.0), (Load((0.1, 0.9), ("rows",)),))


class BenchmarkRuns(TaskRuns["BenchmarkSettings"]):
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
        }

    def task_differences(self, step: Json, settings: BenchmarkSettings) -> list[str]:
        differences = []
        sent = step.get("HyperParameters", {})
        if sent.get("task") != settings.benchmark:
            differences.append(f"its benchmark is {sent.get('task')}")
        subtask = settings.subtasks[0] if settings.subtasks else None
        if sent.get("subtask") != subtask:
            differences.append(f"its subtask is {sent.get('subtask') or 'every one'}")
        return differences
