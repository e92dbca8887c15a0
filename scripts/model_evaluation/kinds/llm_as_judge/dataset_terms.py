"""What makes rows of a dataset usable for a judge job, and for one of an Amazon Nova model."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.dataset import Terms

SCORERS = ("judge",)


def is_nova(context: Context) -> bool:
    """Whether the model is known to be an Amazon Nova one, whose jobs take fewer formats."""
    return str(context.facts("model").get("base_model", "")).startswith("nova-")


def dataset_terms(context: Context | None) -> Terms:
    """Nova jobs refuse `messages` and use neither system text nor reference answer."""
    if context is None or not is_nova(context):
        return Terms(scorers=SCORERS)
    return Terms(refused_formats=("openai_chat",), unused=("system", "reference"), scorers=SCORERS)
