"""What reports ask of a summary: which models were evaluated, and how they are called."""

from __future__ import annotations

from .results.evaluation import Side
from .results.summary import Summary
from .statistics.entries import Difference, Entry

__all__ = ["BOTH_MODELS", "Difference", "Entry", "Side", "Summary", "evaluated_models", "model_name", "scope_of"]
BOTH_MODELS: tuple[Side, ...] = ("base", "tuned")
"""In the order in which people read them."""


def scope_of(summary: Summary) -> str:
    """``compare``, ``tuned`` or ``base``."""
    return summary["scope"]


def evaluated_models(summary: Summary) -> tuple[Side, ...]:
    """``base``, ``tuned`` or both, in the order in which people read them."""
    return tuple(side for side in BOTH_MODELS if summary["scope"] in ("compare", side))


def model_name(summary: Summary, side: Side) -> str:
    """The model's name or ARN; empty where it was not evaluated or has none."""
    model = summary["models"][side]
    return model["name"] if model else ""
