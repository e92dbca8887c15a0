"""The comparison of two models on one set of records, as the object that becomes ``summary.json``."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .alarms import result_warnings
from .entries import difference_entry, settle_verdicts
from .results import Record, ResultRow
from .scales import Metric
from .slices import record_clusters, slice_groups
from .stats import Floats, benjamini_hochberg, holm
from .verdicts import overall_verdict

SLICE_RESAMPLES = 4_000  # there may be hundreds of cells
SLICE_ROWS = 5  # cells with fewer pairs get no interval


def compare(
    records: Sequence[Record],
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
    sides = ["tuned", "base"] if scope == "compare" else [scope]
    rows = {
        "dataset": sum(r.row is not None for r in records),
        "tuned": sum(r.tuned is not None for r in records) if "tuned" in sides else None,
        "base": sum(r.base is not None for r in records) if "base" in sides else None,
        "paired": sum(r.tuned is not None and r.base is not None for r in records),
    }
    seen = sorted({name for r in records for s in sides if (row := getattr(r, s)) for name in row.scores})
    named: dict[str, Metric] = {}
    for metric in (*metrics, *(Metric(name, chosen=False) for name in seen)):
        named.setdefault(metric.name, metric)
    metrics = list(named.values())
    answers = {side: [getattr(r, side) for r in records] for side in sides}
    scores = {m.name: {side: side_scores(m, answers[side]) for side in sides} for m in metrics}
    metrics, remarks = _settled_metrics(metrics, scores)

    def rng(*where: str) -> np.random.Generator:
        return np.random.default_rng([seed, zlib.crc32("\x1f".join(where).encode("utf-8", "replace"))])

    field, clusters = record_clusters(records)
    if clusters is not None and len(sides) == 2:
        remarks.append(
            f"Rows with the same {field} are taken as one cluster ({len(records)} rows, {len(np.unique(clusters))} "
            "clusters): they are not independent, and the intervals allow for that."
        )
    everything = slice(None)
    table = {m.name: _metric_entry(m, scores[m.name], everything, clusters, rng(m.name), resamples) for m in metrics}
    slices = _slice_entries(metrics, records, scores, clusters, rng, min(resamples, SLICE_RESAMPLES))
    settle_verdicts(table.values(), metrics, holm)
    chosen = [metric for metric in metrics if metric.chosen]
    settle_verdicts([table[metric.name] for metric in chosen], chosen, holm)
    cells = [(metric, cell[metric.name]) for field in slices.values() for cell in field.values() for metric in metrics]
    settle_verdicts([cell for _, cell in cells], [metric for metric, _ in cells], benjamini_hochberg)
    warnings = [*problems, *result_warnings(records, table, rows, scope, judge, models), *remarks]
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


class SideScores(NamedTuple):
    """One model's scores on one metric, one place per record.

    ``numbers`` (n,) is NaN where there is no number; ``codes`` (n,) index ``kinds``: ``("row", "none")``,
    ``("score", "number")``, ``("label", its text)`` or ``("missing", the reason)``.
    """

    numbers: Floats
    codes: NDArray[np.int64]
    kinds: list[tuple[str, str]]


def side_scores(metric: Metric, rows: Sequence[ResultRow | None]) -> SideScores:
    """A label counts as a score, except on a numeric scale that lacks it: there it is missing, unparsable."""
    kinds = {("row", "none"): 0, ("score", "number"): 1}
    name = metric.name
    scores = [None if row is None else row.scores.get(name) for row in rows]
    plain = set(map(type, scores)) <= {float, type(None)}
    numbers = np.array(scores, dtype=float) if plain else np.full(len(rows), math.nan)
    codes = np.isfinite(numbers).astype(np.int64)
    left = np.flatnonzero(codes == 0).tolist()  # all of them, where there are labels
    for at, row, score in [(at, rows[at], scores[at]) for at in left]:
        if row is None:
            continue
        kind = ("score", "number")
        if score is None:
            kind = ("missing", row.missing.get(metric.name, "absent"))
        elif math.isnan(number := metric.number(score)):
            kind = ("missing", "unparsable") if metric.limits else ("label", str(score))
        else:
            numbers[at] = number
        codes[at] = kinds.setdefault(kind, len(kinds))
    return SideScores(numbers, codes, list(kinds))


def score_arrays(metric: Metric, records: Sequence[Record]) -> tuple[Floats, Floats]:
    """Tuned and base scores as numbers, shape (n_records,) each, NaN where there is none."""
    tuned, base = (side_scores(metric, [getattr(r, side) for r in records]).numbers for side in ("tuned", "base"))
    return tuned, base


def _settled_metrics(
    metrics: Sequence[Metric], scores: Mapping[str, Mapping[str, SideScores]]
) -> tuple[list[Metric], list[str]]:
    """The metrics, without a scale that the scores do not keep to, and remarks on what is odd about them."""
    settled, remarks = [], []
    for metric in metrics:
        low, high = metric.limits or (-math.inf, math.inf)
        numbers = np.concatenate([side.numbers for side in scores[metric.name].values()])
        outside = int(np.count_nonzero((numbers < low - 1e-9) | (numbers > high + 1e-9)))
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


def _side_entry(scores: SideScores, where: Any) -> dict[str, Any]:
    """One model's part of an entry, over the records ``where`` (indices or a slice)."""
    counts = np.bincount(scores.codes[where], minlength=len(scores.kinds)).tolist()
    found = {kind: count for kind, count in zip(scores.kinds, counts, strict=True) if count}
    reasons = {what: count for (kind, what), count in sorted(found.items()) if kind == "missing"}
    labels = {what: count for (kind, what), count in sorted(found.items()) if kind == "label"}
    numbers = scores.numbers[where]
    numbers = numbers[np.isfinite(numbers)]
    return {
        "mean": float(numbers.mean()) if len(numbers) else None,
        "n_scored": len(numbers) + sum(labels.values()),
        "n_missing": sum(reasons.values()),
        "missing_reasons": reasons,
        "labels": labels or None,
    }


