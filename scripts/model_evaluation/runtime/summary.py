"""Names for the parts of ``summary.json``, whose shape ``schemas/summary.schema.json`` describes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Summary = Mapping[str, Any]
MetricEntry = Mapping[str, Any]
Difference = Mapping[str, Any]

BOTH_MODELS = ("base", "tuned")


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
