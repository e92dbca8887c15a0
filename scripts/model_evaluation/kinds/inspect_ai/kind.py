"""Inspect: SageMaker runs tasks of the Inspect framework against one model, or two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from model_evaluation.runtime.analysis import Analysis
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
    reference = "references/inspect-ai.md"

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


KIND = InspectAI()
