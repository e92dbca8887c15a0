"""Custom scorer: a program of the user's own, or a preset, scores both models' answers to the same prompts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.json_types import Facts, JsonObject
from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Expectation, Kind, MetricTool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_evaluation.conversation.context import Context
    from model_evaluation.kinds.permissions import Permissions
    from model_evaluation.localaws.kind_player import KindPlayer
    from model_evaluation.notebook.cells import Cell
    from model_evaluation.preflight.shared_checks import Check
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.settings import Settings
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

    def card(self, context: Context) -> list[tuple[str, str]]:
        from .card import configuration

        return configuration(context)

    def expectation(self, context: Context) -> Expectation:
        from .card import expectation

        return expectation(context)

    def minutes(self, context: Context) -> tuple[float, float]:
        from .card import minutes_of

        return minutes_of(context)

    def checks(self) -> Sequence[Check]:
        from .checks import CHECKS

        return CHECKS

    def permissions(self, context: Context, role: str = "") -> Permissions:
        from .permissions import permissions

        return permissions(context, role)

    def parameters(self, context: Context) -> JsonObject:
        from model_evaluation.steps.decoding import settings_of
        from model_evaluation.steps.evaluator.parameters import evaluator_parameters
        from model_evaluation.steps.rows.card import notebook_notes

        metric = context.facts("primary_metric")
        return {
            **evaluator_parameters(context),
            "DATASET": context.value("dataset"),
            "DATASET_ETAG": context.facts("dataset").get("etag", ""),
            "DATASET_NOTES": notebook_notes(context),
            "SCORER": context.value("scorer"),
            "PRIMARY_METRIC": None if context.facts("scorer").get("preset") else metric["name"],
            "BETTER": metric["direction"],
            "DECODING": settings_of(context),
        }

    def cells(self) -> Sequence[Cell]:
        from model_evaluation.notebook.cells import EVERY_CELL

        return EVERY_CELL

    def settings_class(self) -> type[Settings]:
        from .runtime.settings import ScorerSettings

        return ScorerSettings

    def words(self, summary: Summary) -> ReportWords:
        from .runtime.words import report_words

        return report_words(summary)

    def metric_tool(self) -> MetricTool:
        from .metric_tool import ScorerTool

        return ScorerTool()

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        from model_evaluation.reporting.present_answers import differences

        return differences(
            summary,
            context,
            ("the scorer", summary["conditions"].get("scorer"), context.value("scorer")),
            ("the primary metric", summary["primary_metric"], context.facts("primary_metric").get("name")),
        )

    def player(self) -> KindPlayer:
        from .localaws.player import ScorerPlayer

        return ScorerPlayer()


KIND = CustomScorer()
