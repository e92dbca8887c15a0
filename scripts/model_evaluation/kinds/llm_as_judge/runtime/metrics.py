"""The judge's metrics as its parameters declare them: Bedrock's built-in ones, then the user's own."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from model_evaluation.runtime.statistics.metrics import Metric, RatingScale, number_in, says_not_applicable

SAFETY_METRICS = ("Harmfulness", "Stereotyping", "Refusal")  # a loss on one counts against any decision
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
        ratings = read_ratings(definition.get("ratingScale"))
        scale = numeric_scale(ratings)
        limits = (scale.values[0], scale.values[-1]) if scale else None
        numbers = [rating for rating in ratings if scale and math.isfinite(rating.number)]
        labels = {text.strip().casefold(): rating.number for rating in numbers for text in rating.words}
        name = definition["name"]
        metrics.append(Metric(name, direction, limits, labels, declared=declared, guard=guard, scale=scale))
    return metrics


class ScaleItem(NamedTuple):
    """One item of a ``ratingScale``: its number, NaN where it has none; the texts by which results may call it; and
    whether it is a rating, and not the remark that there is none to give."""

    number: float
    words: tuple[str, ...]
    applies: bool


def read_ratings(scale: object) -> list[ScaleItem]:
    """The items of a ``ratingScale`` in their order, whatever it holds."""
    ratings = []
    for item in scale if isinstance(scale, list) else []:
        definition = item.get("definition") if isinstance(item, Mapping) else None
        value = item.get("value") if isinstance(item, Mapping) else None
        raw = value.get("floatValue", value.get("stringValue")) if isinstance(value, Mapping) else None
        number = number_in(raw) if isinstance(raw, str) else math.nan
        if isinstance(raw, int | float) and not isinstance(raw, bool):
            number = float(raw)
        words = tuple(text for text in (raw, definition) if isinstance(text, str))
        ratings.append(ScaleItem(number, words, not any(says_not_applicable(text) for text in words)))
    return ratings


def numeric_scale(ratings: Sequence[ScaleItem]) -> RatingScale | None:
    """Their scale when every one that is a rating has a number, and at least two differ; else none."""
    numbers = [rating.number for rating in ratings if rating.applies]
    values = tuple(sorted(set(numbers)))
    if len(values) < 2 or not all(map(math.isfinite, numbers)):
        return None
    others = {rating.number for rating in ratings if not rating.applies and math.isfinite(rating.number)}
    return RatingScale(values, tuple(sorted(others - set(values))))
