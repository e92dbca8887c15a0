"""What reports ask of a summary: which models were evaluated, and how they are called."""

from __future__ import annotations

from collections.abc import Mapping

from .results.evaluation import Side
from .results.summary import Summary
from .statistics.entries import Difference, Entry
from .statistics.verdicts import MODEL_LABELS

__all__ = [
    "BOTH_MODELS",
    "Difference",
    "Entry",
    "Side",
    "Summary",
    "capital",
    "compared",
    "evaluated_models",
    "labels_of",
    "minus_words",
    "model_name",
    "scope_of",
    "short_labels",
]
BOTH_MODELS: tuple[Side, ...] = ("base", "tuned")
"""In the order in which people read them."""


def labels_of(summary: Mapping[str, object]) -> dict[str, str]:
    """What sentences call the models, by ``tuned`` and ``base``: "fine-tuned model", or what the summary, or what is
    made of one, says under ``labels``."""
    labels = summary.get("labels")
    return {**MODEL_LABELS, **(labels if isinstance(labels, dict) else {})}


def short_labels(summary: Mapping[str, object]) -> dict[str, str]:
    """The same without "model", for tables and charts."""
    return {side: label.removesuffix(" model") for side, label in labels_of(summary).items()}


def capital(text: str) -> str:
    """The text with a capital letter first; a name in it stays as it is."""
    return text[:1].upper() + text[1:]


def minus_words(summary: Mapping[str, object]) -> str:
    """``fine-tuned minus base``."""
    short = short_labels(summary)
    return f"{short['tuned']} minus {short['base']}"


def compared(entry: Entry) -> Difference:
    """The difference in an entry that has one."""
    difference = entry["difference"]
    assert difference is not None
    return difference


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
