"""A metric's entry of the summary: both models' values with intervals, their difference on the same rows, rows won and
lost. Verdicts come from :func:`settle`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.problem import BINARY_METRICS, LOWER_IS_BETTER, PrimaryMetric
from model_evaluation.kinds.predictive.runtime.tables import Booleans, Floats
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import NOTHING_COMPARED, metric_entry, settle_verdicts
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.summary import Comparison, Difference, MeasuredEntry

from .estimates import Estimate, absent, difference_of, mean_estimate

WITHIN_ONE = frozenset(
    {"silhouette", "adjusted_rand", "adjusted_mutual_info", "stability", "matthews_corrcoef"}
)  # from -1 to 1; the others named here from 0 to 1
SHARES = frozenset(BINARY_METRICS[: BINARY_METRICS.index("log_loss")]) - WITHIN_ONE
FEWEST_OF_A_CLASS = 10
MOST_OF_ONE = 0.2  # of the weight: a mean hides the error of a row or group that it mostly consists of
Estimates = Mapping[Side, Estimate]
Outcomes = tuple[int, int, int]
"""Rows won, tied and lost."""
Entries = dict[str, MeasuredEntry]


def settle(entries: Entries, primary: PrimaryMetric) -> None:
    """Put margin and verdicts into the entries: the primary metric decides alone, the others share one correction."""
    if primary.name in entries:
        entries[primary.name]["margin"] = primary.margin
    for names in ([primary.name], [name for name in entries if name != primary.name]):
        chosen = {name: entries[name] for name in names if name in entries}
        settle_verdicts(chosen.values(), [metric_of(name) for name in chosen], holm)


def metric_of(name: str) -> Metric:
    """What is known of a metric by its name."""
    plain = name.removeprefix("macro_").removeprefix("weighted_")
    limits = (0.0, 1.0) if plain in SHARES or plain.startswith("top_") else None
    limits = (-1.0, 1.0) if name in WITHIN_ONE else limits
    return Metric(name, direction="lower" if name in LOWER_IS_BETTER else "higher", limits=limits)


class TooFew(NamedTuple):
    """Why intervals are not to be trusted, and the metrics whose are nevertheless."""

    reason: str
    sound: Collection[str]


def too_few(joined: Joined) -> TooFew | None:
    """Whether one row or group outweighs the others, or one of two classes is too rare; ``None`` where neither is so.
    Where rows belong together, in so many groups it must occur."""
    unit, untrue = ("row" if joined.clusters is None else "group"), "the interval is not to be trusted"
    most = _largest_share(joined, np.ones(len(joined), bool))
    if most > MOST_OF_ONE:
        return TooFew(f"one {unit} has {most:.0%} of the weight: {untrue}", ())
    if joined.truth is None or len(joined.classes) != 2:
        return None
    parts = [np.asarray(joined.truth) == code for code in (0, 1)]
    counts = [
        int(np.count_nonzero(own)) if joined.clusters is None else len(np.unique(joined.clusters[own])) for own in parts
    ]
    shares = [_largest_share(joined, own) for own in parts]
    rare = int(np.argmin(counts))
    named = ("negatives", "positives")
    if counts[rare] < FEWEST_OF_A_CLASS:
        reason = f"few {named[rare]} ({counts[rare]} {unit}s)"
    elif max(shares) > MOST_OF_ONE:
        rare = int(np.argmax(shares))
        reason = f"one {unit} has {shares[rare]:.0%} of the weight of the {named[rare]}"
    else:
        return None
    return TooFew(f"{reason}: {untrue}", {"accuracy", ("recall", "specificity")[rare]})


def _largest_share(joined: Joined, places: Booleans) -> float:
    """What one row, or group, has of the weight of these rows; 0 where every row counts once and stands for itself."""
    if joined.plain:
        return 0.0
    weight = np.ones(len(joined)) if joined.weight is None else joined.weight
    units = np.arange(len(joined)) if joined.clusters is None else joined.clusters
    heaps = np.bincount(units[places], weights=weight[places])
    return float(heaps.max(initial=0) / (heaps.sum() or 1))


class EntryList:
    """Entries as they come, of the names that are wanted."""

    def __init__(self, joined: Joined, only: Collection[str] | None, few: TooFew | None = None) -> None:
        self.joined, self.only, self.few = joined, only, few
        self.entries: Entries = {}

    def wants(self, *names: str) -> bool:
        return self.only is None or any(name in self.only for name in names)

    def add(
        self, name: str, estimates: Estimates, gap: Difference | None = None, outcomes: Outcomes | None = None
    ) -> None:
        if not self.wants(name):
            return
        comparison: Comparison = {**NOTHING_COMPARED}
        clusters = self.joined.clusters
        if len(estimates) == 2 and gap is not None:
            wins, ties, lost = outcomes or (None, None, None)
            comparison |= {
                "difference": gap,
                "wins": wins,
                "ties": ties,
                "losses": lost,
                "n_paired": min(own.n for own in estimates.values()),
                "n_clusters": None if clusters is None else len(np.unique(clusters)),
                "verdict": "inconclusive",
            }
            if self.few and name not in self.few.sound:
                gap["caution"] = self.few.reason
        measured = {str(side): own.measured() for side, own in estimates.items()}
        self.entries[name] = metric_entry(metric_of(name), measured, comparison)

    def add_influence(self, name: str, estimates: Estimates, outcomes: Outcomes | None = None) -> None:
        """An entry whose difference follows from what each row contributes."""
        gap = None
        if len(estimates) == 2:
            gap = difference_of(estimates["tuned"], estimates["base"], self.joined.clusters)
        self.add(name, estimates, gap, outcomes)

    def add_mean(self, name: str, values: Mapping[Side, Floats | None], reason: str = "") -> None:
        """A mean over rows of something of which less is better."""
        joined = self.joined
        estimates = {side: absent(reason, len(joined)) for side in values}
        for side, own in values.items():
            if own is not None:
                estimates[side] = mean_estimate(own, joined.weight, joined.clusters, positive=True)
        self.add_influence(name, estimates, outcomes_of(values))


def outcomes_of(lossy: Mapping[Side, Floats | None]) -> Outcomes | None:
    """Rows that the tuned model wins, ties and loses, by the smaller loss."""
    tuned, base = lossy.get("tuned"), lossy.get("base")
    if tuned is None or base is None:
        return None
    wins, lost = (int(np.count_nonzero(gaps > 1e-12)) for gaps in (base - tuned, tuned - base))
    return wins, len(tuned) - wins - lost, lost
