"""Keys and texts of a metric definition: present, known, of the right kind and length."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .wording import close_match, json_kind, quoted

if TYPE_CHECKING:
    from .findings import Findings


_OTHER_KEYS = {
    "metric_name": "name",
    "title": "name",
    "id": "name",
    "prompt": "instructions",
    "description": "instructions",
    "scale": "ratingScale",
    "ratings": "ratingScale",
    "label": "definition",
    "score": "value",
    "number": "floatValue",
    "intvalue": "floatValue",
    "doublevalue": "floatValue",
    "textvalue": "stringValue",
}


def check_keys(holder: Mapping[str, object], allowed: tuple[str, ...], position: str, findings: Findings) -> None:
    """Report every key that is not allowed, with the one that was probably meant."""
    for key in holder:
        if key in allowed or (key == "metricName" and "name" in allowed):
            continue
        if key == "direction":
            fix = "Move direction out, beside customMetricDefinition."
        else:
            close = _OTHER_KEYS.get(key.lower()) or close_match(key.replace("_", ""), allowed, 0.6)
            fix = f"Rename it {close}." if close in allowed and close not in holder else "Remove it."
        findings.error(
            "unknown_key",
            f"Unknown key {quoted(key)}; expected {', '.join(allowed)}.",
            position or "top level",
            fix,
        )


def check_text(holder: Mapping[str, object], key: str, most: int, position: str, findings: Findings) -> str | None:
    """The text under ``key`` when it is usable, after reporting what is wrong with it."""
    place = f"{position}.{key}".lstrip(".")
    if key not in holder:
        findings.error(
            f"missing_{key}",
            f"{key} is missing.",
            position or "top level",
            f"Add {key}: 1 to {most} characters.",
        )
        return None
    value = holder[key]
    if not isinstance(value, str):
        findings.error(
            "wrong_type",
            f"Received {json_kind(value)}; expected text of 1 to {most} characters.",
            place,
            "Write it as text in double quotes.",
        )
        return None
    if not value.strip():
        findings.error("blank", f"Blank; expected text of 1 to {most} characters.", place, "Fill it in.")
        return None
    if len(value) > most:
        findings.error(
            "too_long",
            f"{len(value)} characters; expected at most {most}.",
            place,
            f"Shorten it by {len(value) - most}.",
        )
        return None
    return value
