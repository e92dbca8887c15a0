"""What is known of the evaluation's metrics before any score is seen: direction, scale, labels that are numbers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

LOWER_IS_BETTER = frozenset({"Harmfulness", "Stereotyping", "Refusal"})
BUILTIN_LIMITS = (0.0, 1.0)  # Bedrock normalises its own metrics


@dataclass(frozen=True)
class Metric:
    """What is known of a metric before any score is seen.

    ``limits`` are the ends of its scale, ``None`` when no numeric scale is declared. ``labels`` turn a label
    (lower case) into its number; a label scale without numbers has an empty one. ``declared`` is false when
    the direction is the default, ``chosen`` when only the results name the metric.
    """

    name: str
    direction: str = "higher"
    limits: tuple[float, float] | None = None
    labels: Mapping[str, float] = field(default_factory=dict)
    declared: bool = True
    chosen: bool = True

    def number(self, score: float | str | None) -> float:
        """The score as a number; NaN where it is missing, or a label without a number."""
        if isinstance(score, str):
            known = self.labels.get(score.casefold())
            return known if known is not None else _number_in(score)
        return math.nan if score is None else score


def read_metrics(builtin_metrics: Sequence[str] | None, custom_metrics_json: str | None) -> list[Metric]:
    """The evaluation's metrics in order: built-in ones, then custom ones (JSON text of Bedrock's array).

    Raises ``ValueError`` when the JSON is not such an array.
    """
    metrics = []
    for name in builtin_metrics or []:
        bare = name.removeprefix("Builtin.")
        direction = "lower" if bare in LOWER_IS_BETTER else "higher"
        metrics.append(Metric(bare, direction, BUILTIN_LIMITS))
    items = json.loads(custom_metrics_json) if custom_metrics_json else []
    if not isinstance(items, list):
        raise ValueError("custom metrics must be a JSON array")
    for item in items:
        definition = item.get("customMetricDefinition") if isinstance(item, Mapping) else None
        if not isinstance(definition, Mapping) or not isinstance(definition.get("name"), str):
            raise ValueError("each custom metric needs a customMetricDefinition with a name")
        declared = item.get("direction") in ("higher", "lower")
        direction = item["direction"] if declared else "higher"
        metrics.append(
            Metric(definition["name"], direction, *_rating_scale(definition.get("ratingScale")), declared=declared)
        )
    return metrics


def _rating_scale(scale: object) -> tuple[tuple[float, float] | None, dict[str, float]]:
    """Ends and label numbers of a ``ratingScale``: numeric when every item's value is, else no numbers."""
    labels: dict[str, float] = {}
    numbers = []
    for item in scale if isinstance(scale, list) else []:
        value = item.get("value") if isinstance(item, Mapping) else None
        raw = value.get("floatValue", value.get("stringValue")) if isinstance(value, Mapping) else None
        number = _number_in(raw) if isinstance(raw, str) else math.nan
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


def _number_in(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan
