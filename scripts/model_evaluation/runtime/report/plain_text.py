"""Texts from models, datasets and services as people read them on one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def one_line(text: str) -> str:
    """Text on one line without anything a terminal would obey, or that turns the direction of what follows."""
    return "".join(c if c.isprintable() else " " for c in text)


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


def enumeration(names: Sequence[str]) -> str:
    """``a, b, c``, and past six of them how many more there are."""
    more = len(names) - 6
    return ", ".join(names[:6]) + (f" and {more} more" if more > 0 else "")


def paragraphs(text: str) -> list[str]:
    """The paragraphs of a text that is wrapped and has blank lines between them, each on one line."""
    return [" ".join(part.split()) for part in text.strip().split("\n\n")]
