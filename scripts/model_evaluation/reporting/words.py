"""Numbers and names as people read them, the same in every report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def signed(value: float | None, plus: str = "+") -> str:
    """Three decimals with a real minus sign; a rounded zero has no sign; ``–`` for ``None``."""
    if value is None:
        return "–"
    text = f"{abs(value):.3f}"
    return text if not float(text) else f"{'−' if value < 0 else plus}{text}"


def interval(difference: Mapping[str, Any]) -> str:
    """``0.071 to 0.329``, or ``–`` where there is none."""
    low, high = difference["ci_low"], difference["ci_high"]
    return "–" if low is None else f"{signed(low, '')} to {signed(high, '')}"


def execution_id(summary: Mapping[str, Any]) -> str:
    return str(summary["execution_arn"]).rsplit("/", 1)[-1] or "execution"
