"""The comparison of two models on one set of records, as the object that becomes ``summary.json``."""

from __future__ import annotations

import collections
import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model_evaluation.kinds.llm_as_judge.runtime.result_files import SIDES, missing_reason
from model_evaluation.runtime.blocks import in_order

from .association import length_effect, mid_ranks
from .common import Floats, benjamini_hochberg, holm
from .differences import difference_entry, settle_verdicts
from .metrics import Metric
from .pairing import Pairs
from .result_warnings import result_warnings
from .scored_rows import Scores, absent_scores
from .slices import record_clusters, slice_groups
from .verdicts import overall_verdict

SLICE_RESAMPLES = 4_000  # there may be hundreds of cells
SLICE_ROWS = 5  # cells with fewer pairs get no interval
COUNTED_PAIRS = 1 << 16  # so many combinations of scores are counted without sorting, however few rows there are


def compare(
    pairs: Pairs,
    *,
    metrics: Sequence[Metric],
    primary_metric: str,
    scope: str,
    judge: str = "",
    models: Mapping[str, str | None] | None = None,
    execution_arn: str = "",
    created: str = "",
    simulated: bool = False,
    problems: Sequence[str] = (),
    seed: int = 20260101,
    resamples: int = 10_000,
) -> dict[str, Any]:
    """``summary.json`` of these records; JSON-safe, and the same for the same data in any order.

    ``scope`` is ``compare``, ``tuned`` or ``base``. ``problems`` are texts that join the warnings.
    """
    models = models or {}
    sides = SIDES[scope]
    has = {side: at >= 0 for side, at in pairs.at.items()}
    counts = {side: int(np.count_nonzero(has[side])) if side in has else 0 for side in sides}
    rows = {
        "dataset": len(pairs.listed.lines),
        "tuned": counts.get("tuned"),
        "base": counts.get("base"),
        "paired": int(np.count_nonzero(has["tuned"] & has["base"])) if len(has) == 2 else 0,
    }
    judged = {side: pairs.sides[side] for side in sides if side in pairs.sides}
    seen = sorted({name for found in judged.values() for name in found.scores})
    named: dict[str, Metric] = {}
    for metric in (*metrics, *(Metric(name, chosen=False) for name in seen)):
        named.setdefault(metric.name, metric)
    metrics = list(named.values())
    places = [(metric, side) for metric in metrics for side in sides]
    found = in_order(places, lambda place: side_scores(place[0], pairs, place[1]))
    scores: dict[str, dict[str, Scores]] = {metric.name: {} for metric in metrics}
    for (metric, side), own in zip(places, found, strict=True):
        scores[metric.name][side] = own
    metrics, remarks = _settled_metrics(metrics, scores)

    def rng(*where: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32("\x1f".join(where).encode("utf-8", "replace"))])

    field, clusters = record_clusters(pairs)
    if clusters is not None and len(sides) == 2:
        remarks.append(
            f"Rows with the same {field} are taken as one cluster ({len(pairs)} rows, {len(np.unique(clusters))} "
            "clusters): they are not independent, and the intervals allow for that."
        )
    lengths = pairs.lengths("tuned") - pairs.lengths("base") if len(judged) == 2 else None
    ranks = mid_ranks(lengths) if lengths is not None and np.isfinite(lengths).all() else None

    def entry(metric: Metric) -> dict[str, Any]:
        own = scores[metric.name]
        found = _metric_entry(metric, own, slice(None), clusters, rng(metric.name), resamples)
        return found | {"length_effect": _length_effect(lengths, ranks, own, clusters)}

    table = dict(zip([metric.name for metric in metrics], in_order(metrics, entry), strict=True))
    slices = _slice_entries(metrics, pairs, scores, clusters, rng, min(resamples, SLICE_RESAMPLES))
    settle_verdicts(table.values(), metrics, holm)
    chosen = [metric for metric in metrics if metric.chosen]
    settle_verdicts([table[metric.name] for metric in chosen], chosen, holm)
    cells = [(metric, cell[metric.name]) for field in slices.values() for cell in field.values() for metric in metrics]
    settle_verdicts([cell for _, cell in cells], [metric for metric, _ in cells], benjamini_hochberg)
    warnings = [*problems, *result_warnings(pairs, table, rows, scope, judge, models), *remarks]
    return {
        "schema_version": 1,
        "simulated": simulated,
        "execution_arn": execution_arn,
        "created": created,
        "judge": judge,
        "scope": scope,
        "models": {side: models.get(side) if side in sides else None for side in ("tuned", "base")},
        "rows": rows,
        "primary_metric": primary_metric,
        "metrics": table,
        "slices": slices,
        "verdict": overall_verdict(table, primary_metric, scope, rows),
        "warnings": warnings,
    }


