"""From the container's tables of many rows to an analysis: scores of all rows as columns, texts of some."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from model_evaluation.kinds.nova.runtime.output.details import DetailRows, logprobs_of
from model_evaluation.kinds.nova.runtime.output.result_files import OutputFiles
from model_evaluation.kinds.nova.runtime.report.nova_analysis import NovaAnalysis
from model_evaluation.kinds.nova.runtime.scores.analysis import (
    Answered,
    conclusion,
    metrics_of,
    no_rows,
    put_to_records,
)
from model_evaluation.kinds.nova.runtime.scores.answers import MatchCounts
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.results.examples import FIXED_COLUMNS, examples_table
from model_evaluation.runtime.results.paired_labels import class_table
from model_evaluation.runtime.results.paired_scores import SEED, PairedScores
from model_evaluation.runtime.results.slices import Places
from model_evaluation.runtime.rows import DatasetRow, read_dataset_row
from model_evaluation.runtime.statistics.metrics import Metric

from .pairing import confusion, is_named, match, read_scores, row_numbers
from .store import Store, Tables, load_details, open_store, open_tables, raw_rows

MANY_ROWS = 20_000
"""From this many rows on they are read as columns."""
TEXT_ROWS = 2_000
"""Rows drawn at random whose texts are read as well."""


def analyse_many(
    asked: Answered, dataset: Path, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()
) -> NovaAnalysis:
    """As :func:`model_evaluation.kinds.nova.runtime.scores.analysis.analyse_answers`, of a dataset's file of many rows;
    ``asked`` comes without rows. Raises ``ImportError`` without DuckDB."""
    field = asked.answer_field
    with open_store(dataset, field) as store:
        named = is_named(store)
        problems: dict[Side, list[str]] = {side: [] for side in asked.evaluation.sides}
        tables: dict[Side, Tables] = {}
        counts: dict[Side, MatchCounts] = {}
        metrics: dict[Side, list[str]] = {}
        for side in asked.evaluation.sides:
            tables[side] = open_tables(store.connection, outputs[side].details, problems[side])
            if not tables[side].paths:
                raise no_rows(asked.evaluation.names[side], problems[side])
            metrics[side] = load_details(store, side, tables[side], field, problems[side], named=named)
            counts[side] = match(store, side, named=named)
        paired, fields = read_scores(store, metrics, named=named, answer_field=field)
        classes = {side: class_table(confusion(store, side)) for side in tables} if field else {}
        drawn = np.sort(np.random.default_rng(SEED).permutation(len(store.lines))[:TEXT_ROWS])
        rows = _dataset_rows(store, drawn)
        details = {side: _details(store, side, tables[side], drawn, problems[side]) for side in tables}
        lines, unusable = store.lines, store.unusable
    chosen = metrics_of(asked, paired.scores)
    asked = replace(asked, rows=rows, skipped=asked.skipped + unusable)
    readings = put_to_records(asked, details)
    read = examples_table(readings.records, chosen)
    table = _table(lines, paired, fields, chosen, read, drawn)
    notes = [*notes, _note(len(lines))]
    return conclusion(asked, outputs, readings, paired, chosen, counts, classes, table, places=drawn, notes=notes)


def _note(n: int) -> str:
    return (
        f"All numbers are of all {n:,} rows but for what only texts tell: whether answers are finished, empty, equal "
        f"or refusals, how sure the models were, and the rows that are shown. That is of {TEXT_ROWS:,} rows, drawn at "
        "random; prompts are taken for the same only in the same words."
    )


def _dataset_rows(store: Store, places: Places) -> list[DatasetRow]:
    """The dataset's rows at these places; they keep their line numbers."""
    rows = []
    with store.path.open("rb") as file:
        for line, start in zip(store.lines[places].tolist(), store.starts[places].tolist(), strict=True):
            file.seek(start)
            rows.append(read_dataset_row(json.loads(file.readline()), line))
    return rows


def _details(store: Store, side: Side, tables: Tables, places: Places, problems: list[str]) -> DetailRows:
    """The side's rows that belong to these records, read cell by cell."""
    found = raw_rows(tables, row_numbers(store, side, places), problems)
    return DetailRows(
        [row for _, row in found], list(dict.fromkeys(problems)), logprobs_of(list(tables.kinds)), len(tables.paths)
    )


def _table(
    lines: NDArray[np.int64],
    paired: PairedScores,
    fields: Mapping[str, pa.DictionaryArray],
    metrics: Sequence[Metric],
    read: pa.Table,
    drawn: Places,
) -> pa.Table:
    """The records' table: scores and fields of all records, and of those that were drawn also what was read of them."""
    n = len(lines)
    columns: dict[str, pa.Array] = {"record_id": pa.array(lines).cast(pa.string())}
    for name, values in fields.items():
        taken = name in FIXED_COLUMNS and name != "category"
        columns[f"metadata_{name}" if taken else name] = values.cast(pa.string())
    for metric in metrics:
        own = paired.scores[metric.name]
        columns |= {f"{metric.name}__{side}": pa.array(own[side].numbers, from_pandas=True) for side in own}
        if len(own) == 2:
            difference = own["tuned"].numbers - own["base"].numbers
            columns[f"{metric.name}__difference"] = pa.array(difference, from_pandas=True)
    places = np.full(n, -1, np.int64)
    places[drawn] = np.arange(len(drawn))
    taken_from = pa.array(places, mask=places < 0)
    for name in read.column_names:
        if name not in columns:
            columns[name] = read[name].combine_chunks().take(taken_from)
    return pa.table({name: columns[name] for name in dict.fromkeys([*read.column_names, *columns])})
