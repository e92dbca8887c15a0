"""Metrics of predicted classes: all of them follow from how often each truth meets each prediction.

``cells`` is a confusion matrix (..., truth, prediction) of counts or weights. Every metric here is the same for cells
that are all multiplied by one number, so a row's contribution is its weight times the metric's derivative by its cell.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri, stdtrit

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import Cells, Function, averaged, divided, right_of
from model_evaluation.runtime.statistics.differences import difference_entry
from model_evaluation.runtime.statistics.intervals import Interval
from model_evaluation.runtime.statistics.permutation import PValue
from model_evaluation.runtime.statistics.proportions import CONFIDENCE, mcnemar_test, wilson_interval
from model_evaluation.runtime.summary import Difference

from .entries import Outcomes
from .estimates import Contributions, Estimate, absent, by_contributions, difference_of, spread

UPPER = (1 + CONFIDENCE) / 2
DRAWS = 4_000
MOST_WORK = 2_000_000_000  # multiplications for all draws
CHUNK = 256  # cells whose derivative is taken at a time
STEP = 1e-30j
UNSEEN = 1 / 3  # of a row
NO_ROW_DIFFERS = "none: no row differs"
MOST_CELLS = 2_000  # that occur: with more, contributions take the place of draws


def recall(cells: Cells) -> Cells:
    """Of the positive class, the second one."""
    return divided(cells[..., 1, 1], cells[..., 1, :].sum(axis=-1))


def specificity(cells: Cells) -> Cells:
    return divided(cells[..., 0, 0], cells[..., 0, :].sum(axis=-1))


def precision(cells: Cells) -> Cells:
    return divided(cells[..., 1, 1], cells[..., :, 1].sum(axis=-1))


def f_beta(beta: float) -> Function:
    """F-beta of the positive class; F1 weighs precision and recall alike, beta above 1 recall more."""
    square = beta * beta

    def function(cells: Cells) -> Cells:
        tp, fp, fn = cells[..., 1, 1], cells[..., 0, 1], cells[..., 1, 0]
        return divided((1 + square) * tp, (1 + square) * tp + square * fn + fp)

    return function


def expected_cost(false_positive: float, false_negative: float) -> Function:
    """What errors cost, per row."""

    def function(cells: Cells) -> Cells:
        return divided(false_positive * cells[..., 0, 1] + false_negative * cells[..., 1, 0], cells.sum((-2, -1)))

    return function


def matthews_corrcoef(cells: Cells) -> Cells:
    """Matthews' correlation of truth and prediction, for any number of classes; NaN where one of the two is always the
    same class."""
    truth, predicted, total = cells.sum(-1), cells.sum(-2), cells.sum((-2, -1))
    spreads = (total**2 - (predicted**2).sum(-1)) * (total**2 - (truth**2).sum(-1))
    shared = (truth * predicted).sum(-1)
    return divided(right_of(cells).sum(-1) * total - shared, np.sqrt(np.maximum(spreads, 0)))


def balanced_accuracy(cells: Cells) -> Cells:
    """The mean recall of the classes; of two classes NaN where one is absent."""
    value = averaged("recall", weighted=False)(cells)
    return np.where((cells.sum(-1) > 0).all(-1), value, np.nan) if cells.shape[-1] == 2 else value


class Table(NamedTuple):
    """Truth and every model's prediction counted together.

    ``counts`` (m,) of the combinations that occur, ``truth`` (m,) and ``predicted`` (m,) by model; ``row`` (n,) is the
    combination of each row, ``None`` where rows count once each and nobody needs it.
    """

    classes: int
    counts: Floats
    truth: Codes
    predicted: dict[Side, Codes]
    row: Codes | None
    weight: Floats | None
    clusters: Codes | None
    n: int

    def cells(self, side: Side, counts: Floats | None = None) -> Cells:
        """The confusion matrix (..., K, K) of one model; ``counts`` (..., m) in place of the table's own."""
        own = self.counts if counts is None else counts
        spot = self.truth * self.classes + self.predicted[side]
        size = self.classes * self.classes
        if own.ndim == 1:
            return np.bincount(spot, weights=own, minlength=size).reshape(self.classes, self.classes)
        to = np.zeros((len(spot), size))
        to[np.arange(len(spot)), spot] = 1
        return (own @ to).reshape(*own.shape[:-1], self.classes, self.classes)

    def value(self, function: Function, side: Side) -> float | None:
        """One model's value; ``None`` where there is none."""
        value = float(function(self.cells(side)))
        return None if math.isnan(value) else value

    def contributions(self, function: Function, side: Side) -> Contributions:
        """What each row contributes to the metric: per combination where rows count once each, else per row."""
        slopes = gradient(function, self.cells(side), self.truth, self.predicted[side])
        slopes *= math.sqrt(self.n / (self.n - 1)) if self.n > 1 else 1.0
        if self.row is None:
            return Contributions(slopes, self.counts)
        return Contributions(slopes[self.row] * (1 if self.weight is None else self.weight))


