"""The rating scale of a custom metric, checked rating by rating."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeGuard

from .findings import check_keys, check_text, json_kind

if TYPE_CHECKING:
    from model_evaluation.kinds.llm_as_judge.metrics.definitions import Rating

    from .findings import Findings


MAX_RATINGS = 10
MAX_DEFINITION = 100
MAX_STRING_VALUE = 100

_RATING_KEYS = ("definition", "value")
_VALUE_KEYS = ("floatValue", "stringValue")
_SHAPE = '{"definition": "Good", "value": {"floatValue": 1}}'


def check_rating_scale(scale: object, position: str, findings: Findings) -> list[Rating] | None:
    """The ratings when all are usable."""
    if not isinstance(scale, list):
        findings.error(
            "wrong_type",
            f"Received {json_kind(scale)}; expected an array of 1 to {MAX_RATINGS} ratings.",
            position,
            f"Write [{_SHAPE}, ...], or leave ratingScale out.",
        )
        return None
    if not 1 <= len(scale) <= MAX_RATINGS:
        findings.error(
            "rating_count",
            f"{len(scale)} ratings; expected 1 to {MAX_RATINGS}.",
            position,
            "Use fewer steps; judges separate three to five best." if scale else "Add ratings, or remove the key.",
        )
    before = findings.count_errors
    kinds: set[str] = set()
    positions: dict[tuple[str, object], str] = {}
    for index, rating in enumerate(scale):
        place = f"{position}[{index}]"
        if not isinstance(rating, dict):
            findings.error("wrong_type", f"Received {json_kind(rating)}; expected {_SHAPE}.", place, f"Write {_SHAPE}.")
            continue
        check_keys(rating, _RATING_KEYS, place, findings)
        definition = check_text(rating, "definition", MAX_DEFINITION, place, findings)
        if definition is not None:
            _check_once("definition", definition.strip().casefold(), f"{place}.definition", positions, findings)
        if "value" not in rating:
            findings.error("missing_value", "value is missing.", place, 'Add "value": {"floatValue": 1}.')
            continue
        value = _check_value(rating["value"], f"{place}.value", findings)
        if value is not None:
            kinds.add(value[0])
            _check_once("value", value[1], f"{place}.value", positions, findings)
    if len(kinds) > 1:
        findings.error(
            "mixed_values",
            "Some ratings have floatValue, others stringValue; expected one kind in a scale.",
            position,
            "Give every rating a floatValue: only numbers can be averaged and compared.",
        )
    return scale if scale and findings.count_errors == before else None


def _check_once(
    what: str, value: object, position: str, positions: dict[tuple[str, object], str], findings: Findings
) -> None:
    first = positions.setdefault((what, value), position)
    if first != position:
        findings.error(
            f"duplicate_{what}",
            f"The same {what} stands at {first}; a rating must be told from every other.",
            position,
            f"Change the {what}, or remove one of the two ratings.",
        )


def _check_value(value: object, position: str, findings: Findings) -> tuple[str, object] | None:
    """Kind and content of a rating's value when it is usable."""
    if not isinstance(value, dict):
        example = f'{{"floatValue": {value if _is_number(value) and math.isfinite(value) else 1}}}'
        findings.error("wrong_type", f"Received {json_kind(value)}; expected {example}.", position, f"Write {example}.")
        return None
    check_keys(value, _VALUE_KEYS, position, findings)
    keys = [key for key in _VALUE_KEYS if key in value]
    if len(keys) != 1:
        findings.error(
            "both_values" if keys else "no_value",
            ("Both floatValue and" if keys else "Neither floatValue nor") + " stringValue; expected one.",
            position,
            "Keep floatValue alone." if keys else 'Write {"floatValue": 1}.',
        )
        return None
    if keys == ["stringValue"]:
        text = check_text(value, "stringValue", MAX_STRING_VALUE, position, findings)
        return None if text is None else ("stringValue", text.casefold())
    number = value["floatValue"]
    if not _is_number(number):
        findings.error(
            "wrong_type",
            f"Received {json_kind(number)}; expected a number.",
            f"{position}.floatValue",
            "Write a number without quotes.",
        )
        return None
    if not math.isfinite(number):
        findings.error(
            "not_finite",
            "Not a finite number (NaN, Infinity, or too large).",
            f"{position}.floatValue",
            "Write an ordinary number such as 0, 0.5 or 1.",
        )
        return None
    return "floatValue", float(number)


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)
