"""What is known of a metric before any score is seen: direction, scale, labels that are numbers."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

NOT_APPLICABLE = "not applicable"
# How a label or the definition of a rating begins that is not a rating.
SAYS_NOT_APPLICABLE = re.compile(
    r"\W*(?:(?:(?:this |the )?(?:metric|criterion|rating|question|scale) (?:is |does )?not appl(?:icable|y)"
    r"|not applicable|inapplicable|n(?:/|\.| )?a|nan|no rating|not rat(?:ed|e?able)"
    r"|(?:cannot|can['’]t|can not|could not|unable to|impossible to) (?:be )?"
    r"(?:judge|rate|assess|determine|score|evaluate|tell)(?:d|ed)?|(?:not enough|insufficient) information to"
    r"|indeterminate|undetermined|un(?:rat|scor|judg)e?able|not (?:scor|judg|assess)e?able"
    r"|nicht (?:anwend|bewert|beurteil)bar|trifft nicht zu|keine angabe|non applicable|sans objet|no aplica(?:ble)?"
    r"|no se puede (?:evaluar|determinar|juzgar)|não (?:se aplica|aplicável)|不适用|不適用|該当なし|해당 없음)(?!\w)"
    # "Skipped steps" and "Does not apply the policy" are ratings.
    r"|does not apply(?= (?:to|here|in|for|because|since|when|if)(?!\w)|\W*$)"
    r"|(?:skip(?:ped)?|unknown)(?=\W*$|\W*[:,;(–—]))",
    re.IGNORECASE,
)


class RatingScale(NamedTuple):
    """The numbers that a scorer was asked to choose from, ascending. ``values`` are ratings, ``inapplicable`` numbers
    that say that there is none to give."""

    values: tuple[float, ...]
    inapplicable: tuple[float, ...] = ()

    @property
    def ends(self) -> tuple[float, float]:
        """The lowest and the highest number of all."""
        every = (*self.values, *self.inapplicable)
        return min(every), max(every)

    @property
    def tolerance(self) -> float:
        """How far a number may be from one of the scale's and be the same: services round to two decimals."""
        every = sorted((*self.values, *self.inapplicable))
        return min(0.005, min(b - a for a, b in itertools.pairwise(every)) / 4)

    def holds(self, number: float) -> bool:
        """Whether this is one of its numbers."""
        return any(abs(number - value) <= self.tolerance for value in (*self.values, *self.inapplicable))

    def on_unit_scale(self) -> RatingScale:
        """The same scale as a service gives it that maps all its numbers to 0 to 1."""
        low, high = self.ends
        mapped = [tuple((value - low) / (high - low) for value in part) for part in self]
        return RatingScale(mapped[0], mapped[1])


@dataclass(frozen=True)
class Metric:
    """What is known of a metric before any score is seen.

    ``limits`` are the ends of its scale, ``None`` when no numeric scale is declared; ``scale`` has its numbers where
    they were listed. ``labels`` turn a label (lower case) into its number; a label scale without numbers has an empty
    one. ``declared`` is false when the direction is the default, ``chosen`` when only the results name the metric,
    ``guard`` is true when a loss on it counts against any decision. ``scores_on`` says on which scale the results lie:
    ``declared``, ``unit`` (its image in 0 to 1), ``unclear`` or ``both``; ``limits`` and ``labels`` are on that one.
    """

    name: str
    direction: str = "higher"
    limits: tuple[float, float] | None = None
    labels: Mapping[str, float] = field(default_factory=dict)
    declared: bool = True
    chosen: bool = True
    guard: bool = False
    scale: RatingScale | None = None
    scores_on: str = "declared"

    @property
    def tolerance(self) -> float:
        """How far beyond its limits a score may lie that was rounded."""
        return self.scale.on_unit_scale().tolerance if self.scale and self.scores_on == "unit" else 1e-9

    def number(self, label: str) -> float:
        """A label's number; NaN where it has none."""
        known = self.labels.get(label.casefold())
        return number_in(label) if known is None else known

    def is_inapplicable(self, number: float) -> bool:
        """Whether this number says that there is no rating to give."""
        if self.scale is None:
            return False
        scale = self.scale.on_unit_scale() if self.scores_on == "unit" else self.scale
        return any(abs(number - value) <= scale.tolerance for value in scale.inapplicable)


def number_in(text: str) -> float:
    """A text as a finite number, NaN when it is none."""
    try:
        return number if math.isfinite(number := float(text)) else math.nan
    except ValueError:
        return math.nan


def says_not_applicable(text: str) -> bool:
    """Whether a label, or the definition of a rating, says that there is no rating to give."""
    return SAYS_NOT_APPLICABLE.match(text) is not None


def missing_reason(label: str) -> str:
    """Why a label that a numeric scale does not have is not a score: ``not applicable`` or ``unparsable``."""
    return NOT_APPLICABLE if says_not_applicable(label) else "unparsable"