def table(
    truth: Codes,
    predicted: dict[Side, Codes],
    classes: int,
    weight: Floats | None = None,
    clusters: Codes | None = None,
) -> Table:
    """The counts of what occurs together."""
    at = truth.astype(np.int64)
    for codes in predicted.values():
        at = at * classes + codes
    size = classes ** (1 + len(predicted))
    plain = weight is None and clusters is None
    row: Codes | None = None
    if plain and size <= 1 << 20:
        every = np.bincount(at, minlength=size)
        occurring = np.flatnonzero(every)
        counts = every[occurring].astype(float)
    else:
        occurring, row = np.unique(at, return_inverse=True)
        counts = np.bincount(row, weights=weight, minlength=len(occurring)).astype(float)
    parts = {}
    rest = occurring
    for side in reversed(list(predicted)):
        rest, parts[side] = np.divmod(rest, classes)
    return Table(classes, counts, rest, parts, None if plain else row, weight, clusters, len(truth))


def confusion_of(joined: Joined, side: Side) -> Floats | None:
    """The (weighted) confusion matrix of one model; ``None`` where it gives no classes."""
    codes = joined.said[side].codes
    if codes is None:
        return None
    counted = table(np.asarray(joined.truth, np.int64), {side: codes}, len(joined.classes), joined.weight)
    return np.asarray(counted.cells(side), float)


def gradient(function: Function, cells: Cells, truth: Codes, predicted: Codes) -> Floats:
    """The function's derivative by the cells (truth, predicted), by a complex step, which is exact to rounding."""
    slopes = np.empty(len(truth))
    for start in range(0, len(truth), CHUNK):
        chosen = slice(start, start + CHUNK)
        steps = np.tile(cells.astype(complex), (len(truth[chosen]), 1, 1))
        steps[np.arange(len(steps)), truth[chosen], predicted[chosen]] += STEP
        slopes[chosen] = np.imag(function(steps)) / STEP.imag
    return slopes


Draws = dict[Side, Cells]
"""Confusion matrices (draws, K, K) by model, of tables as they might have come out as well."""


def joint_draws(counted: Table, rng: np.random.Generator, draws: int | None = None) -> Draws | None:
    """Multinomial draws of the joint counts: the bootstrap of the rows, at a cost that does not grow with them.
    ``None`` where rows are weighted or belong together, and where too many combinations occur."""
    draws = draws or DRAWS
    work = len(counted.counts) * draws * counted.classes**2
    if counted.row is not None or len(counted.counts) > MOST_CELLS or work > MOST_WORK:
        return None
    drawn = rng.multinomial(counted.n, counted.counts / counted.counts.sum(), size=draws).astype(float)
    return {side: counted.cells(side, drawn) for side in counted.predicted}


def paired_draws(counted: Table, rng: np.random.Generator) -> Draws | None:
    """Draws for the difference of two models of two classes: a third of a row more in every combination where they
    differ, as rows that only one of the two gets right are few in a rare class, and none seen is not none."""
    if counted.row is not None or counted.classes > 2 or len(counted.predicted) < 2:
        return None
    truth, tuned, base = (own.ravel() for own in np.indices((2, 2, 2)))
    counts = np.zeros((2, 2, 2))
    np.add.at(counts, (counted.truth, counted.predicted["tuned"], counted.predicted["base"]), counted.counts)
    widened = counts.ravel() + UNSEEN * (tuned != base) * (counts.sum(axis=(1, 2)) > 0)[truth]
    own = counted._replace(counts=widened, truth=truth, predicted={"tuned": tuned, "base": base})
    return joint_draws(own, rng)


def quantiles(values: Floats) -> tuple[float | None, float | None]:
    """The interval's ends, of the draws that have a value."""
    known = values[np.isfinite(values)]
    if len(known) < len(values) / 2:
        return None, None
    low, high = np.quantile(known, [1 - UPPER, UPPER])
    return float(low), float(high)


Bounds = tuple[float | None, float | None, str]
"""Both ends of an interval and how it was found."""
IntervalOf = Callable[[Table, Side, float], Bounds]
"""Of one model's value, where rows count once each."""


