"""One setting of a recipe. Steps look at it before anything of AWS is loaded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Parameter:
    """One setting: its type as the recipe names it, its default and its bounds; ``choices`` where only these are
    taken."""

    type: str = ""
    default: object = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()

    def bounds(self) -> str:
        """``integer, from 1 to 16384, 8192 unless set``."""
        limits = [f"from {self.low:g}" if self.low is not None else "", f"to {self.high:g}" if self.high else ""]
        parts = [self.type or "any value", " ".join(filter(None, limits)), f"{self.default} unless set"]
        return ", ".join(part for part in parts if part)

    @property
    def usual(self) -> float:
        """Its default as a number; 0 where that is none."""
        return float(self.default) if isinstance(self.default, int | float) else 0.0

    def takes(self, number: float) -> bool:
        """Whether it takes a number."""
        if self.type == "integer" and number != int(number):
            return False
        return not ((self.low is not None and number < self.low) or (self.high and number > self.high))
