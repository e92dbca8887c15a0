"""P-values of several tests at once. ``None`` stays ``None`` and is not counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from .counts import Floats

PValues = list[float | None]


def holm(p_values: Sequence[float | None]) -> PValues:
    """Holm's (1979) adjusted p-values, in the given order."""

    def step_down(known: Floats) -> Floats:
        order = np.argsort(known, kind="stable")
        adjusted = np.empty(len(order))
        adjusted[order] = np.maximum.accumulate(known[order] * np.arange(len(order), 0, -1))
        return adjusted

    return _adjusted(p_values, step_down)


def benjamini_hochberg(p_values: Sequence[float | None]) -> PValues:
    """Benjamini and Hochberg's (1995) adjusted p-values, in the given order."""
    return _adjusted(p_values, stats.false_discovery_control)


def _adjusted(p_values: Sequence[float | None], rule: Callable[[Floats], Floats]) -> PValues:
    known = [p for p in p_values if p is not None]
    adjusted = iter(np.minimum(rule(np.array(known)), 1.0).tolist() if known else [])
    return [None if p is None else next(adjusted) for p in p_values]
