"""From the container's tables of many rows to an analysis: scores of all rows as columns, texts of some."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.results.examples import FIXED_COLUMNS, examples_table
from model_evaluation.runtime.results.paired_labels import class_table
from model_evaluation.runtime.results.paired_scores import SEED, PairedScores
from model_evaluation.runtime.results.slices import Places
from model_evaluation.runtime.rows import DatasetRow, read_dataset_row
from model_evaluation.runtime.statistics.metrics import Metric

from .pairing import Answers, is_named, match, paired_answers, read_answers
from .store import Store, open_store, open_tables, raw_rows, read_details

MANY_ROWS = 20_000
"""From this many rows on they are read as columns."""
TEXT_ROWS = 2_000
"""Rows drawn at random whose texts are read as well."""


def analyse_many(
    asked: Answered, dataset: Path, outputs: Mapping[Side, OutputFiles], *, notes: Sequence[str] = ()
) -> NovaAnalysis:
    """As :func:`model_evaluation.kinds.nova.runtime.scores.analysis.analyse_answers`, of a dataset's file of many rows;
    ``asked`` comes without rows. Raises ``ImportError`` without DuckDB."""
    sides, names = asked.evaluation.sides, asked.evaluation.names
    with open_store(dataset, asked.answer_field) as store:
        drawn = np.sort(np.random.default_rng(SEED).permutation(len(store.lines))[:TEXT_ROWS])
        named = is_named(store)

        def read(side: Side) -> tuple[Answers, DetailRows]:
            return _read_side(store, outputs[side], names[side], drawn, asked.answer_field, named=named)

        with ThreadPoolExecutor(len(sides)) as pool:
            found = dict(zip(sides, pool.map(read, sides), strict=True))
        rows, lines, fields, unusable = _dataset_rows(store, drawn), store.lines, store.fields, store.unusable
        answers = {side: own for side, (own, _) in found.items()}
        paired = paired_answers(store, answers, named=named)
    counts = {side: own.matched.counts for side, own in answers.items()}
    classes = {side: class_table(own.labels) for side, own in answers.items()} if asked.answer_field else {}
    chosen = metrics_of(asked, paired.scores)
    asked = replace(asked, rows=rows, skipped=asked.skipped + unusable)
    readings = put_to_records(asked, {side: read for side, (_, read) in found.items()})
    notes = [*notes, _note(len(lines))]
    with ThreadPoolExecutor(1) as pool:
        read_rows = examples_table(readings.records, chosen)
        table = pool.submit(_table, lines, paired, fields, chosen, read_rows, drawn).result
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


def _read_side(
    store: Store, output: OutputFiles, name: str, drawn: Places, answer_field: str, *, named: bool
) -> tuple[Answers, DetailRows]:
    """One model's answers to all records, and those to the records that were drawn, read cell by cell."""
    problems: list[str] = []
    with store.connection.cursor() as connection:
        store = store._replace(connection=connection)
        tables = open_tables(connection, output.details, problems)
        if not tables.starts[-1]:
            raise no_rows(name, problems)
        details = read_details(store, tables, answer_field, problems, named=named)
        answers = read_answers(store, details, match(store, details, named=named), answer_field)
        del details  # it is large
        rows = answers.matched.rows[drawn]
        read = raw_rows(store, tables, np.sort(rows[rows >= 0]), problems)
    return answers, DetailRows(read, list(dict.fromkeys(problems)), logprobs_of(list(tables.kinds)), len(tables.paths))


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