class ClassMetric(NamedTuple):
    """A metric of predicted classes.

    Its interval is Wilson's where it is a share ``of`` the rows in the cells (K, K) that are 1 (not ``plain``: of as
    many as its variance says), else what ``interval`` says; without one, and where rows are weighted or belong
    together, it comes from contributions, within 0 and 1 for a ``share``. ``right`` says that it is a share of right
    answers, ``within`` a class of the truth or all rows.
    """

    function: Function
    interval: IntervalOf | None = None
    of: Cells | None = None
    plain: bool = True
    share: bool = True
    right: bool = False
    within: int | None = None

    def estimate(self, counted: Table, side: Side) -> Estimate:
        """One model's value."""
        if self.of is not None:
            return share_estimate(self.function, counted, side, self.of, plain=self.plain)
        value, n = counted.value(self.function, side), counted.n
        if value is None:
            return absent("a class never occurs or is never predicted", n)
        parts = counted.contributions(self.function, side)
        if self.interval is None or counted.row is not None:
            return by_contributions(value, parts, n, counted.clusters, share=self.share and 0 < value < 1)
        low, high, method = self.interval(counted, side, value)
        return Estimate(value, low, high, n, method, parts)

    def difference(self, counted: Table, tuned: Estimate, base: Estimate, drawn: Draws | None) -> Difference | None:
        """Of both models on the same rows: of right answers by McNemar, of others with the interval from ``drawn``
        joint counts, if there are any; the test is that of contributions."""
        if self.right:
            return mcnemar_difference(counted, tuned, base, self.within)
        return drawn_difference(self.function, counted, tuned, base, drawn)


def drawn_difference(
    function: Function, counted: Table, tuned: Estimate, base: Estimate, drawn: Draws | None
) -> Difference | None:
    """The test is that of contributions, the interval from ``drawn`` joint counts, if there are any. Where no row
    differs there is none, unless the draws hold rows that could: that none was seen does not mean that there is none.
    """
    plain = difference_of(tuned, base, counted.clusters)
    if plain is None:
        return None
    if plain["deviation"] == 0 and (drawn is None or counted.classes > 2):
        return plain | {"ci_low": None, "ci_high": None, "method": NO_ROW_DIFFERS}
    if drawn is None:
        return plain
    low, high = quantiles(function(drawn["tuned"]) - function(drawn["base"]))
    return plain | {"ci_low": low, "ci_high": high, "method": f"bootstrap of joint counts, {DRAWS:,} draws"}


def share_estimate(function: Function, counted: Table, side: Side, of: Cells, *, plain: bool = True) -> Estimate:
    """A share of rows, ``of`` (K, K) being 1 in the cells that it is a share of, with Wilson's interval.

    Where rows are weighted or belong together, or not ``plain``, cells count for more or less, by as many rows as the
    variance says that they are worth (Korn and Graubard, 1998, Survey Methodology 24).
    """
    value = counted.value(function, side)
    inside = of[counted.truth, counted.predicted[side]] > 0
    row = counted.row
    n = round(float(counted.counts[inside].sum())) if row is None else int(np.count_nonzero(inside[row]))
    if value is None:
        return absent("no row that it is a share of", n)
    parts = counted.contributions(function, side)
    worth = float(n)
    method = "Wilson"
    if row is not None or not plain:
        own = spread(parts, counted.clusters)
        if own.error > 0 and 0 < value < 1:
            worth = min(worth, value * (1 - value) / own.error**2)
            if row is not None:
                worth *= (float(ndtri(UPPER)) / float(stdtrit(own.tail_degrees, UPPER))) ** 2
            method = f"Wilson, {worth:.0f} effective rows"
        elif counted.clusters is not None:
            worth = min(worth, float(len(np.unique(counted.clusters))))
    low, high = wilson_interval(value, worth)
    return Estimate(value, low, high, n, method, parts)


def from_draws(function: Function, drawn: Draws | None) -> IntervalOf | None:
    """The interval from draws of the joint counts, where there are any."""
    if drawn is None:
        return None
    return lambda counted, side, value: (*quantiles(function(drawn[side])), f"bootstrap of counts, {DRAWS:,} draws")


def balanced_interval(counted: Table, side: Side, value: float) -> Bounds:
    """Of balanced accuracy of two classes, put together from Wilson's of recall and specificity (Newcombe, 1998,
    Statistics in Medicine 17; Zou and Donner, 2008, Statistics in Medicine 27)."""
    own = counted.cells(side)
    sizes = own.sum(axis=1)
    low, high = (float(np.hypot(*far)) / 2 for far in _reaches(np.diag(own) / sizes, sizes))
    return value - low, value + high, "Wilson of recall and specificity"


