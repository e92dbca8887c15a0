"""How long an evaluation takes."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .tokens import Tokens

# Fitted to the few runs that have been published: 15 to 20 minutes for a handful of rows, 45 to 55 for two models
# on 123 rows with long answers. Both models' answers are made and judged side by side.
FIXED_MINUTES = (15.0, 25.0)
SECONDS_PER_ROW = (4.0, 16.0)


def estimate_minutes(rows: int, jobs: int = 1) -> tuple[float, float]:
    """Minutes from start to results, low to high, when no quota slows the judge down. ``jobs`` evaluations of
    ``rows`` rows together, one after another, each take the fixed part."""
    return (
        jobs * FIXED_MINUTES[0] + rows * SECONDS_PER_ROW[0] / 60,
        jobs * FIXED_MINUTES[1] + rows * SECONDS_PER_ROW[1] / 60,
    )


def minutes_at(tokens: Tokens, tokens_per_minute: float) -> tuple[float, float]:
    """Minutes that judging takes at least under a quota of ``tokens_per_minute`` (> 0), low to high."""
    low, high = tokens.total
    return low / tokens_per_minute, high / tokens_per_minute


def in_words(minutes: tuple[float, float]) -> str:
    """ "about 20 to 45 minutes", "about 2 to 5 hours"."""
    low, high = minutes
    if high < 120:
        return f"about {5 * round(low / 5):.0f} to {5 * -(-high // 5):.0f} minutes"
    return f"about {low / 60:.1f} to {high / 60:.1f} hours"
