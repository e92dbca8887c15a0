"""What the summary says of one metric's differences, over all records or over a slice of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from model_evaluation.runtime.summary import Comparison, Difference, EntryOf, Model, ModelScores

from .adjustment import PValues
from .counts import Counts, Floats, number_of, total
from .intervals import Interval, cluster_spread, cluster_values, paired_interval
from .metrics import Metric
from .permutation import PValue, sign_flip_test
from .planning import detectable_difference, rows_needed
from .proportions import CONFIDENCE
from .strength import davidson_strength, effective_size
from .verdicts import MARGIN_SHARE, SIGNIFICANCE, metric_verdict

NOTHING_COMPARED: Comparison = {
    "difference": None, "wins": None, "ties": None, "losses": None, "win_share_ci": None, "strength": None,
    "n_paired": 0, "n_clusters": None, "margin": None, "margin_share": None, "verdict": None, "rows_needed": None,
}  # fmt: skip


def compare_paired(
    metric: Metric,
    tuned: Floats,
    base: Floats,
    *,
    rng: np.random.Generator,
    counts: Counts | None = None,
    clusters: NDArray[np.int64] | None = None,
    resamples: int = 10_000,
) -> Comparison:
    """What the summary says of two aligned score arrays of shape (n,), NaN where a score is missing.

    ``counts`` (n,), all positive, say how many records have each pair of scores; ``None``: one. ``clusters`` (n,),
    which take no ``counts``, are equal where records belong together, ``None`` when all are independent.

    Only rows with both scores count. ``p_adjusted`` is the plain p-value until :func:`settle_verdicts`.
    """
    both = np.isfinite(tuned) & np.isfinite(base)
    tuned, base = tuned[both], base[both]
    differences = tuned - base
    groups, counts = (own[both] if own is not None else None for own in (clusters, counts))
    units = cluster_values(differences, groups)
    interval = paired_interval(
        tuned, base, rng=rng, counts=counts, clusters=groups, limits=metric.limits, resamples=resamples
    )
    good = np.round(differences if metric.direction == "higher" else -differences, 12)
    n, wins, losses = number_of(good, counts), int(total(good > 0, counts)), int(total(good < 0, counts))
    deviation = _deviation(units, counts)
    worth = None if groups is None else effective_size(good > 0, good != 0, groups)
    strength = davidson_strength(wins, n - wins - losses, losses, effective=worth)
    test = sign_flip_test(units, rng=rng, counts=counts, resamples=resamples)
    if deviation is not None and groups is not None:
        deviation *= math.sqrt(n / len(units))
        own = cluster_spread(differences, groups)
        p_value = 2 * float(stdtr(own.degrees, -abs(differences.mean()) / own.error)) if own.error else 0.0
        if own.unequal and p_value > (test.mid or 0.0):
            deviation, test = own.error * math.sqrt(n), PValue(p_value, None, "t over clusters of unequal size")
    return {
        **compared_entry(metric, difference_entry(interval, test, deviation, n), n),
        "wins": wins,
        "ties": n - wins - losses,
        "losses": losses,
        "win_share_ci": [strength["ci_low"], strength["ci_high"]] if strength else None,
        "strength": strength,
        "n_clusters": len(units) if clusters is not None else None,
    }


def difference_entry(
    interval: Interval, test: PValue | None = None, deviation: float | None = None, n: int = 0
) -> Difference:
    """A difference as the summary has it, its p-value not yet adjusted. ``deviation`` is that of the differences of
    ``n`` pairs, from which follows what so many can show."""
    p_value, exact, name = test or (None, None, "")
    return {
        "mean": interval.mean,
        "ci_low": interval.low,
        "ci_high": interval.high,
        "confidence": CONFIDENCE,
        "method": interval.method,
        "p_value": p_value,
        "p_adjusted": p_value,
        "p_exact": exact,
        "test": name or None,
        "deviation": deviation,
        "detectable": detectable_difference(deviation, n) if deviation else None,
    }


def compared_entry(metric: Metric, difference: Difference, n: int) -> Comparison:
    """What is known of a comparison of ``n`` pairs by its difference alone; the verdict is still open."""
    margin = MARGIN_SHARE * (metric.limits[1] - metric.limits[0]) if metric.limits else None
    return {
        **NOTHING_COMPARED,
        "difference": difference,
        "n_paired": n,
        "margin": margin,
        "margin_share": MARGIN_SHARE if metric.limits else None,
        "verdict": "inconclusive",
    }


def metric_entry(metric: Metric, models: Mapping[str, Model], comparison: Comparison) -> EntryOf[Model]:
    """The whole entry of a metric; ``models`` are by ``tuned`` and ``base``, as far as a model was evaluated."""
    return {
        "direction": metric.direction,
        "limits": list(metric.limits) if metric.limits else None,
        "guard": metric.guard,
        "tuned": models.get("tuned"),
        "base": models.get("base"),
        **comparison,
    }


def model_scores_entry(
    mean: float | None, n: int, missing: Mapping[str, int] | None = None, labels: Mapping[str, int] | None = None
) -> ModelScores:
    """One model's part of an entry. ``n`` records have a number, the others are counted by the reason why they have no
    score (``missing``) or by their label."""
    reasons = dict(missing or {})
    return {
        "mean": mean,
        "n_scored": n + sum((labels or {}).values()),
        "n_missing": sum(reasons.values()),
        "missing_reasons": reasons,
        "labels": dict(labels) if labels else None,
    }


def withhold_interval(difference: Difference, reason: str) -> None:
    """Takes interval and test away from a difference that rests on too few rows."""
    difference["ci_low"] = difference["ci_high"] = difference["test"] = None
    difference["p_value"] = difference["p_adjusted"] = difference["p_exact"] = None
    difference["method"] = reason


def _deviation(values: Floats, counts: Counts | None) -> float | None:
    """The standard deviation of values that occur so often; ``None`` below two."""
    n = number_of(values, counts)
    if n < 2:
        return None
    squares = (values - np.average(values, weights=counts)) ** 2
    return math.sqrt(float(np.average(squares, weights=counts)) * n / (n - 1))


def settle_verdicts(
    comparisons: Iterable[Comparison], metrics: Sequence[Metric], adjust: Callable[[Sequence[float | None]], PValues]
) -> None:
    """Put adjusted p-values and verdicts into the comparisons, one per metric, which takes all of them at once."""
    compared = [
        (entry, difference, metric)
        for entry, metric in zip(comparisons, metrics, strict=True)
        if (difference := entry["difference"]) is not None
    ]
    adjusted = adjust([difference["p_value"] for _, difference, _ in compared])
    for (entry, difference, metric), p_value in zip(compared, adjusted, strict=True):
        difference["p_adjusted"] = p_value
        pairs = entry["n_clusters"] or entry["n_paired"]
        entry["verdict"] = metric_verdict(difference, pairs, metric.direction, entry["margin"])
        entry["rows_needed"] = _rows_needed(entry) if entry["verdict"] == "inconclusive" else None


def _rows_needed(entry: Comparison) -> int | None:
    """Pairs that show a difference as large as the one seen, at the level that several metrics leave to this one.

    ``None`` where that is no more than there are: then it is something else that these rows cannot tell.
    """
    difference = entry["difference"]
    if difference is None or not difference["deviation"] or difference["mean"] is None:
        return None
    tries = 1.0
    if difference["p_value"] and difference["p_adjusted"]:
        tries = max(1.0, difference["p_adjusted"] / difference["p_value"])
    needed = rows_needed(difference["deviation"], difference["mean"], alpha=SIGNIFICANCE / tries)
    return needed if needed is not None and needed > entry["n_paired"] else None
