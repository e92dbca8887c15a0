"""An evaluation by a scorer as SageMaker runs it: what the SDK is told of it, and what is read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.runtime.launch.durations import Load, Work
from model_evaluation.runtime.launch.service import COMMON_FAILURES, read_failures
from model_evaluation.runtime.settings import Json
from model_evaluation.runtime.tasks.runs import MODEL_STEPS, TaskRuns

if TYPE_CHECKING:
    from .settings import ScorerSettings

# Published: 15 to 20 minutes for 123 long rows (AWS's contract lab), most of them loading the model.
SCORING = Work(frozenset(MODEL_STEPS.values()), (7.0, 14.0), (Load((0.5, 6.0), ("rows",)),))


class ScorerRuns(TaskRuns["ScorerSettings"]):
    prefix = "SagemakerEvaluation-CustomScorerEvaluation"
    pasted = ("dataset_uri", "s3_output_path")
    failures = (*read_failures(__file__), *COMMON_FAILURES)
    work = (SCORING,)
    labels = {  # noqa: RUF012 - a constant table
        "CreateEvaluationAction": "Record the run's lineage",
        "EvaluateBaseModel": "Base model answers, and the scorer scores",
        "EvaluateCustomModel": "Fine-tuned model answers, and the scorer scores",
        "AssociateLineage": "Link the results to the lineage",
    }

    def named_in_parameters(self, settings: ScorerSettings) -> Json:
        return {
            **super().named_in_parameters(settings),
            "evaluator": settings.scorer,
            "dataset": settings.dataset,
        }

    def task_differences(self, step: Json, settings: ScorerSettings) -> list[str]:
        preset = step.get("HyperParameters", {}).get("preset_reward_function")
        scorer = step.get("ServerlessJobConfig", {}).get("EvaluatorArn") or preset
        return [] if scorer == settings.scorer else [f"its scorer is {scorer}"]
