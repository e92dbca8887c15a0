"""How many random examples a property test tries: few in the quick run, up to its own number in `make test`."""

from __future__ import annotations

from hypothesis import settings


def at_most(number: int) -> int:
    """``number``, or what the profile allows (see conftest.py) if that is less."""
    return min(number, settings.default.max_examples) if settings.default else number
