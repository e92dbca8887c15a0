"""How large a difference a number of rows can show."""

from __future__ import annotations

import math
from statistics import NormalDist


def minimum_detectable_difference(
    rows: int, *, spread: float, power: float = 0.8, confidence: float = 0.95
) -> float | None:
    """The smallest true mean paired difference that a two-sided test finds with probability ``power``.

    ``rows`` paired rows; ``spread`` is the standard deviation of the paired differences, on the score's scale,
    and so is the result: ``(z(1 - alpha/2) + z(power)) * spread / sqrt(rows)``, the normal approximation
    (Cohen, Statistical Power Analysis, 1988, section 2.4). ``None`` below two rows, where no spread exists.
    """
    if rows < 2:
        return None
    normal = NormalDist()
    return (normal.inv_cdf((1 + confidence) / 2) + normal.inv_cdf(power)) * spread / math.sqrt(rows)
