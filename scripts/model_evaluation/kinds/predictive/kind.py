"""Predictive models: classification, regression and clustering, judged on a held-out test set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.fitting import ModelTraits
from model_evaluation.kinds.kind import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from model_evaluation.conversation.context import Context
    from model_evaluation.json_types import JsonObject
    from model_evaluation.notebook.cells import Cell
    from model_evaluation.runtime.report.words import ReportWords
    from model_evaluation.runtime.summary import Summary

TABULAR_IMAGES = (
    "sagemaker-xgboost", "xgboost", "linear-learner", "knn", "kmeans", "sagemaker-scikit-learn", "lightgbm", "catboost",
    "tabtransformer", "autogluon", "factorization-machines", "pca", "object2vec", "sagemaker-tabular",
)  # fmt: skip


class Predictive(Kind):
    id = "predictive"
    title = "Predictive model"
    when = "a model that predicts labels or numbers is judged on a held-out test set"
    steps = {  # noqa: RUF012 - a constant table
        "evaluation": (),
        "task": (),
        "dataset": (),
        "data": ("dataset",),
        "columns": ("data",),
        "problem": ("columns",),
        "model": ("problem",),
        "reference": ("model",),
        "predictions": ("reference",),
        "train_data": ("columns", "model"),
        "threshold": ("problem", "reference"),
        "primary_metric": ("task", "threshold"),
        "slices": ("columns",),
        "inference": ("predictions",),
        "region": ("dataset", "predictions", "threshold"),
        "role": ("predictions", "region"),
        "mlflow": ("region",),
        "output": ("predictions", "region"),
        "confirm": ("primary_metric", "train_data", "slices", "inference", "role", "mlflow", "output"),
        "notebook": ("confirm",),
    }
    own_steps = frozenset(steps) - {"evaluation", "task", "region", "role", "output", "confirm", "notebook"}
    optional_steps = frozenset({"inference", "region", "role", "output"})
    rechecked = ("dataset", "model", "reference", "role", "output")
    permission_steps = ("predictions", "dataset", "model", "region", "role", "output")
    runtime = ("model_evaluation.kinds.predictive.runtime",)
    run_columns = ("model", "dataset", "side")
    reference = "references/predictive.md"

    def claims(self, model: ModelTraits) -> bool:
        """A container of the built-in algorithms or of scikit-learn serves it, and no base model stands behind."""
        repositories = [image.partition("@")[0].rpartition("/")[2].partition(":")[0] for image in model.images]
        return not model.base_model and any(name.startswith(TABULAR_IMAGES) for name in repositories)

    def runs_here(self, context: Context) -> bool:
        from .recorded import files_here

        return bool(files_here(context))

    def needs(self, step_id: str, context: Context) -> bool:
        from .recorded import needs_role, uses_aws, uses_batch

        needed = {"region": uses_aws, "role": needs_role}.get(step_id, uses_batch)
        return needed(context)

    def cells(self) -> Sequence[Cell]:
        from .cells import EVERY_CELL

        return EVERY_CELL

    def cells_for(self, parameters: Mapping[str, object]) -> Sequence[Cell]:
        from .cells import cells_for

        return cells_for(parameters)

    def words(self, summary: Summary) -> ReportWords:
        from .runtime.page.words import report_words

        return report_words(summary)

    def drift(self, folder: str, baseline: str) -> JsonObject:
        from .drift import drift_body

        return drift_body(folder, baseline)


KIND = Predictive()
