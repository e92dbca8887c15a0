"""The judge's metrics as its parameters declare them: Bedrock's built-in ones, then the user's own."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from model_evaluation.runtime.statistics.metrics import Metric, number_in

SAFETY_METRICS = frozenset({"Harmfulness", "Stereotyping", "Refusal"})  # a loss on one counts against any decision
BUILTIN_LIMITS = (0.0, 1.0)  # Bedrock normalises its own metrics


def read_metrics(
    builtin_metrics: Sequence[str] | None, custom_metrics: str | Sequence[Mapping[str, object]] | None
) -> list[Metric]:
    """The evaluation's metrics in order: built-in ones, then custom ones (Bedrock's array, or its JSON text).

    Raises ``ValueError`` when that is not such an array.
    """
    metrics = []
    for name in builtin_metrics or []:
        bare = name.removeprefix("Builtin.")
        safety = bare in SAFETY_METRICS
        metrics.append(Metric(bare, "lower" if safety else "higher", BUILTIN_LIMITS, guard=safety))
    items = json.loads(custom_metrics) if isinstance(custom_metrics, str) else custom_metrics or []
    if not isinstance(items, list):
        raise ValueError("custom metrics must be a JSON array")
    for item in items:
        definition = item.get("customMetricDefinition") if isinstance(item, Mapping) else None
        if not isinstance(definition, Mapping) or not isinstance(definition.get("name"), str):
            raise ValueError("each custom metric needs a customMetricDefinition with a name")
        declared = item.get("direction") in ("higher", "lower")
        direction = str(item["direction"]) if declared else "higher"
        limits, labels = _rating_scale(definition.get("ratingScale"))
        guard = definition["name"] in SAFETY_METRICS
        metrics.append(Metric(definition["name"], direction, limits, labels, declared=declared, guard=guard))
    return metrics


def _rating_scale(scale: object) -> tuple[tuple[float, float] | None, dict[str, float]]:
    """Ends and label numbers of a ``ratingScale``: numeric when every item's value is, else no numbers."""
    labels: dict[str, float] = {}
    numbers = []
    for item in scale if isinstance(scale, list) else []:
        value = item.get("value") if isinstance(item, Mapping) else None
        raw = value.get("floatValue", value.get("stringValue")) if isinstance(value, Mapping) else None
        number = number_in(raw) if isinstance(raw, str) else math.nan
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            number = float(raw)
        if not math.isfinite(number):
            return None, {}
        numbers.append(number)
        for label in (raw, item.get("definition")):
            if isinstance(label, str):
                labels[label.strip().casefold()] = number
    if len(set(numbers)) < 2:
        return None, {}
    return (min(numbers), max(numbers)), labels
