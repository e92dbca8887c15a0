"""Aggregates: a number with its n per part, where nothing per record exists. The models are compared unpaired."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple, TypedDict

from scipy.special import stdtrit

from model_evaluation.runtime.statistics.adjustment import holm
from model_evaluation.runtime.statistics.differences import (
    NOTHING_COMPARED,
    compared_entry,
    difference_entry,
    metric_entry,
    model_scores_entry,
    settle_verdicts,
)
from model_evaluation.runtime.statistics.intervals import Interval
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.permutation import PValue
from model_evaluation.runtime.statistics.proportions import CONFIDENCE, wilson_interval
from model_evaluation.runtime.summary import Comparison, Difference, MetricEntry, Summary

from .evaluation import Evaluation, Side
from .summary import summary_of


class Aggregate(NamedTuple):
    """A mean over n rows. ``deviation`` is the standard deviation of the rows; ``None`` for a share of rows, between
    0 and 1, whose spread follows from it."""

    value: float
    n: int
    deviation: float | None = None


Part = Mapping[Side, Aggregate]


@dataclass(frozen=True)
class Aggregates:
    """The values of one metric by part (a subtask, a language), for each model that has the part."""

    metric: Metric
    parts: Mapping[str, Part]


class PartEntry(TypedDict):
    """One part: its n (the smaller one of the two models), the models' values and their difference."""

    n: int
    tuned: float | None
    base: float | None
    difference: Difference | None


class _Estimate(NamedTuple):
    """A value over n rows with the distances to its interval's ends, and its standard error."""

    value: float
    below: float
    above: float
    error: float
    n: int

    @classmethod
    def of(cls, aggregate: Aggregate) -> _Estimate:
        value, n, deviation = aggregate
        if deviation is None:
            low, high = wilson_interval(value, n)
            return cls(value, value - low, high - value, math.sqrt(value * (1 - value) / n), n)
        error = deviation / math.sqrt(n)
        half = float(stdtrit(max(n - 1, 1), (1 + CONFIDENCE) / 2)) * error
        return cls(value, half, half, error, n)


def aggregates_summary(evaluation: Evaluation, aggregates: Aggregates, *, warnings: Sequence[str] = ()) -> Summary:
    """The summary: the metric over all rows (micro) decides; with several parts ``macro_NAME`` weighs them alike."""
    metric, parts, sides = aggregates.metric, aggregates.parts, evaluation.sides
    micro = {side: _micro([part[side] for part in parts.values() if side in part]) for side in sides}
    known = {side: _Estimate.of(own) for side, own in micro.items() if own}
    entries = {metric.name: _entry(metric, known)}
    complete = [part for part in parts.values() if all(side in part for side in sides)]
    if len(complete) > 1:
        macro = {side: _mean_of_parts([_Estimate.of(part[side]) for part in complete]) for side in sides}
        macro = {side: own._replace(n=known[side].n) for side, own in macro.items()}
        entries[f"macro_{metric.name}"] = _entry(metric, macro)
    settle_verdicts(entries.values(), [metric] * len(entries), holm)
    counts = {side: own.n if own else 0 for side, own in micro.items()}
    summary = summary_of(
        evaluation,
        rows={
            "dataset": max(counts.values(), default=0),
            "tuned": counts.get("tuned"),
            "base": counts.get("base"),
            "paired": min(counts.values()) if len(counts) == 2 else 0,
        },
        metrics=entries,
        warnings=warnings,
    )
    summary["parts"] = {name: _part_entry(part) for name, part in parts.items()}
    return summary


def macro_difference(parts: Sequence[Comparison]) -> Difference | None:
    """The mean over the parts of a paired comparison, each weighing the same; ``None`` without any part that has pairs.

    The parts are independent. The interval squares and adds the distances of theirs (MOVER, as below); there is none
    where one of them has none.
    """
    known = [(own, part["n_paired"]) for part in parts if (own := part["difference"]) and own["mean"] is not None]
    if not known:
        return None
    macro = _mean_of_parts([_paired_estimate(own, n) for own, n in known])
    if any(own["ci_low"] is None for own, _ in known):
        return difference_entry(Interval(macro.value, None, None, "none: a part has too few pairs"))
    return _difference(macro, "mean of the parts, MOVER", "normal")


