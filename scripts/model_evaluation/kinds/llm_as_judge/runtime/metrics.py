"""The judge's metrics as its parameters declare them: Bedrock's built-in ones, then the user's own."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from model_evaluation.runtime.statistics.metrics import Metric, RatingScale, number_in, says_not_applicable

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
        guard = definition["name"] in SAFETY_METRICS
        scale, labels = _rating_scale(definition.get("ratingScale"))
        limits = (scale.values[0], scale.values[-1]) if scale else None
        name = definition["name"]
        metrics.append(Metric(name, direction, limits, labels, declared=declared, guard=guard, scale=scale))
    return metrics


def _rating_scale(scale: object) -> tuple[RatingScale | None, dict[str, float]]:
    """Numbers and label numbers of a ``ratingScale``: numeric when the value of every item is that gives a rating, else
    none. An item may say that the metric does not apply."""
    labels: dict[str, float] = {}
    values: list[float] = []
    inapplicable: list[float] = []
    for item in scale if isinstance(scale, list) else []:
        value = item.get("value") if isinstance(item, Mapping) else None
        raw = value.get("floatValue", value.get("stringValue")) if isinstance(value, Mapping) else None
        number = number_in(raw) if isinstance(raw, str) else math.nan
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            number = float(raw)
        words = [text for text in (raw, item.get("definition") if isinstance(item, Mapping) else None)
                 if isinstance(text, str)]  # fmt: skip
        no_rating = any(says_not_applicable(text) for text in words)
        if not math.isfinite(number):
            if no_rating:
                continue
            return None, {}
        (inapplicable if no_rating else values).append(number)
        labels |= {text.strip().casefold(): number for text in words}
    values = sorted(set(values))
    if len(values) < 2:
        return None, {}
    return RatingScale(tuple(values), tuple(sorted(set(inapplicable) - set(values)))), labels
