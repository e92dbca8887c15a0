"""Numbers and names as people read them, the same in every report."""

from __future__ import annotations

import math

from model_evaluation.runtime.statistics import verdicts
from model_evaluation.runtime.summary import Interval, Summary


def signed(value: float | None, plus: str = "+") -> str:
    """Three decimals with a real minus sign; a rounded zero has no sign; ``–`` for ``None``."""
    return verdicts.signed(value, 3, plus)


def interval(difference: Interval) -> str:
    """``0.071 to 0.329``, or ``–`` where there is none."""
    low, high = difference["ci_low"], difference["ci_high"]
    return "–" if low is None else f"{signed(low, '')} to {signed(high, '')}"


def finite_number(text: str) -> float | None:
    """A text as a finite number, else ``None``."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def execution_id(summary: Summary) -> str:
    return str(summary["execution_arn"]).rsplit("/", 1)[-1] or "execution"
