"""For whom a model fails: metrics by segment, guarded against few rows, and the gaps between segments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import pandas as pd

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.problem import PrimaryMetric, ProblemType, ThresholdRule
from model_evaluation.kinds.predictive.runtime.tables import Booleans, Codes, Texts, cut
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.adjustment import benjamini_hochberg
from model_evaluation.runtime.statistics.differences import settle_verdicts, withhold_interval
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.statistics.strength import effective_size

from .entries import FEWEST_OF_A_CLASS, Entries, metric_of
from .measures import measure

SEGMENTS = 20  # of a field: the largest; the others are told
FEWEST_ROWS = 30
DRAWS = 2_000
SEED = 20260101
BESIDE: Mapping[ProblemType, tuple[str, ...]] = {
    "binary": ("recall", "precision", "specificity"),
    "multiclass": ("accuracy", "macro_f1"),
    "regression": ("mean_absolute_error", "root_mean_squared_error"),
}
"""What is measured in a segment beside the primary metric."""
Segments = dict[str, dict[str, Entries]]


class GroupRate(TypedDict):
    """One segment's rate; ``of`` is how many rows it is a share of."""

    group: str
    value: float
    ci_low: float
    ci_high: float
    of: int


class Gap(TypedDict):
    """How far the segments of a field are apart on one rate of one model. ``by_chance`` is the gap that 95 of 100 sets
    like this one stay below if all segments had one rate: the largest of many is always apart from the smallest."""

    rate: str
    model: Side
    lowest: GroupRate
    highest: GroupRate
    gap: float
    by_chance: float


def segments(
    joined: Joined,
    fields: Sequence[str],
    problem: ProblemType,
    rule: ThresholdRule,
    primary: PrimaryMetric,
) -> tuple[Segments, list[str]]:
    """Entries by field and segment, and remarks. Below 30 rows, and for two classes below 10 of either, an entry has
    values and neither interval nor verdict. P-values are corrected over all of them (Benjamini and Hochberg)."""
    result: Segments = {}
    notes: list[str] = []
    names = {primary.name, *BESIDE.get(problem, ())}
    for field in fields:
        values = joined.slices[field]
        counts = pd.Series(values).value_counts(sort=True)
        if len(counts) > SEGMENTS:
            notes.append(f"{field} has {len(counts)} values: the {SEGMENTS} largest segments are shown.")
        result[field] = {}
        for value in counts.index[:SEGMENTS]:
            part = joined.at(values == value)
            own = measure(part, problem, rule, names)
            if primary.name in own:
                own[primary.name]["margin"] = primary.margin
            if not enough(part, problem):
                _without_intervals(own)
            result[field][str(value) or "(blank)"] = own
    cells = [(name, entry) for parts in result.values() for own in parts.values() for name, entry in own.items()]
    settle_verdicts([entry for _, entry in cells], [metric_of(name) for name, _ in cells], benjamini_hochberg)
    return result, notes


def enough(part: Joined, problem: ProblemType) -> bool:
    """Whether a segment has rows enough to say anything of it."""
    if len(part) < FEWEST_ROWS:
        return False
    if problem != "binary":
        return True
    positives = int((np.asarray(part.truth) == 1).sum())
    return min(positives, len(part) - positives) >= FEWEST_OF_A_CLASS


def _without_intervals(entries: Entries) -> None:
    reason = f"none: fewer than {FEWEST_ROWS} rows, or than {FEWEST_OF_A_CLASS} of a class"
    for entry in entries.values():
        for own in (entry["tuned"], entry["base"]):
            if own is not None:
                own["ci_low"] = own["ci_high"] = None
                own["method"] = reason
        if entry["difference"] is not None:
            withhold_interval(entry["difference"], reason)


def gaps(joined: Joined, fields: Sequence[str]) -> dict[str, list[Gap]]:
    """By field: selection rate, recall and false positive rate of each model, between the segments that have 30 rows
    that the rate is a share of. For binary problems whose rows count once each; what they mean is for people to say."""
    truth = np.asarray(joined.truth)
    rates = {"selection_rate": truth >= 0, "recall": truth == 1, "false_positive_rate": truth == 0}
    result: dict[str, list[Gap]] = {}
    for field in fields:
        shown = [
            _gap(rate, side, joined.slices[field][rows], said.codes[rows] == 1, cut(joined.clusters, rows))
            for side, said in joined.said.items()
            if said.codes is not None and joined.weight is None
            for rate, rows in rates.items()
        ]
        result[field] = [gap for gap in shown if gap]
    return result


def _gap(rate: str, side: Side, segment: Texts, positive: Booleans, clusters: Codes | None = None) -> Gap | None:
    """Rows that belong together count as those that they are worth."""
    codes, names = pd.factorize(segment)
    counts = np.bincount(codes)
    hits = np.bincount(codes, weights=positive)
    usable = np.flatnonzero(counts >= FEWEST_ROWS)
    if len(usable) < 2:
        return None
    counts, hits = counts[usable], hits[usable]
    shares, worth = hits / counts, counts
    if clusters is not None:
        parts = [effective_size(positive & own, own, clusters) for own in (codes == at for at in usable)]
        worth = np.maximum(1, np.round(parts)).astype(np.int64)

    def rate_of(at: int) -> GroupRate:
        value, n = float(shares[at]), int(counts[at])
        low, high = wilson_interval(value, int(worth[at]))
        return {"group": str(names[usable[at]]) or "(blank)", "value": value, "ci_low": low, "ci_high": high, "of": n}

    lowest, highest = rate_of(int(shares.argmin())), rate_of(int(shares.argmax()))
    drawn = np.random.default_rng(SEED).binomial(worth, hits.sum() / counts.sum(), size=(DRAWS, len(worth))) / worth
    by_chance = float(np.quantile(np.ptp(drawn, axis=1), 0.95))
    gap = highest["value"] - lowest["value"]
    return {"rate": rate, "model": side, "lowest": lowest, "highest": highest, "gap": gap, "by_chance": by_chance}
