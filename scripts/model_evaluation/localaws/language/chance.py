"""Chance that is the same every time: numbers drawn from the words they are about."""

from __future__ import annotations

import hashlib
import random


def seeded(*words: object) -> random.Random:
    """A generator that depends on the words only, in every process and version of Python."""
    return random.Random(_digest(words))  # noqa: S311


def share(*words: object) -> float:
    """One number in [0, 1) for the words."""
    return int.from_bytes(_digest(words)[:7]) / 2**56


def _digest(words: tuple[object, ...]) -> bytes:
    text = "\x1f".join(str(word) for word in words)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
