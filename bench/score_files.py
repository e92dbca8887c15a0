"""Scores of any number of rows from flat files: one Parquet or JSON Lines file per model, one column per metric.

A file has the column ``record_id`` and a number per metric; a null is a missing score. Rows are put together by
``record_id``. A million rows of five metrics take seconds.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json as pa_json
import pyarrow.parquet as pa_parquet

from model_evaluation.runtime.results.evaluation import ResultsError, Side
from model_evaluation.runtime.results.paired_scores import PairedScores, Scores
from model_evaluation.runtime.statistics.metrics import Metric

ID = "record_id"


def read_score_files(paths: Mapping[Side, str | os.PathLike[str]], metrics: Sequence[Metric]) -> PairedScores:
    """The scores of these metrics. Raises :class:`ResultsError` for a file that is not of this shape."""
    tables = {side: _read(path, [metric.name for metric in metrics]) for side, path in paths.items()}
    ids = pa.chunked_array([chunk for table in tables.values() for chunk in table[ID].chunks]).unique()
    places = {side: _places(ids, table[ID]) for side, table in tables.items()}
    scores: dict[str, dict[Side, Scores]] = {metric.name: {} for metric in metrics}
    for side, table in tables.items():
        for metric in metrics:
            numbers = np.full(len(ids), np.nan)
            numbers[places[side]] = table[metric.name].to_numpy()
            reasons = np.full(len(ids), None, object)
            own = np.isnan(numbers[places[side]])
            reasons[places[side][own]] = "null"
            scores[metric.name][side] = Scores(numbers, None, reasons)
    answered = {}
    for side, own_places in places.items():
        answered[side] = np.zeros(len(ids), bool)
        answered[side][own_places] = True
    return PairedScores(scores, answered, len(ids))


def _read(path: str | os.PathLike[str], names: Sequence[str]) -> pa.Table:
    """The table's id and metrics, the latter as floating-point numbers."""
    schema = pa.schema([(ID, pa.string()), *((name, pa.float64()) for name in names)])
    try:
        if os.fspath(path).endswith(".parquet"):
            table = pa_parquet.read_table(path, columns=[ID, *names])
        else:
            options = pa_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
            table = pa_json.read_json(path, parse_options=options)
        table = table.select([ID, *names]).cast(schema)
    except (OSError, KeyError, pa.ArrowException) as error:
        raise _unusable(path, names, str(error).partition("\n")[0]) from error
    if table[ID].null_count:
        raise _unusable(path, names, f"{table[ID].null_count} rows have no {ID}")
    return table


def _places(ids: pa.ChunkedArray, own: pa.ChunkedArray) -> pa.Array:
    places = pc.index_in(own, ids).to_numpy()
    if np.bincount(places, minlength=1).max() > 1:
        raise ResultsError(f"A {ID} occurs twice in one file.", fix="Give every row of a file its own id.")
    return places


def _unusable(path: str | os.PathLike[str], names: Sequence[str], reason: str) -> ResultsError:
    return ResultsError(
        f"{os.fspath(path)} cannot be read as scores: {reason}.",
        fix=f"It has to be Parquet or JSON Lines with the columns {ID} (text) and {', '.join(names)} (numbers).",
    )