def _metric_entry(
    metric: Metric,
    scores: Mapping[str, SideScores],
    where: Any,
    clusters: NDArray[np.int64] | None,
    rng: np.random.Generator,
    resamples: int,
) -> dict[str, Any]:
    """A metric's entry over the records ``where``; ``scores`` holds the models that were evaluated."""
    entry: dict[str, Any] = {
        "direction": metric.direction,
        "limits": list(metric.limits) if metric.limits else None,
        "tuned": _side_entry(scores["tuned"], where) if "tuned" in scores else None,
        "base": _side_entry(scores["base"], where) if "base" in scores else None,
    }
    if len(scores) == 2:
        tuned, base = scores["tuned"].numbers[where], scores["base"].numbers[where]
        grouped = clusters[where] if clusters is not None else None
        return entry | difference_entry(metric, tuned, base, rng=rng, clusters=grouped, resamples=resamples)
    nothing = ("difference", "wins", "ties", "losses", "win_share_ci", "n_clusters", "margin", "verdict", "rows_needed")
    return entry | dict.fromkeys(nothing) | {"n_paired": 0}


def _slice_entries(
    metrics: Sequence[Metric],
    records: Sequence[Record],
    scores: Mapping[str, Mapping[str, SideScores]],
    clusters: NDArray[np.int64] | None,
    rng: Callable[..., np.random.Generator],
    resamples: int,
) -> dict[str, dict[str, dict[str, Any]]]:
    """Every metric in every slice; a cell of fewer than five pairs has no interval and no p-value."""
    slices: dict[str, dict[str, dict[str, Any]]] = {}
    for name, groups in slice_groups(records).items():
        slices[name] = {}
        for value, members in groups.items():
            cell = slices[name][value] = {}
            where = np.array(members)
            for metric in metrics:
                place = rng(name, value, metric.name)
                entry = _metric_entry(metric, scores[metric.name], where, clusters, place, resamples)
                if entry["difference"] is not None and entry["n_paired"] < SLICE_ROWS:
                    none = dict.fromkeys(("ci_low", "ci_high", "p_value", "p_adjusted"))
                    entry["difference"] |= none | {"method": f"none: fewer than {SLICE_ROWS} pairs"}
                cell[metric.name] = entry
    return slices
