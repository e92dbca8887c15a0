"""Inspect: SageMaker runs tasks of the Inspect framework against one model, or two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import Expectation, Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_evaluation.conversation.context import Context
    from model_evaluation.kinds.permissions import Permissions
    from model_evaluation.localaws.kind_player import KindPlayer
    from model_evaluation.notebook.cells import Cell
    from model_evaluation.preflight.shared_checks import Check
    from model_evaluation.runtime.analysis import Analysis
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.settings import Settings
    from model_evaluation.runtime.summary import Summary


class InspectAI(Kind):
    id = "inspect_ai"
    title = "Inspect tasks"
    when = "your tasks are written for the Inspect framework (inspect_ai): agents, tools, scorers of your own"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "benchmarks": (),
        "tasks": ("benchmarks",),
        "model": (),
        "reference": ("model",),
        "region": ("benchmarks", "model"),
        "decoding": ("tasks",),
        "primary_metric": ("tasks",),
        "role": ("benchmarks", "model", "reference"),
        "mlflow": ("region",),
        "output": ("benchmarks", "region"),
        "confirm": ("primary_metric", "reference", "decoding", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset({"benchmarks", "tasks", "model", "reference", "region", "decoding", "primary_metric"})
    job_rows = None
    rechecked = ("benchmarks", "tasks", "model", "reference", "region", "role", "mlflow", "output")
    permission_steps = ("role", "output", "benchmarks", "model", "reference", "region", "mlflow")
    runtime = ("model_evaluation.kinds.inspect_ai.runtime",)
    run_columns = ("model", "benchmarks")
    rehearses = False  # a user's own tasks are the user's own code
    reference = "references/inspect-ai.md"

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
        from .card import samples_of
        from .parameters import parameters

        return parameters(context, samples_of(context))

    def cells(self) -> Sequence[Cell]:
        from model_evaluation.notebook.cells import EVERY_CELL

        return EVERY_CELL

    def settings_class(self) -> type[Settings]:
        from .runtime.settings import InspectSettings

        return InspectSettings

    def words(self, summary: Summary) -> ReportWords:
        from .runtime.words import report_words

        return report_words(summary)

    def files_analysis(self, paths: Sequence[str]) -> Analysis | None:
        from .local_logs import logs_analysis

        return logs_analysis(paths)

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        from model_evaluation.reporting.present_answers import differences

        model = summary["models"]["tuned"]
        return differences(
            summary,
            context,
            ("the tasks", summary["conditions"].get("benchmarks"), context.value("benchmarks")),
            ("the model", model["name"] if model else None, context.facts("model").get("name")),
        )

    def player(self) -> KindPlayer:
        from .localaws.player import InspectPlayer

        return InspectPlayer()


KIND = InspectAI()
