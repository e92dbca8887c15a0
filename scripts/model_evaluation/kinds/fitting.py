"""Which kinds of evaluation a model is for, by what looking it up shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .registry import REGISTRY, load_kind

TABULAR_IMAGES = (
    "sagemaker-xgboost", "xgboost", "linear-learner", "knn", "kmeans", "sagemaker-scikit-learn", "lightgbm", "catboost",
    "tabtransformer", "autogluon", "factorization-machines", "pca", "object2vec", "sagemaker-tabular",
)  # fmt: skip


@dataclass(frozen=True)
class ModelTraits:
    """What a lookup shows of a model: its base model's name in the hub (empty when it has none), and the images of the
    containers that serve it."""

    base_model: str = ""
    images: tuple[str, ...] = ()


@dataclass(frozen=True)
class FittingKind:
    """A kind that a model is for. ``there`` is false for one that this version does not have yet."""

    id: str
    title: str
    when: str
    there: bool


def is_nova(model: ModelTraits) -> bool:
    """Whether it is an Amazon Nova model, whose evaluation runs in a container of its own."""
    return model.base_model.lower().startswith(("nova-", "amazon-nova", "amazon.nova"))


def is_tabular(model: ModelTraits) -> bool:
    """Whether a container of the built-in algorithms or of scikit-learn serves it, and no base model stands behind."""
    repositories = [image.partition("@")[0].rpartition("/")[2].partition(":")[0] for image in model.images]
    return not model.base_model and any(name.startswith(TABULAR_IMAGES) for name in repositories)


# Kinds to come: a model of theirs is told apart already. Each gives way to the kind of its id once that is registered.
ANNOUNCED: tuple[tuple[str, str, str, Callable[[ModelTraits], bool]], ...] = (
    ("predictive", "Predictive model", "a model predicts labels or numbers on a held-out test set", is_tabular),
)


def kinds_for(model: ModelTraits) -> Sequence[FittingKind]:
    """The kinds that claim the model, those that this version has first."""
    registered = [load_kind(kind_id) for kind_id in REGISTRY]
    fitting = [FittingKind(kind.id, kind.title, kind.when, True) for kind in registered if kind.claims(model)]
    return fitting + [
        FittingKind(kind_id, title, when, False)
        for kind_id, title, when, claims in ANNOUNCED
        if kind_id not in REGISTRY and claims(model)
    ]
