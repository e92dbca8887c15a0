"""LLM as judge: Bedrock lets a judge model score both models' answers to the same prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.assent import is_assent
from model_evaluation.conversation.context import Context
from model_evaluation.errors import Refused
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from model_evaluation.dataset import Terms


class LlmAsJudge(Kind):
    id = "llm_as_judge"
    title = "LLM as judge"
    when = "a judge model scores the answers of the fine-tuned model and of its base model to your prompts"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "task": (),
        "dataset": (),
        "data": ("dataset",),
        "custom_metrics": (),
        "builtin_metrics": (),
        "primary_metric": ("custom_metrics", "builtin_metrics"),
        "model": (),
        "scope": ("model",),
        "region": ("dataset", "model"),
        "judge": ("region",),
        "role": (),
        "mlflow": ("region",),
        "output": ("dataset", "region"),
        "confirm": ("task", "data", "primary_metric", "scope", "judge", "role", "mlflow", "output"),
        "terms": ("confirm",),
        "notebook": ("terms",),
    }
    own_steps = frozenset({"custom_metrics", "builtin_metrics", "primary_metric", "judge", "terms"})
    rechecked = ("dataset", "model", "region", "judge", "role", "mlflow", "output")
    assents = ("confirm", "terms")
    permission_steps = ("role", "dataset", "output", "model", "region", "judge", "mlflow", "scope")
    runtime = ("model_evaluation.kinds.llm_as_judge.runtime",)
    run_columns = ("model", "dataset", "judge")

    def abridged(self, step_id: str, value: object) -> object:
        """A custom metric's definition without its prompt and scale."""
        if step_id != "custom_metrics" or not isinstance(value, list):
            return value
        return [
            {**item, "customMetricDefinition": {"name": item["customMetricDefinition"].get("name")}} for item in value
        ]

    def claims(self, model: ModelTraits) -> bool:
        return bool(model.base_model) and not is_nova(model)

    def require(self, context: Context) -> None:
        from .steps.terms import SUBJECT

        if not is_assent(str(context.value("terms")), SUBJECT):
            raise Refused(
                "The recorded answer to the terms is not explicit assent.",
                fix="Show the terms again: evaluate.py revise terms",
                code="no_assent",
                step="terms",
            )

    def dataset_terms(self, context: Context | None) -> Terms:
        from .dataset_terms import dataset_terms

        return dataset_terms(context)

    def needs_references(self, context: Context) -> bool:
        from .dataset_terms import metrics_that_compare

        return bool(metrics_that_compare(context.value("custom_metrics") or []))

    def dataset_findings(self, context: Context, data: Facts) -> list[JsonObject]:
        from .dataset_terms import reference_findings

        return reference_findings(data, context.value("builtin_metrics"), context.value("custom_metrics"))

    def parameters(self, context: Context) -> JsonObject:
        from model_evaluation.steps.evaluator.parameters import evaluator_parameters

        return {
            **evaluator_parameters(context),
            "JUDGE_MODEL": context.value("judge"),
            "BUILTIN_METRICS": context.value("builtin_metrics"),
            "CUSTOM_METRICS": context.value("custom_metrics") or None,
            "PRIMARY_METRIC": context.value("primary_metric"),
        }

    def upgraded(self, summary: JsonObject) -> JsonObject:
        from .earlier_summary import upgraded

        return upgraded(summary)


KIND = LlmAsJudge()
