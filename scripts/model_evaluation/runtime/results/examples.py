"""The table beside the summary: one line per record with texts, scores and the words that explain them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.metrics import Metric

from .evaluation import BOTH_SIDES
from .paired_scores import model_scores
from .records import Record, ScoredAnswer
from .slices import metadata_fields

FIXED_COLUMNS = ("record_id", "occurrence", "prompt", "reference", "category", "tuned_response", "base_response")


def examples_table(records: Sequence[Record], metrics: Sequence[Metric]) -> pa.Table:
    """An Arrow table of the records in their order.

    ``NAME__difference`` is tuned minus base. A label without a number stays text; its difference is missing. A metadata
    field named like another column gets the prefix ``metadata_``.
    """
    answers = {side: [record.answers.get(side) for record in records] for side in BOTH_SIDES}
    scores: dict[str, pa.Array] = {}
    for metric in metrics:
        name, numbers = metric.name, {side: model_scores(metric, records, side).numbers for side in BOTH_SIDES}
        scores |= {f"{name}__{side}": _score_column(metric, answers[side], numbers[side]) for side in BOTH_SIDES}
        scores[f"{name}__difference"] = pa.array(numbers["tuned"] - numbers["base"], from_pandas=True)
        for side, own in answers.items():
            explanations = [answer.explanations.get(name) if answer else None for answer in own]
            scores[f"{name}__{side}_explanation"] = _texts(explanations)
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
    for side, own in answers.items():
        columns[f"{side}_response"] = _texts([answer.response if answer else None for answer in own])
    return pa.table(columns | scores)


def _score_column(metric: Metric, answers: Sequence[ScoredAnswer | None], numbers: Floats) -> pa.Array:
    """Numbers, or texts where the metric has any label that is not a number. Beside numbers of a numeric scale such a
    label is a missing score."""
    own = [answer.scores.get(metric.name) if answer else None for answer in answers]
    known = [math.isfinite(metric.number(score)) for score in own if isinstance(score, str)]
    if all(known) or (metric.limits and np.isfinite(numbers).any()):
        return pa.array(numbers, from_pandas=True)
    return _texts([score if isinstance(score, str) or score is None else str(score) for score in own])


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array(values, pa.string())