def standard_error_of_mean(errors: Sequence[float]) -> float:
    """Of the unweighted mean of independent parts with these standard errors: sqrt(sum of squares) / k. The mean of the
    errors themselves, which some evaluation programs report, is sqrt(k) times as large when all are equal."""
    return math.hypot(*errors) / len(errors)


def _unpaired_difference(tuned: _Estimate, base: _Estimate) -> Difference:
    """The difference of two independent estimates; its interval squares and adds theirs.

    For shares that is Newcombe's (1998, Statistics in Medicine 17) hybrid score interval of unpaired proportions, for
    means it is put together from Student's; in general MOVER (Zou and Donner, 2008, Statistics in Medicine 27).
    """
    below, above = math.hypot(tuned.below, base.above), math.hypot(tuned.above, base.below)
    apart = _Estimate(tuned.value - base.value, below, above, math.hypot(tuned.error, base.error), 0)
    return _difference(apart, "unpaired, MOVER", "unpaired, normal")


def _difference(apart: _Estimate, method: str, test: str) -> Difference:
    """The p-value is the normal one of the difference over its standard error. Means whose rows have no spread, or one
    that nobody knows, have neither interval nor test."""
    mean, below, above, error, _ = apart
    if not below and not above:
        return difference_entry(Interval(mean, None, None, "none: the spread of the rows is not known"))
    p_value = 2 * NormalDist().cdf(-abs(mean) / error) if error else float(mean == 0)
    return difference_entry(Interval(mean, mean - below, mean + above, method), PValue(p_value, None, test))


def _paired_estimate(difference: Difference, n: int) -> _Estimate:
    mean, low, high = difference["mean"] or 0.0, difference["ci_low"] or 0.0, difference["ci_high"] or 0.0
    return _Estimate(mean, mean - low, high - mean, (difference["deviation"] or 0.0) / math.sqrt(n), n)


def _micro(parts: Sequence[Aggregate]) -> Aggregate | None:
    """All rows of the parts as one part. The spread of a mean is that within the parts and between them."""
    n = sum(part.n for part in parts)
    if not n:
        return None
    value = sum(part.value * part.n for part in parts) / n
    if any(part.deviation is None for part in parts):
        return Aggregate(value, n)
    squares = sum(part.n * ((part.deviation or 0.0) ** 2 + (part.value - value) ** 2) for part in parts)
    return Aggregate(value, n, math.sqrt(squares / n))


def _mean_of_parts(parts: Sequence[_Estimate]) -> _Estimate:
    """The mean of the parts' values, which are independent."""
    values, *distances, rows = zip(*parts, strict=True)
    below, above, error = map(standard_error_of_mean, distances)
    return _Estimate(sum(values) / len(values), below, above, error, int(sum(rows)))


def _entry(metric: Metric, estimates: Mapping[Side, _Estimate]) -> MetricEntry:
    comparison = NOTHING_COMPARED
    if len(estimates) == 2:
        difference = _unpaired_difference(estimates["tuned"], estimates["base"])
        comparison = compared_entry(metric, difference, min(own.n for own in estimates.values()))
    scores = {str(side): model_scores_entry(own.value, own.n) for side, own in estimates.items()}
    return metric_entry(metric, scores, comparison)


def _part_entry(part: Part) -> PartEntry:
    tuned, base = part.get("tuned"), part.get("base")
    return {
        "n": min(own.n for own in part.values()),
        "tuned": tuned.value if tuned else None,
        "base": base.value if base else None,
        "difference": _unpaired_difference(_Estimate.of(tuned), _Estimate.of(base)) if tuned and base else None,
    }
