"""``summary.json``: the JSON object that every kind's results end in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NotRequired, TypedDict

from model_evaluation.runtime.statistics.entries import Entry, Rows
from model_evaluation.runtime.statistics.verdicts import Verdict, overall_verdict

from .evaluation import Evaluation, NamedModel

if TYPE_CHECKING:
    from .aggregates import PartEntry
    from .preferences import PreferenceCounts

SCHEMA_VERSION = 2
Slices = Mapping[str, Mapping[str, Mapping[str, Entry]]]
"""Field, value, metric."""


class Models(TypedDict):
    tuned: NamedModel | None
    base: NamedModel | None


class Summary(TypedDict):
    """``schemas/summary.schema.json`` says what each value means."""

    schema_version: int
    kind: str
    simulated: bool
    execution_arn: str
    created: str
    conditions: dict[str, object]
    scope: str
    models: Models
    rows: Rows
    primary_metric: str
    metrics: Mapping[str, Entry]
    slices: Slices
    verdict: Verdict
    warnings: list[str]
    record_source: NotRequired[str]
    preferences: NotRequired[PreferenceCounts]
    parts: NotRequired[dict[str, PartEntry]]


def summary_of(
    evaluation: Evaluation,
    *,
    rows: Rows,
    metrics: Mapping[str, Entry],
    slices: Slices | None = None,
    warnings: Sequence[str] = (),
) -> Summary:
    """The summary of these entries, with the verdict on them."""
    sides = evaluation.sides
    return {
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
        "primary_metric": evaluation.primary_metric,
        "metrics": dict(metrics),
        "slices": slices or {},
        "verdict": overall_verdict(metrics, evaluation.primary_metric, evaluation.scope, rows),
        "warnings": list(warnings),
    }
