"""Names for the parts of ``summary.json``, whose shape ``schemas/summary.schema.json`` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_evaluation.runtime.statistics.verdicts import MODEL_LABELS

Summary = Mapping[str, Any]
MetricEntry = Mapping[str, Any]
Difference = Mapping[str, Any]

BOTH_MODELS = ("base", "tuned")


def labels_of(summary: Mapping[str, Any]) -> dict[str, str]:
    """What sentences call the models, by ``tuned`` and ``base``: "fine-tuned model", or what the summary says."""
    return {**MODEL_LABELS, **(summary.get("labels") or {})}


def short_labels(summary: Mapping[str, Any]) -> dict[str, str]:
    """The same without "model", for tables and charts."""
    return {side: label.removesuffix(" model") for side, label in labels_of(summary).items()}


def capital(text: str) -> str:
    """The text with a capital letter first; a name in it stays as it is."""
    return text[:1].upper() + text[1:]


def minus_words(summary: Mapping[str, Any]) -> str:
    """``fine-tuned minus base``."""
    short = short_labels(summary)
    return f"{short['tuned']} minus {short['base']}"


def scope_of(summary: Summary) -> str:
    """``compare``, ``tuned`` or ``base``; where the summary does not say, the model that has means was evaluated."""
    if "scope" in summary:
        return str(summary["scope"])
    if summary["verdict"]["decision"] != "none":
        return "compare"
    return "tuned" if any(entry["tuned"] for entry in summary["metrics"].values()) else "base"


def evaluated_models(summary: Summary) -> tuple[str, ...]:
    """``base``, ``tuned`` or both, in the order in which people read them."""
    scope = scope_of(summary)
    return BOTH_MODELS if scope == "compare" else (scope,)


def model_name(summary: Summary, side: str) -> str:
    """The model's name or ARN; empty where it was not evaluated or has none."""
    model = summary["models"].get(side)
    return str(model["name"] if isinstance(model, dict) else model or "")
