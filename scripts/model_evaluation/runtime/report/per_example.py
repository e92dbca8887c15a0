"""The table beside the summary of two models' scores: one line per record with texts, scores and explanations."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from model_evaluation.runtime.statistics.comparison import side_scores
from model_evaluation.runtime.statistics.dataset_table import METADATA
from model_evaluation.runtime.statistics.metrics import Metric
from model_evaluation.runtime.statistics.pairing import Pairs
from model_evaluation.runtime.statistics.scored_rows import EXPLANATION

BOTH_SIDES = ("tuned", "base")
FIXED_COLUMNS = ("record_id", "occurrence", "prompt", "reference", "category", "tuned_response", "base_response")
METRIC_COLUMNS = ("tuned", "base", "difference", "tuned_explanation", "base_explanation")


def paired_table(pairs: Pairs, metrics: Sequence[Metric], texts: Mapping[str, pa.Table]) -> pa.Table:
    """The records in dataset order, then those that only the results have.

    ``texts`` has for each model its rows' ``prompt``, ``reference``, ``response`` and ``explanation of METRIC``. A
    metadata field named like another column gets the prefix ``metadata_``. A label without a number stays text; its
    difference is missing.
    """
    places, listed = np.arange(len(pairs)), len(pairs.listed.lines)
    own = _rows_at(pairs.listed.texts, np.where(places < listed, places, -1))
    answers = {side: _rows_at(table, pairs.at[side]) for side, table in texts.items()}
    nothing = pa.nulls(len(pairs), pa.string())

    def text(side: str, name: str) -> pa.Array:
        table = answers.get(side)
        return nothing if table is None or name not in table.column_names else table[name].combine_chunks()

    columns: dict[str, pa.Array] = {"record_id": pairs.ids(places), "occurrence": pairs.occurrence}
    for name in ("prompt", "reference"):
        # What the dataset does not have is as the first model's rows have it.
        others = pc.coalesce(nothing, *(text(side, name) for side in answers))
        columns[name] = pc.if_else(pa.array(places < listed), own[name].combine_chunks(), others)
    columns["category"] = own["category"]
    names = {*FIXED_COLUMNS, *(f"{metric.name}__{part}" for metric in metrics for part in METRIC_COLUMNS)}
    for name in pairs.listed.metadata:
        column = name
        while column in names:
            column = f"metadata_{column}"
        names.add(column)
        columns[column] = own[METADATA + name]
    for side in BOTH_SIDES:
        columns[f"{side}_response"] = text(side, "response")
    for metric in metrics:
        numbers = {}
        for side in BOTH_SIDES:
            scores = side_scores(metric, pairs, side)
            numbers[side] = scores.numbers[scores.at]
            labels = _label_texts(metric, pairs, side)
            values = pa.array(numbers[side], from_pandas=True)
            if labels is not None:
                values = pa.array(labels, pa.string()).take(pa.array(scores.at))
            columns[f"{metric.name}__{side}"] = values
        columns[f"{metric.name}__difference"] = pa.array(numbers["tuned"] - numbers["base"], from_pandas=True)
        for side in BOTH_SIDES:
            columns[f"{metric.name}__{side}_explanation"] = text(side, EXPLANATION + metric.name)
    return pa.table(columns)


def _rows_at(table: pa.Table, places: NDArray[np.int64]) -> pa.Table:
    """The table's rows at these places, nulls where that is -1."""
    return table.combine_chunks().take(pa.array(places, mask=places < 0))


def _label_texts(metric: Metric, pairs: Pairs, side: str) -> list[str | None] | None:
    """A side's distinct scores as text when the metric has any label that is not a number, and at last the score of a
    record without a row; else ``None``. Beside numbers of a numeric scale such a label is a missing score."""
    rows = pairs.sides.get(side)
    scores = rows.scores.get(metric.name) if rows else None
    if scores is None:
        return None
    at = np.unique(scores.at)
    codes = set(scores.codes[at].tolist())
    labels = {code: text for code, (kind, text) in enumerate(scores.kinds) if kind == "label" and code in codes}
    numeric = [math.isfinite(metric.number(text)) for text in labels.values()]
    if all(numeric) or (metric.limits and (any(numeric) or np.isfinite(scores.numbers[at]).any())):
        return None
    pieces = zip(scores.codes.tolist(), scores.numbers.tolist(), strict=True)
    return [*(labels.get(code, None if math.isnan(number) else str(number)) for code, number in pieces), None]
