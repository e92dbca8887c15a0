"""What is known of a metric before any score is seen: direction, scale, labels that are numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

NOT_APPLICABLE = "not applicable"
SAYS_NOT_APPLICABLE = frozenset({"not applicable", "n/a", "na", "nan"})


@dataclass(frozen=True)
class Metric:
    """What is known of a metric before any score is seen.

    ``limits`` are the ends of its scale, ``None`` when no numeric scale is declared. ``labels`` turn a label
    (lower case) into its number; a label scale without numbers has an empty one. ``declared`` is false when
    the direction is the default, ``chosen`` when only the results name the metric, ``guard`` is true when a loss on
    it counts against any decision.
    """

    name: str
    direction: str = "higher"
    limits: tuple[float, float] | None = None
    labels: Mapping[str, float] = field(default_factory=dict)
    declared: bool = True
    chosen: bool = True
    guard: bool = False

    def number(self, label: str) -> float:
        """A label's number; NaN where it has none."""
        known = self.labels.get(label.casefold())
        return number_in(label) if known is None else known


def number_in(text: str) -> float:
    """A text as a finite number, NaN when it is none."""
    try:
        number = float(text)
    except ValueError:
        return math.nan
    return number if math.isfinite(number) else math.nan


def missing_reason(label: str) -> str:
    """Why a label that a numeric scale does not have is no score: ``not applicable`` or ``unparsable``."""
    return NOT_APPLICABLE if label.strip(" .").casefold() in SAYS_NOT_APPLICABLE else "unparsable"
