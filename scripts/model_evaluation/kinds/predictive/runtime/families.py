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
    family.name: family
    for family in (
        Family("xgboost"),
        Family("linear-learner", accept="application/jsonlines"),
        Family("knn", accept="application/jsonlines"),
        Family("kmeans"),
        Family("lightgbm", accept="application/json", lines=False),
        Family("catboost", accept="application/json", lines=False),
        Family("tabtransformer", accept="application/json", lines=False),
        Family("autogluon", accept="application/json", lines=False),
        Family("scikit-learn"),
        Family("autopilot"),
        Family("custom"),
    )
}
NUMBERS_ONLY = ("xgboost", "linear-learner", "knn", "kmeans")
"""Those that refuse a row with a text in it."""
# Words of an image's name, the first that is in it counts.
WORDS = (
    ("xgboost", "xgboost"),
    ("linear-learner", "linear-learner"),
    ("kmeans", "kmeans"),
    ("knn", "knn"),
    ("lightgbm", "lightgbm"),
    ("catboost", "catboost"),
    ("tabtransformer", "tabtransformer"),
    ("autogluon", "autogluon"),
    ("scikit-learn", "scikit-learn"),
    ("sagemaker-automl", "autopilot"),
)


def family_of(image: str) -> str:
    """The name in :data:`FAMILIES`; ``custom`` for a container of the user's own."""
    name = image.partition("@")[0].rpartition("/")[2].lower()
    return next((family for word, family in WORDS if word in name), "custom")
