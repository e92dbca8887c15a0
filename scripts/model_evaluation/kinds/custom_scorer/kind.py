"""Custom scorer: a program of the user's own, or a preset, scores both models' answers to the same prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from model_evaluation.runtime.summary import Summary


class CustomScorer(Kind):
    id = "custom_scorer"
    title = "Custom scorer"
    when = "a program decides by a rule whether an answer to your prompts is right: numbers, JSON, code, exact words"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "dataset": (),
        "data": ("dataset",),
        "model": (),
        "scope": ("model",),
        "region": ("dataset", "model"),
        "scorer": ("data", "region"),
        "scorer_trial": ("scorer",),
        "primary_metric": ("scorer_trial",),
        "decoding": ("data", "model", "region"),
        "role": ("scorer",),
        "mlflow": ("region",),
        "output": ("dataset", "region"),
        "confirm": ("primary_metric", "scope", "decoding", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset({"scorer", "scorer_trial", "primary_metric"})
    job_rows = None  # nobody names a limit
    rechecked = ("dataset", "model", "region", "scorer", "decoding", "role", "mlflow", "output")
    permission_steps = ("role", "dataset", "output", "model", "region", "mlflow", "scope", "scorer")
    runtime = ("model_evaluation.kinds.custom_scorer.runtime",)
    run_columns = ("model", "dataset", "scorer")
    reference = "references/custom-scorer.md"

    def claims(self, model: ModelTraits) -> bool:
        return bool(model.base_model) and not is_nova(model)

    def dataset_findings(self, context: Context, data: Facts) -> list[JsonObject]:
        """Rows without a reference answer, for which the scorer gets an empty text."""
        from model_evaluation.conversation.workflow import finding

        without = data.get("without_reference")
        count = without.get("count") if isinstance(without, dict) else None
        if not count:
            return []
        note = f"{count} rows have no reference answer: the scorer gets an empty text there."
        return [finding("missing_reference", note, level="warning")]

    def parameters(self, context: Context) -> JsonObject:
        from model_evaluation.steps.evaluator.parameters import evaluator_parameters

        metric = context.facts("primary_metric")
        return {
            **evaluator_parameters(context),
            "SCORER": context.value("scorer"),
            "PRIMARY_METRIC": None if context.facts("scorer").get("preset") else metric["name"],
            "BETTER": metric["direction"],
        }

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        from model_evaluation.reporting.present_answers import differences

        return differences(
            summary,
            context,
            ("the scorer", summary["conditions"].get("scorer"), context.value("scorer")),
            ("the primary metric", summary["primary_metric"], context.facts("primary_metric").get("name")),
        )


KIND = CustomScorer()