def f1_interval(counted: Table, side: Side, value: float) -> Bounds:
    """Wilson's of tp / (tp + fp + fn), of which F1 is 2J / (1 + J): it covers well with few rows."""
    cells = counted.cells(side)
    n = float(cells.sum() - cells[0, 0])
    low, high = (2 * end / (1 + end) for end in wilson_interval(float(cells[1, 1]) / n, n))
    return low, high, "Wilson of tp / (tp + fp + fn)"


def cost_estimate(counted: Table, side: Side, costs: tuple[float, ...]) -> Estimate:
    """What errors cost per row, its interval put together from Wilson's of the shares of false positives and false
    negatives, which exclude each other (as for :func:`balanced_interval`). With weights or rows that belong together,
    from contributions."""
    function = expected_cost(*costs)
    own, n = counted.cells(side), float(counted.counts.sum())
    value, parts = float(function(own)), counted.contributions(function, side)
    if counted.row is not None:
        return by_contributions(value, parts, counted.n, counted.clusters, positive=True, method="mean")
    shares = np.array([own[0, 1], own[1, 0]]) / n
    together = -math.sqrt(float(np.prod(shares / np.maximum(1 - shares, 1e-12))))
    low, high = (
        math.sqrt(max(0.0, float(np.square(far).sum()) + 2 * together * float(np.prod(far))))
        for far in _reaches(shares, np.full(2, n)) * np.array(costs)
    )
    return Estimate(value, max(0.0, value - low), value + high, counted.n, "Wilson of both shares of errors", parts)


def cost_difference(counted: Table, tuned: Estimate, base: Estimate, costs: tuple[float, ...]) -> Difference | None:
    """Of what errors cost: the interval put together from Tango's of false positives and of false negatives (as for
    :func:`balanced_interval`), the test that of contributions."""
    plain = drawn_difference(expected_cost(*costs), counted, tuned, base, None)
    if plain is None or counted.row is not None:
        return plain
    reaches = []
    for within, cost in enumerate(costs):
        wins, _, losses = right_outcomes(counted, within)
        low, high = tango_interval(losses, wins, counted.n)
        mean = (losses - wins) / counted.n
        reaches.append((cost * (mean - low), cost * (high - mean)))
    below, above = (math.hypot(*reach) for reach in zip(*reaches, strict=True))
    mean = (tuned.value or 0.0) - (base.value or 0.0)
    return plain | {"ci_low": mean - below, "ci_high": mean + above, "method": "Tango of both shares of errors"}


def _reaches(shares: Floats, sizes: Floats) -> Floats:
    """How far below and above these shares of so many rows Wilson's intervals reach (2, shares)."""
    ends = np.array([wilson_interval(*pair) for pair in zip(shares.tolist(), sizes.tolist(), strict=True)])
    return np.asarray(np.abs(shares - ends.T))


def right_outcomes(counted: Table, within: int | None = None) -> Outcomes:
    """Rows that only the tuned model gets right, both or neither, only the base model; of a class of the truth, or of
    all where ``within`` is ``None``."""
    rows = np.ones(len(counted.truth), bool) if within is None else counted.truth == within
    tuned, base = (counted.predicted[side] == counted.truth for side in ("tuned", "base"))
    wins, losses = (int(counted.counts[rows & own].sum()) for own in (tuned & ~base, base & ~tuned))
    return wins, int(counted.counts[rows].sum()) - wins - losses, losses


def mcnemar_difference(counted: Table, tuned: Estimate, base: Estimate, within: int | None = None) -> Difference | None:
    """The difference of two shares of right answers on the same rows: Tango's interval of paired shares and McNemar's
    mid-p test. Else, with weights or rows that belong together, from contributions."""
    plain = difference_of(tuned, base, counted.clusters)
    if plain is None or counted.row is not None:
        return plain
    wins, ties, losses = right_outcomes(counted, within)
    n = wins + ties + losses
    if n < 2:
        return difference_entry(Interval(plain["mean"], None, None, "none: fewer than two rows"))
    interval = Interval((wins - losses) / n, *tango_interval(wins, losses, n), "Tango, score method of paired shares")
    deviation = math.sqrt(max(wins + losses - (wins - losses) ** 2 / n, 0) / (n - 1))
    return difference_entry(interval, PValue(*mcnemar_test(wins, losses), "McNemar, mid-p"), deviation, n)


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
