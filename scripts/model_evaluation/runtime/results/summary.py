"""Puts ``summary.json`` together, the JSON object that every kind's results end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from model_evaluation.runtime.statistics.planning import usual_differences
from model_evaluation.runtime.statistics.verdicts import number_digits, overall_verdict
from model_evaluation.runtime.summary import Entry, Fairness, Planned, Rows, Summary

from .evaluation import Evaluation

if TYPE_CHECKING:
    from model_evaluation.runtime.dataset_files import SourceRows

    from .paired_scores import ScoreComparison

SCHEMA_VERSION = 2


def summary_of(
    evaluation: Evaluation,
    *,
    rows: Rows,
    metrics: Mapping[str, Entry],
    slices: Mapping[str, Mapping[str, Mapping[str, Entry]]] | None = None,
    warnings: Sequence[str] = (),
    fairness: Fairness | None = None,
) -> Summary:
    """The summary of these entries, with the verdict on them."""
    primary, sides = evaluation.primary_metric, evaluation.sides
    summary: Summary = {
        "schema_version": SCHEMA_VERSION,
        "kind": evaluation.kind,
        "simulated": evaluation.simulated,
        "execution_arn": evaluation.execution_arn,
        "created": evaluation.created,
        "conditions": dict(evaluation.conditions),
        "scope": evaluation.scope,
        "models": {
            "tuned": evaluation.tuned if "tuned" in sides else None,
            "base": evaluation.base if "base" in sides else None,
        },
        "rows": rows,
        "primary_metric": primary,
        "metrics": dict(metrics),
        "slices": slices or {},
        "verdict": overall_verdict(metrics, primary, evaluation.scope, rows, fairness, evaluation.labels),
        "warnings": list(warnings),
    }
    if evaluation.labels:
        summary["labels"] = dict(evaluation.labels)
    if fairness is not None:
        summary["fairness"] = fairness
    if planned := _planned(primary, metrics, rows):
        summary["planned"] = planned
    return summary


def scores_summary(
    evaluation: Evaluation,
    comparison: ScoreComparison,
    *,
    warnings: Sequence[str],
    fairness: Fairness | None,
    source: SourceRows | None = None,
) -> Summary:
    """The summary of compared scores; ``source`` names the rows' lines."""
    rows, metrics, slices, _ = comparison
    summary = summary_of(evaluation, rows=rows, metrics=metrics, slices=slices, warnings=warnings, fairness=fairness)
    if source is not None and source.lines:
        summary["record_source"] = source.source
    return summary


def _planned(primary: str, metrics: Mapping[str, Entry], rows: Rows) -> Planned | None:
    """What the number of rows promised, beside what it came to; ``None`` without a scale or a comparison."""
    entry = metrics.get(primary)
    n = rows.get("distinct", rows["dataset"])
    if entry is None or entry["difference"] is None or not entry["limits"]:
        return None
    if (usual := usual_differences(n, entry["limits"][1] - entry["limits"][0])) is None:
        return None
    low, high = usual
    reached = entry["difference"]["detectable"]
    digits = number_digits(low, high)
    finish = f"reached {reached:.{digits}f}" if reached else "what was reached is not known, since no row differs"
    what = f"{n} rows" if n == rows["dataset"] else f"{n} different questions"
    sentence = (
        f"Differences that {what} can show on {primary}: planned about {low:.{digits}f} to {high:.{digits}f}, {finish}."
    )
    return {"low": low, "high": high, "reached": reached, "sentence": sentence}
