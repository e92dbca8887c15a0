"""How small a difference of a yes/no metric between two models a dataset can show, by the normal approximation; good
from about 20 rows on. Of scores :mod:`model_evaluation.runtime.statistics.planning` says it."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

CHANCE_BEYOND = NormalDist().inv_cdf(0.975)  # two-sided at the 5 % level
CHANCE_TO_SEE = NormalDist().inv_cdf(0.8)  # 80 % power


def minimum_detectable_rate_difference(rows: int, share_that_differs: float) -> float | None:
    """The true difference of two rates that McNemar's test over ``rows`` rows finds four times in five.

    ``share_that_differs``: the share of rows on which exactly one of the two models says yes (between 0
    and 1). The difference of the two rates cannot be larger than it; ``None`` means that even if all
    these rows went the same way it would not be found with this power, or that there are fewer than 2 rows.

    Solves Connor's formula (1987) for delta, with q the share that differs:
    sqrt(n) * delta = z(0.975) * sqrt(q) + z(0.8) * sqrt(q - delta**2)
    """
    if not 0 <= share_that_differs <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share_that_differs}")
    if rows < 2 or share_that_differs == 0:
        return None
    q = share_that_differs
    a, b = CHANCE_BEYOND * sqrt(q), CHANCE_TO_SEE * sqrt(q)
    # Squaring (sqrt(n) d - a)^2 = b^2 (1 - d^2 / q) gives (n + b^2 / q) d^2 - 2 a sqrt(n) d + a^2 - b^2 = 0.
    p, half = rows + CHANCE_TO_SEE**2, a * sqrt(rows)
    delta = (half + sqrt(max(0.0, half * half - p * (a * a - b * b)))) / p
    return delta if delta <= q else None
