"""The table beside the summary: one line per record with texts, scores and the words that explain them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from model_evaluation.runtime.statistics.metrics import Metric

from .evaluation import BOTH_SIDES, Side
from .paired_scores import Scores, model_scores
from .records import Record
from .slices import metadata_fields

FIXED_COLUMNS = ("record_id", "occurrence", "prompt", "reference", "category", "tuned_response", "base_response")


def examples_table(records: Sequence[Record], metrics: Sequence[Metric]) -> pa.Table:
    """An Arrow table of the records in their order.

    ``NAME__difference`` is tuned minus base. A label without a number stays text; its difference is missing. A metadata
    field named like another column gets the prefix ``metadata_``.
    """
    scores: dict[str, pa.Array] = {}
    for metric in metrics:
        scores |= _metric_columns(records, metric)
    columns: dict[str, pa.Array] = {
        "record_id": _texts([record.id for record in records]),
        "occurrence": pa.array([record.occurrence for record in records], pa.int64()),
        "prompt": _texts([record.source.prompt for record in records]),
        "reference": _texts([record.source.reference for record in records]),
        "category": _texts([record.row.category if record.row else None for record in records]),
    }
    for name in metadata_fields(records):
        column = name
        while column in columns or column in FIXED_COLUMNS or column in scores:
            column = f"metadata_{column}"
        columns[column] = _texts([record.row.metadata.get(name) if record.row else None for record in records])
    for side in BOTH_SIDES:
        answers = [record.answers.get(side) for record in records]
        columns[f"{side}_response"] = _texts([answer.response if answer else None for answer in answers])
    return pa.table(columns | scores)


def _metric_columns(records: Sequence[Record], metric: Metric) -> dict[str, pa.Array]:
    scores = {side: model_scores(metric, records, side) for side in BOTH_SIDES}
    columns = {f"{metric.name}__{side}": _score_column(records, metric, side, scores[side]) for side in BOTH_SIDES}
    differences = scores["tuned"].numbers - scores["base"].numbers
    columns[f"{metric.name}__difference"] = pa.array(differences, from_pandas=True)
    for side in BOTH_SIDES:
        answers = [record.answers.get(side) for record in records]
        explanations = [answer.explanations.get(metric.name) if answer else None for answer in answers]
        columns[f"{metric.name}__{side}_explanation"] = _texts(explanations)
    return columns


def _score_column(records: Sequence[Record], metric: Metric, side: Side, scores: Scores) -> pa.Array:
    """Numbers, or texts where the metric has any label that is not a number. Beside numbers of a numeric scale such a
    label is a missing score."""
    own = [record.answers[side].scores.get(metric.name) if side in record.answers else None for record in records]
    known = [math.isfinite(metric.number(score)) for score in own if isinstance(score, str)]
    if all(known) or (metric.limits and np.isfinite(scores.numbers).any()):
        return pa.array(scores.numbers, from_pandas=True)
    return _texts([score if isinstance(score, str) or score is None else str(score) for score in own])


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())