def side_scores(metric: Metric, pairs: Pairs, side: str) -> Scores:
    """One model's scores on one metric, one place per record; a record without a row has the kind ``("row", "none")``.

    A label counts as a score, except on a numeric scale that lacks it: there it is missing.
    """
    found, at = pairs.sides.get(side), pairs.at.get(side)
    if found is None or at is None:
        return absent_scores(len(pairs))._replace(kinds=(("row", "none"),))
    own = found.scores.get(metric.name) or absent_scores(len(found))
    settled, worth = list(own.kinds), np.full(len(own.kinds), math.nan)
    for code, (kind, text) in enumerate(own.kinds):
        if kind == "label":
            worth[code] = metric.number(text)
            if math.isfinite(worth[code]):
                settled[code] = ("score", "number")
            elif metric.limits:
                settled[code] = ("missing", missing_reason(text))
    places, numbers, codes = own.at, own.numbers, own.codes
    if np.isfinite(worth).any():
        numbers = np.where(np.isfinite(worth[codes]), worth[codes], numbers)
    if not len(at) or at.min() < 0:  # what -1 finds
        places = np.append(places, len(numbers))
        numbers, codes = np.append(numbers, math.nan), np.append(codes, len(settled))
    return Scores(places[at], numbers, codes, (*settled, ("row", "none")))


def _settled_metrics(
    metrics: Sequence[Metric], scores: Mapping[str, Mapping[str, Scores]]
) -> tuple[list[Metric], list[str]]:
    """The metrics, without a scale that the scores do not keep to, and remarks on what is odd about them."""
    settled, remarks = [], []
    for metric in metrics:
        low, high = metric.limits or (-math.inf, math.inf)
        outside = 0
        for own in scores[metric.name].values():
            beyond = (own.numbers < low - 1e-9) | (own.numbers > high + 1e-9)
            if beyond.any():
                outside += int(np.count_nonzero(beyond[own.at]))
        if outside:
            remarks.append(
                f"{metric.name}: scores outside its scale of {low:g} to {high:g}: {outside}. The scale is not relied "
                "on, so equivalence is not claimed."
            )
        if not metric.chosen:
            remarks.append(f"{metric.name}: not one of the chosen metrics, but present in the results.")
        elif not metric.declared:
            remarks.append(f"{metric.name}: no direction was declared; higher counts as better.")
        settled.append(replace(metric, limits=None) if outside else metric)
    return settled, remarks


def _side_entry(scores: Scores, at: NDArray[Any], times: NDArray[np.int64]) -> dict[str, Any]:
    """One model's part of an entry: it has the scores ``at``, each so many ``times``."""
    counts = np.bincount(scores.codes[at], weights=times, minlength=len(scores.kinds))
    found: collections.Counter[tuple[str, str]] = collections.Counter()
    for kind, count in zip(scores.kinds, counts.astype(int).tolist(), strict=True):
        if count:
            found[kind] += count
    reasons = {what: count for (kind, what), count in sorted(found.items()) if kind == "missing"}
    labels = {what: count for (kind, what), count in sorted(found.items()) if kind == "label"}
    finite = np.isfinite(scores.numbers[at])
    numbers, times = scores.numbers[at][finite], times[finite]
    scored = int(times.sum())
    return {
        "mean": float(np.average(numbers, weights=times)) if scored else None,
        "n_scored": scored + sum(labels.values()),
        "n_missing": sum(reasons.values()),
        "missing_reasons": reasons,
        "labels": labels or None,
    }


