"""What an evaluation was: its kind, conditions and models. The head of ``summary.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from model_evaluation.runtime.settings import NotebookError
from model_evaluation.runtime.summary import MODEL_LABELS
from model_evaluation.runtime.summary import NamedModel as NamedModel
from model_evaluation.runtime.summary import Side as Side

BOTH_SIDES: tuple[Side, ...] = ("tuned", "base")
SIDES: Mapping[str, tuple[Side, ...]] = {"compare": BOTH_SIDES, "tuned": ("tuned",), "base": ("base",)}
"""The models that a scope evaluates."""


class ResultsError(NotebookError):
    """Results that cannot be analysed at all."""


def named_model(name: str | None) -> NamedModel | None:
    """A model by its name or ARN; the name of an ARN is what follows its kind, ``support-assistant/3``."""
    if not name:
        return None
    if name.startswith("arn:"):
        return {"name": name.partition("/")[2] or name, "arn": name}
    return {"name": name}


def reference_labels(reference: str | None) -> dict[str, str] | None:
    """What sentences call the models beside a reference, which is a package and no base model."""
    model = named_model(reference)
    return {**MODEL_LABELS, "base": f"reference {model['name']}"} if model else None


@dataclass(frozen=True)
class Evaluation:
    """One evaluation. ``conditions`` are what must be equal for two runs to be compared, beside dataset, base model and
    primary metric; ``scope`` is compare, tuned or base; ``created`` an ISO time; ``labels`` what sentences call the
    models, by ``tuned`` and ``base``, where that is not the usual."""

    kind: str
    conditions: Mapping[str, object]
    tuned: NamedModel | None
    base: NamedModel | None
    scope: str = "compare"
    primary_metric: str = ""
    execution_arn: str = ""
    created: str = ""
    simulated: bool = False
    labels: Mapping[str, str] | None = None

    @property
    def names(self) -> Mapping[str, str]:
        """What sentences call the models."""
        return self.labels or MODEL_LABELS

    @property
    def sides(self) -> tuple[Side, ...]:
        return SIDES[self.scope]
