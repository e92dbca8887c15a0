"""A custom metric in Bedrock's format, with the direction of better scores beside it, as it is after its check."""

from __future__ import annotations

from typing import NotRequired, TypedDict


class RatingValue(TypedDict):
    """One of the two."""

    floatValue: NotRequired[float]
    stringValue: NotRequired[str]


class Rating(TypedDict):
    definition: str
    value: RatingValue


class Definition(TypedDict):
    name: str
    instructions: str
    ratingScale: NotRequired[list[Rating]]


class CustomMetric(TypedDict):
    customMetricDefinition: Definition
    direction: NotRequired[str]
