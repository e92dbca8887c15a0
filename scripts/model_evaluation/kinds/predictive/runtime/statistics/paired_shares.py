"""The difference of two models' shares of right answers, on the same rows."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from model_evaluation.runtime.statistics.proportions import mcnemar_test
from model_evaluation.runtime.summary import Difference

from .cells import UPPER, Table
from .estimates import Estimate, difference, difference_of


def mcnemar_difference(counted: Table, tuned: Estimate, base: Estimate, within: int | None = None) -> Difference | None:
    """The difference of two shares of right answers on the same rows: Tango's interval of paired shares and McNemar's
    mid-p test. ``within`` a class of the truth, ``None`` for all rows. Else, with weights or rows that belong together,
    from contributions."""
    plain = difference_of(tuned, base, counted.clusters)
    if plain is None or counted.row is not None:
        return plain
    picked = np.ones(len(counted.truth), bool) if within is None else counted.truth == within
    right = {side: (codes == counted.truth)[picked] for side, codes in counted.predicted.items()}
    counts = counted.counts[picked].astype(np.int64)
    wins = int(counts[right["tuned"] & ~right["base"]].sum())
    losses = int(counts[right["base"] & ~right["tuned"]].sum())
    n = int(counts.sum())
    if n < 2:
        return difference(plain["mean"] or 0.0, None, None, None, None, n, "none: fewer than two rows", None)
    low, high = tango_interval(wins, losses, n)
    test = mcnemar_test(wins, losses)
    error = math.sqrt(max(wins + losses - (wins - losses) ** 2 / n, 0) / (n * (n - 1)))
    method = "Tango, score method of paired shares"
    return difference((wins - losses) / n, low, high, test.mid, error, n, method, "McNemar, mid-p", test.exact)


def tango_interval(wins: int, losses: int, n: int) -> tuple[float, float]:
    """The differences of two shares of the same n rows that the score test does not reject, where only one of the two
    is right in ``wins`` rows, and only the other in ``losses`` (Tango, 1998, Statistics in Medicine 17)."""
    z, mean = float(ndtri(UPPER)), (wins - losses) / n

    def score(gap: float) -> float:
        """How many standard errors the rows are above this difference."""
        linear = (2 * n - wins + losses) * gap - wins - losses
        root = math.sqrt(max(linear**2 + 8 * n * losses * gap * (1 - gap), 0.0))
        variance = n * ((root - linear) / (2 * n) + gap * (1 - gap))
        above = wins - losses - n * gap
        return above / math.sqrt(variance) if variance > 1e-12 else math.copysign(math.inf, above)

    least, most, near = -1 + 1e-9, 1 - 1e-9, 1e-12
    low = float(brentq(lambda gap: score(gap) - z, least, mean - near)) if mean - near > least else -1.0
    high = float(brentq(lambda gap: score(gap) + z, mean + near, most)) if mean + near < most else 1.0
    return low, high
