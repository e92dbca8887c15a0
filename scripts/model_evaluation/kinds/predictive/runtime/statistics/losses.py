"""Metrics that are a mean over rows, or follow from means: losses of probabilities, and errors of predicted numbers."""

from __future__ import annotations

import math

import numpy as np
from scipy.stats import binom

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.statistics.proportions import CONFIDENCE

from .estimates import Contributions, Estimate, absent, by_contributions, mean_estimate

TINY = float(np.finfo(np.float64).eps)  # probabilities of 0 and 1 are moved by this, as scikit-learn does
BLOCKS = 200  # of rows, for the spread of a median where there are very many
RESAMPLED_ROWS = 20_000  # up to here a difference of medians is bootstrapped
RESAMPLES = 1_000  # at least
MOST_DRAWN = 100_000  # rows at a time


def log_losses(truth: Codes, score: Floats) -> Floats:
    """Minus the logarithm of the probability that was given to what was true."""
    two = score.ndim == 1
    of_truth = np.where(truth == 1, score, 1 - score) if two else score[np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.clip(of_truth, TINY, 1 - TINY if two else 1)))


def brier_losses(truth: Codes, score: Floats) -> Floats:
    """The squared distance of the probabilities from what was true; summed over the classes where there are several."""
    if score.ndim == 1:
        return np.square(score - truth)
    hit = np.zeros_like(score)
    hit[np.arange(len(truth)), truth] = 1
    return np.asarray(np.square(score - hit).sum(axis=1))


def root_of(mean: Estimate) -> Estimate:
    """The root of a mean with its interval, such as the RMSE of the MSE."""
    if mean.value is None or mean.contributions is None:
        return mean
    value = math.sqrt(mean.value)
    slope = 1 / (2 * value) if value > 0 else 0.0
    scaled = mean.contributions._replace(values=mean.contributions.values * slope)
    ends = [None if end is None else math.sqrt(max(0.0, end)) for end in (mean.low, mean.high)]
    return Estimate(value, ends[0], ends[1], mean.n, mean.method.replace("mean", "root of the mean"), scaled)


def r_squared(truth: Floats, error: Floats, weight: Floats | None, clusters: Codes | None) -> Estimate:
    """One minus the squared errors over those of the mean. Without a value below two rows and for a constant truth.

    The interval is that of the quotient, on the log scale.
    """
    n = len(truth)
    own = np.ones(n) if weight is None else weight
    centred = np.square(truth - np.average(truth, weights=own)) if n else truth
    total = float(np.dot(own, centred))
    if n < 2 or total <= 0:
        return absent("fewer than two rows" if n < 2 else "the truth never varies", n)
    value = 1 - float(np.dot(own, np.square(error))) / total
    parts = own * ((1 - value) * centred - np.square(error)) / total * math.sqrt(n / (n - 1))
    rest = by_contributions(1 - value, Contributions(parts), n, clusters, positive=True)
    if rest.low is None or rest.high is None:
        return rest._replace(value=value)
    return rest._replace(value=value, low=1 - rest.high, high=1 - rest.low)


def percentage_error(truth: Floats, error: Floats, weight: Floats | None, clusters: Codes | None) -> Estimate:
    """The mean of the errors as shares of the truth, where that means anything: all truths of one sign and none 0."""
    if (truth == 0).any():
        return absent(f"{int((truth == 0).sum())} rows have a truth of 0", len(truth))
    if (truth > 0).any() and (truth < 0).any():
        return absent("the truth is above 0 in some rows and below in others", len(truth))
    return mean_estimate(np.abs(error / truth), weight, clusters, positive=True)


def median_error(errors: Floats, weight: Floats | None) -> Estimate:
    """The median of the absolute errors; its interval are the order statistics that hold it (binomial).

    With weights there is a value and no interval.
    """
    n = len(errors)
    if n == 0:
        return absent("no row")
    if weight is not None:
        order = np.argsort(errors)
        heaped = np.cumsum(weight[order])
        value = float(errors[order][np.searchsorted(heaped, heaped[-1] / 2)])
        return Estimate(value, None, None, n, "none: rows are weighted")
    value = float(np.median(errors))
    below = int(binom.ppf((1 - CONFIDENCE) / 2, n, 0.5))
    if n < 6 or below < 1:
        return Estimate(value, None, None, n, "none: fewer than six rows")
    ends = np.partition(errors, [below - 1, n - below])
    return Estimate(value, float(ends[below - 1]), float(ends[n - below]), n, "order statistics")


def median_difference_error(tuned: Floats, base: Floats, rng: np.random.Generator) -> float:
    """The standard error of the difference of two medians over the same rows (n,), n >= 2: by redrawing rows, or, where
    there are very many, by how much blocks of them vary."""
    n = len(tuned)
    if n > RESAMPLED_ROWS:
        size = n // BLOCKS
        places = rng.permutation(n)[: size * BLOCKS]
        medians = [np.median(own[places].reshape(BLOCKS, size), axis=1) for own in (tuned, base)]
        return float(np.std(medians[0] - medians[1], ddof=1) / math.sqrt(BLOCKS))
    parts = []
    for _ in range(0, RESAMPLES, size := max(1, MOST_DRAWN // n)):
        drawn = rng.integers(0, n, (size, n))
        parts.append(np.median(tuned[drawn], axis=1) - np.median(base[drawn], axis=1))
    return float(np.std(np.concatenate(parts), ddof=1))