def _metric_entry(
    metric: Metric,
    scores: Mapping[str, Scores],
    where: Any,
    clusters: NDArray[np.int64] | None,
    rng: np.random.Generator,
    resamples: int,
) -> dict[str, Any]:
    """A metric's entry over the records ``where``; ``scores`` holds the models that were evaluated."""
    sides, times = _tally(scores, where)
    entry: dict[str, Any] = {
        "direction": metric.direction,
        "limits": list(metric.limits) if metric.limits else None,
        "tuned": _side_entry(scores["tuned"], sides["tuned"], times) if "tuned" in scores else None,
        "base": _side_entry(scores["base"], sides["base"], times) if "base" in scores else None,
    }
    if len(scores) == 2:
        grouped = None
        if clusters is not None:
            sides, grouped = {side: own.at[where] for side, own in scores.items()}, clusters[where]
        tuned, base = (scores[side].numbers[sides[side]] for side in ("tuned", "base"))
        counts = times if grouped is None else None
        return entry | difference_entry(
            metric, tuned, base, rng=rng, counts=counts, clusters=grouped, resamples=resamples
        )
    nothing = "difference wins ties losses win_share_ci strength n_clusters margin margin_share verdict rows_needed"
    return entry | dict.fromkeys(nothing.split()) | {"n_paired": 0}


def _tally(scores: Mapping[str, Scores], where: Any) -> tuple[dict[str, NDArray[Any]], NDArray[np.int64]]:
    """The combinations of the models' scores that occur among the records ``where``, and how often each does."""
    sizes = {side: len(own.numbers) for side, own in scores.items()}
    joint = np.zeros(1, np.int64)
    for own in scores.values():
        joint = joint * len(own.numbers) + own.at[where]
    if math.prod(sizes.values()) <= max(len(joint), COUNTED_PAIRS):
        times = np.bincount(joint)
        found = np.flatnonzero(times)
        times = times[found]
    else:
        found, times = np.unique(joint, return_counts=True)
    return dict(zip(sizes, np.unravel_index(found, tuple(sizes.values())), strict=True)), times


def _length_effect(
    lengths: Floats | None, ranks: Floats | None, scores: Mapping[str, Scores], clusters: NDArray[np.int64] | None
) -> dict[str, Any] | None:
    """A metric's association with the ``lengths`` of the answers, tuned minus base in characters."""
    if lengths is None:
        return None
    tuned, base = (scores[side].numbers[scores[side].at] for side in ("tuned", "base"))
    differences = tuned - base
    groups = None
    if clusters is not None:
        groups = len(np.unique(clusters[np.isfinite(differences) & np.isfinite(lengths)]))
    return length_effect(differences, lengths, ranks=ranks, clusters=groups)


def _slice_entries(
    metrics: Sequence[Metric],
    pairs: Pairs,
    scores: Mapping[str, Mapping[str, Scores]],
    clusters: NDArray[np.int64] | None,
    rng: Callable[..., np.random.Generator],
    resamples: int,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Every metric in every slice; a cell of fewer than five pairs has no interval and no p-value."""

    def entry(place: tuple[str, str, NDArray[np.int64], Metric]) -> dict[str, Any]:
        name, value, members, metric = place
        own = rng(name, value, metric.name)
        found = _metric_entry(metric, scores[metric.name], members, clusters, own, resamples)
        if found["difference"] is not None and found["n_paired"] < SLICE_ROWS:
            none = dict.fromkeys(("ci_low", "ci_high", "p_value", "p_adjusted", "p_exact", "test"))
            found["difference"] |= none | {"method": f"none: fewer than {SLICE_ROWS} pairs"}
        return found

    groups = slice_groups(pairs.listed)
    places = [(name, *group, metric) for name, found in groups.items() for group in found.items() for metric in metrics]
    slices: dict[str, dict[str, dict[str, Any]]] = {name: {value: {} for value in groups[name]} for name in groups}
    for (name, value, _, metric), found in zip(places, in_order(places, entry), strict=True):
        slices[name][value][metric.name] = found
    return slices
