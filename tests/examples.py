"""Random examples: how many a property test tries, and numbers that are drawn alike every time."""

from __future__ import annotations

import numpy as np
from hypothesis import settings


def at_most(number: int) -> int:
    """``number``, or what the profile allows if that is less: few in the quick run (see conftest.py)."""
    return min(number, settings.default.max_examples) if settings.default else number


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)
