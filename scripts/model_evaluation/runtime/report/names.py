"""Models and times the way people write them."""

from __future__ import annotations

from datetime import UTC, datetime


def short_name(name: str | None) -> str:
    """What a person calls a model: of an ARN the part after its kind, ``support-assistant/3``; ``–`` for none."""
    if not name:
        return "–"
    return name.partition("/")[2] or name if name.startswith("arn:") else name


def short_time(created: str) -> str:
    """An ISO time to the minute, in UTC; any other text as it is."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if moment.tzinfo else created
