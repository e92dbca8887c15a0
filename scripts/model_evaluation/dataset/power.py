"""How small a difference between two models a dataset of a given size can show.

Two-sided tests at level ``alpha``, by the normal approximation; good from about 20 rows on.
"""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

POWER = 0.80
ALPHA = 0.05


def _factor(power: float, alpha: float) -> float:
    """z(1 - alpha/2) + z(power): 2.80 for 80 % power at the 5 % level."""
    if not 0 < power < 1 or not 0 < alpha < 1:
        raise ValueError(f"power and alpha lie between 0 and 1, got {power} and {alpha}")
    normal = NormalDist()
    return normal.inv_cdf(1 - alpha / 2) + normal.inv_cdf(power)


def minimum_detectable_difference(
    rows: int, sd_of_differences: float, *, power: float = POWER, alpha: float = ALPHA
) -> float | None:
    """The true mean difference that a paired test over ``rows`` rows finds with probability ``power``.

    ``sd_of_differences``: the standard deviation of (tuned minus base) over rows, in score units; for
    scores between 0 and 1 it is at most 1, and 0.3 to 0.5 is common. The result is in the same units;
    ``None`` when there are fewer than 2 rows.

    delta = (z(1 - alpha/2) + z(power)) * sd / sqrt(n)
    """
    if sd_of_differences < 0:
        raise ValueError(f"a standard deviation is not negative, got {sd_of_differences}")
    if rows < 2:
        return None
    return _factor(power, alpha) * sd_of_differences / sqrt(rows)


def minimum_detectable_rate_difference(
    rows: int, share_that_differs: float, *, power: float = POWER, alpha: float = ALPHA
) -> float | None:
    """The same for yes/no metrics, tested with McNemar's test.

    ``share_that_differs``: the share of rows on which exactly one of the two models says yes (between 0
    and 1). The difference of the two rates cannot be larger than it; ``None`` means that even if all
    these rows went the same way it would not be found with this power, or that there are fewer than 2 rows.

    Solves Connor's formula (1987) for delta, with q the share that differs:
    sqrt(n) * delta = z(1 - alpha/2) * sqrt(q) + z(power) * sqrt(q - delta**2)
    """
    if not 0 <= share_that_differs <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share_that_differs}")
    if rows < 2 or share_that_differs == 0:
        return None
    _factor(power, alpha)
    normal = NormalDist()
    q = share_that_differs
    a = normal.inv_cdf(1 - alpha / 2) * sqrt(q)
    b = normal.inv_cdf(power)
    # Squaring (sqrt(n) d - a)^2 = b^2 (q - d^2) gives (n + b^2) d^2 - 2 a sqrt(n) d + a^2 - b^2 q = 0.
    p, half, c = rows + b * b, a * sqrt(rows), a * a - b * b * q
    discriminant = half * half - p * c
    root = sqrt(max(0.0, discriminant))
    delta = (half + root if b >= 0 else half - root) / p
    return delta if delta <= q else None
