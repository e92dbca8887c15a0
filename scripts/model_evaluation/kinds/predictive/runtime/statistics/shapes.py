"""How well clusters hang together, and how well they agree with a truth, where there is one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from scipy.cluster.vq import ClusterError, kmeans2, vq
from sklearn import metrics as sk

from model_evaluation.kinds.predictive.runtime.tables import Codes, Floats
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import Cells, divided
from model_evaluation.runtime.statistics.differences import difference_entry
from model_evaluation.runtime.statistics.intervals import Interval
from model_evaluation.runtime.statistics.permutation import PValue
from model_evaluation.runtime.summary import Difference

from .cells import Table, quantiles, table
from .estimates import Contributions, Estimate, absent, by_contributions, difference_of

FEWEST_ROWS = 20
SAMPLE = 5_000  # rows: a silhouette looks at all pairs of them
RESAMPLES = 200
HALVES = 50  # samples of half of the rows that are clustered again
ROUNDS = 25  # of k-means
DRAWS = 2_000
SEED = 20260101
Compared = tuple[dict[Side, Estimate], Difference | None]


def shape_sample(features: Floats | None) -> Codes:
    """The rows whose features are all numbers, or a seeded sample of them where they are many."""
    usable = np.flatnonzero([] if features is None else np.isfinite(features).all(axis=1))
    if len(usable) <= SAMPLE:
        return usable
    return usable[np.sort(np.random.default_rng(SEED).choice(len(usable), SAMPLE, replace=False))]


def silhouettes(features: Floats, codes: Codes) -> Floats | None:
    """Each row's silhouette, -1 to 1; ``None`` unless there are 2 to n - 1 clusters."""
    if not 2 <= len(np.unique(codes)) < len(codes):
        return None
    return np.asarray(sk.silhouette_samples(features, codes))


def shape_metrics(features: Floats | None, codes: Mapping[Side, Codes]) -> dict[str, Compared]:
    """Silhouette with the spread of rows; Davies-Bouldin and Calinski-Harabasz with that of redrawn rows. All on
    the same sample of rows for both models, with features on their own scale."""
    names = ("silhouette", "davies_bouldin", "calinski_harabasz")
    rows = shape_sample(features)
    if features is None or len(rows) < 3:
        return {name: ({side: absent("there are no features") for side in codes}, None) for name in names}
    own, n = features[rows], len(rows)
    sampled = {side: values[rows] for side, values in codes.items()}
    estimates: dict[Side, Estimate] = {}
    for side, values in sampled.items():
        each = silhouettes(own, values)
        if each is None:
            estimates[side] = absent(f"{len(np.unique(values))} clusters of {n} rows", n)
            continue
        mean = float(each.mean())
        parts = Contributions((each - mean) / np.sqrt(n * (n - 1)))
        half = 1.96 * float(np.sqrt(np.square(parts.values).sum()))
        low, high = max(-1.0, mean - half), min(1.0, mean + half)
        estimates[side] = Estimate(mean, low, high, n, f"mean of {n:,} rows, clusters as they are", parts)
    both = len(estimates) == 2
    result = {names[0]: (estimates, difference_of(estimates["tuned"], estimates["base"], None) if both else None)}
    for name, function in ((names[1], sk.davies_bouldin_score), (names[2], sk.calinski_harabasz_score)):
        result[name] = _redrawn(own, sampled, function)
    return result


def stability(features: Floats | None, codes: Mapping[Side, Codes]) -> Compared:
    """Whether other rows would have given the same clusters: half of the rows, drawn by chance, are clustered again by
    k-means (as many clusters, begun at the middles of the model's), which then says where the other half belongs; how
    well that agrees with the model's clusters is the adjusted Rand index. The median over the samples, with the range
    of the middle 95 of 100 (Hennig, 2007, Computational Statistics and Data Analysis 52). k-means stands in for the
    model's own algorithm, which predictions do not tell."""
    rows = shape_sample(features)
    if features is None or len(rows) < FEWEST_ROWS:
        reason = "there are no features" if features is None else f"fewer than {FEWEST_ROWS} rows"
        return {side: absent(reason) for side in codes}, None
    own, n = features[rows], len(rows)
    rng = np.random.default_rng(SEED)
    halves = [rng.permutation(n) for _ in range(HALVES)]
    draws: dict[Side, Floats] = {}
    values: dict[Side, float | None] = {}
    for side, clusters in codes.items():
        kinds, at = np.unique(clusters[rows], return_inverse=True)
        draws[side] = np.full(HALVES, np.nan)
        if 2 <= len(kinds) <= n // 4:
            draws[side] = np.array([_agreement(own, at, len(kinds), order) for order in halves])
        known = draws[side][np.isfinite(draws[side])]
        values[side] = float(np.median(known)) if len(known) else None
    return _from_draws(values, draws, n, f"{HALVES} samples of half of the rows, k-means")


