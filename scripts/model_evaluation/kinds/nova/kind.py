"""Nova: AWS's own evaluation container asks a Nova model and scores its answers, as a SageMaker training job."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.fitting import ModelTraits, is_nova
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model_evaluation.conversation.context import Context
    from model_evaluation.notebook.cells import Cell
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.summary import Summary


class Nova(Kind):
    id = "nova"
    title = "Nova evaluation container"
    when = (
        "an Amazon Nova model answers your questions or a benchmark's, or a judge compares two answers to each prompt"
    )
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "task": (),
        "model": (),
        "nova_task": ("model",),
        "scope": ("model", "nova_task"),
        "dataset": ("nova_task",),
        "data": ("dataset", "nova_task"),
        "processor": ("nova_task",),
        "inference": ("nova_task",),
        "scale": ("nova_task",),
        "primary_metric": ("data", "processor"),
        "region": ("dataset", "model"),
        "role": (),
        "mlflow": (),
        "output": ("dataset", "region"),
        "confirm": ("task", "scope", "processor", "inference", "scale", "primary_metric", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset(
        {
            "model", "nova_task", "scope", "dataset", "data", "processor", "inference", "scale", "primary_metric",
            "mlflow",
        }
    )  # fmt: skip
    rechecked = ("dataset", "scale", "region", "role", "output")
    permission_steps = ("role", "dataset", "output", "model", "scope", "region", "processor")
    runtime = ("model_evaluation.kinds.nova.runtime",)
    run_columns = ("model", "dataset", "instance")
    reference = "references/nova.md"

    def claims(self, model: ModelTraits) -> bool:
        return is_nova(model)

    def parameters(self, context: Context) -> dict[str, object]:
        from model_evaluation.naming import project_slug
        from model_evaluation.steps.rows.card import overlap_notes

        from .card import recipe, reference
        from .runtime.recipes.families import image_uri
        from .runtime.recipes.recipe import JUDGES

        region, model = str(context.value("region")), context.facts("model")
        has_rows = bool(context.facts("dataset").get("bucket"))
        names = {"tuned": model["name"]}
        if reference(context):
            names["base"] = context.facts("scope")["name"]
        if context.facts("nova_task")["task"] in JUDGES:
            names = {"tuned": "response_B", "base": "response_A"}
        return {
            "REGION": region,
            "ROLE_ARN": context.facts("role").get("arn", context.value("role")),
            "RECIPE": recipe(context),
            "REFERENCE_MODEL": reference(context),
            "MODEL_NAMES": names,
            "DATASET": context.value("dataset") if has_rows else None,
            "DATASET_ETAG": context.facts("dataset").get("etag", ""),
            "DATASET_NOTES": overlap_notes(context.facts("data").get("overlap")),
            "ANSWER_FIELD": context.facts("primary_metric").get("answer_field"),
            "PRIMARY_METRIC": context.value("primary_metric"),
            "IMAGE_URI": image_uri(region),
            "INSTANCE_TYPE": context.facts("scale")["instance"],
            "MAX_RUNTIME_HOURS": 12,
            "SDK": "v3",
            "S3_OUTPUT": context.value("output"),
            "RESULTS_DIR": "results",
            "RUN_LABEL": project_slug(context.project),
            "POLL_SECONDS": 30,
            "TIMEOUT_MINUTES": 720,
            "FORCE_NEW_RUN": False,
        }

    def other_answers(self, summary: Summary, context: Context) -> list[str]:
        """Where the results are of another recipe than the present answers make."""
        from .card import recipe
        from .runtime.report.words import recipe_in

        made = recipe_in(summary["conditions"])
        present = recipe(context)
        return [
            f"the recipe's {section} is {made.get(section)}, not {present.get(section)}"
            for section in ("evaluation", "inference", "processor", "rl_env")
            if made.get(section) != present.get(section)
        ]

    def cells(self) -> Sequence[Cell]:
        from model_evaluation.notebook.cells import EVERY_CELL, Cell, heading

        at = next(number for number, cell in enumerate(EVERY_CELL) if cell.id == "checks-heading")
        return (*EVERY_CELL[:at], heading("recipe-heading"), Cell("recipe"), *EVERY_CELL[at:])

    def words(self, summary: Summary) -> ReportWords:
        from .runtime.report.words import report_words

        return report_words(summary)


KIND = Nova()
