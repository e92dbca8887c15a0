"""How the metric modules quote what they were given, and guess what was meant."""

from __future__ import annotations

from collections.abc import Iterable


def quoted(value: object, limit: int = 60) -> str:
    """``value`` in double quotes, shortened to ``limit`` characters, nothing in it unprintable.

    A value that is not text is shown by its JSON kind ("a number", "an array").
    """
    if not isinstance(value, str):
        return json_kind(value)
    text = value if len(value) <= limit else value[: limit - 1] + "…"
    safe = "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
    return f'"{safe}"'


def json_kind(value: object) -> str:
    """What JSON calls the kind of ``value``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "text"
    return "an array" if isinstance(value, list) else "an object"


def close_match(word: str, candidates: Iterable[str], cutoff: float = 0.75) -> str | None:
    """The candidate most like ``word`` in any case, or ``None`` below ``cutoff`` (0 to 1)."""
    import difflib

    folded = {candidate.casefold(): candidate for candidate in candidates}
    matches = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=cutoff)
    return folded[matches[0]] if matches else None


def as_words(text: str) -> str:
    """``text`` in lower case with one space between words and at both ends: ready for `` phrase in``."""
    return " " + " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split()) + " "