def _agreement(features: Floats, codes: Codes, clusters: int, order: Codes) -> float:
    """How well the clusters of the second half agree with those that k-means finds in the first; NaN where one of them
    has no row there, or loses all."""
    first, second = order[: len(order) // 2], order[len(order) // 2 :]
    sizes = np.bincount(codes[first], minlength=clusters)
    if not sizes.all():
        return math.nan
    sums = np.zeros((clusters, features.shape[1]))
    np.add.at(sums, codes[first], features[first])
    try:
        middles, _ = kmeans2(features[first], sums / sizes[:, None], iter=ROUNDS, minit="matrix", missing="raise")
    except ClusterError:
        return math.nan
    return float(sk.adjusted_rand_score(codes[second], vq(features[second], middles)[0]))


def _redrawn(features: Floats, codes: Mapping[Side, Codes], function: Callable[[Floats, Codes], float]) -> Compared:
    n = len(features)
    rng = np.random.default_rng(SEED)
    draws = {side: np.full(RESAMPLES, np.nan) for side in codes}
    for at in range(RESAMPLES):
        rows = rng.integers(0, n, n)
        for side, values in codes.items():
            if 2 <= len(np.unique(values[rows])) < n:
                draws[side][at] = function(features[rows], values[rows])
    whole = {
        side: float(function(features, own)) if 2 <= len(np.unique(own)) < n else None for side, own in codes.items()
    }
    return _from_draws(whole, draws, n, f"bootstrap, {RESAMPLES} resamples")


def _from_draws(values: Mapping[Side, float | None], draws: Mapping[Side, Floats], n: int, method: str) -> Compared:
    estimates = {
        side: absent("the clusters do not allow it", n)
        if value is None
        else Estimate(value, *quantiles(draws[side]), n, method)
        for side, value in values.items()
    }
    tuned, base = values.get("tuned"), values.get("base")
    if len(values) < 2 or tuned is None or base is None:
        return estimates, None
    gaps = draws["tuned"] - draws["base"]
    gaps = gaps[np.isfinite(gaps)]
    low, high = quantiles(gaps)
    deviation = float(np.std(gaps, ddof=1)) * math.sqrt(n) if len(gaps) > 1 else None
    below = (np.count_nonzero(gaps < 0) + np.count_nonzero(gaps == 0) / 2 + 1) / (len(gaps) + 2)
    p_value = float(min(1.0, 2 * min(below, 1 - below))) if deviation else 1.0
    interval = Interval(tuned - base, low, high, f"{method}, paired")
    return estimates, difference_entry(interval, PValue(p_value, None, "bootstrap"), deviation, n)


def agreement_metrics(truth: Codes | None, codes: Mapping[Side, Codes], classes: int) -> dict[str, Compared]:
    """Adjusted Rand index and adjusted mutual information with the truth. The former's intervals come from draws of the
    joint counts; rows that are drawn twice make mutual information larger, whose intervals come from leaving rows out.
    """
    names = ("adjusted_rand", "adjusted_mutual_info")
    if truth is None:
        return {name: ({side: absent("there is no truth") for side in codes}, None) for name in names}
    n = len(truth)
    counted = table(truth, dict(codes), 1 + max(classes, *(int(own.max()) for own in codes.values())))
    drawn = np.random.default_rng(SEED).multinomial(n, counted.counts / n, size=DRAWS).astype(float)
    rand = {side: adjusted_rand(counted.cells(side, drawn)) for side in codes}
    values: dict[Side, float | None] = {side: float(sk.adjusted_rand_score(truth, own)) for side, own in codes.items()}
    mutual = {side: _mutual_information(counted, side) for side in codes}
    both = len(mutual) == 2
    return {
        names[0]: _from_draws(values, rand, n, f"bootstrap of counts, {DRAWS:,} draws"),
        names[1]: (mutual, difference_of(mutual["tuned"], mutual["base"], None) if both else None),
    }


def _mutual_information(counted: Table, side: Side) -> Estimate:
    """The jackknife's interval: each row contributes by how much the index falls without it."""
    cells, n = counted.cells(side).astype(np.int64), counted.n

    def index(own: Cells) -> float:
        places = np.indices(own.shape).reshape(2, -1)
        return float(sk.adjusted_mutual_info_score(*np.repeat(places, own.ravel(), axis=1)))

    value, occupied = index(cells), np.argwhere(cells)
    if n > 4 * SAMPLE or len(occupied) > RESAMPLES:
        return Estimate(value, None, None, n, "none: too many rows or clusters to leave each out")
    without = np.zeros(cells.shape)
    for truth, cluster in occupied:
        cells[truth, cluster] -= 1
        without[truth, cluster] = index(cells)
        cells[truth, cluster] += 1
    parts = without[counted.truth, counted.predicted[side]]
    parts = (float(np.average(parts, weights=counted.counts)) - parts) * math.sqrt((n - 1) / n)
    return by_contributions(value, Contributions(parts, counted.counts), n, None, method="jackknife")


def adjusted_rand(tables: Cells) -> Floats:
    """The adjusted Rand index (Hubert and Arabie, 1985) of contingency tables (..., truth, cluster)."""

    def pairs(counts: Cells) -> Floats:
        return np.asarray(counts * (counts - 1) / 2, float)

    together = pairs(tables).sum(axis=(-2, -1))
    rows, columns = pairs(tables.sum(axis=-1)).sum(axis=-1), pairs(tables.sum(axis=-2)).sum(axis=-1)
    expected = np.nan_to_num(divided(rows * columns, pairs(tables.sum(axis=(-2, -1)))))
    most = (rows + columns) / 2
    index: Floats = np.where(
        most > expected, (together - expected) / np.where(most > expected, most - expected, 1), 1.0
    )
    return index
