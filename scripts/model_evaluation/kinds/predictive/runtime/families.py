"""Containers that predict, by their image: what each one answers like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Family:
    """``accept`` is the type of answer that is asked for; ``lines`` says that a batch answers with a line per row. CSV
    lines are put behind their row by the service; others stand in the rows' order."""

    name: str
    accept: str = "text/csv"
    lines: bool = True

    @property
    def join_source(self) -> str:
        """For a transform job's DataProcessing: whether the service joins answers and rows."""
        return "Input" if self.lines and self.accept == "text/csv" else "None"

    @property
    def batch_strategy(self) -> str:
        """A request per row where the answer to several is one object."""
        return "MultiRecord" if self.lines else "SingleRecord"


FAMILIES = {
    **{name: Family(name) for name in ("xgboost", "kmeans", "scikit-learn", "autopilot", "custom")},
    **{name: Family(name, "application/jsonlines") for name in ("linear-learner", "knn")},
    **{
        name: Family(name, "application/json", lines=False)
        for name in ("lightgbm", "catboost", "tabtransformer", "autogluon")
    },
}
NUMBERS_ONLY = ("xgboost", "linear-learner", "knn", "kmeans")
"""Those that refuse a row with a text in it."""


def family_of(image: str) -> str:
    """The name in :data:`FAMILIES`, by a word of the image's name; ``custom`` for a container of the user's own."""
    name = image.partition("@")[0].rpartition("/")[2].lower().replace("sagemaker-automl", "autopilot")
    return next((family for family in FAMILIES if family in name and family != "custom"), "custom")
