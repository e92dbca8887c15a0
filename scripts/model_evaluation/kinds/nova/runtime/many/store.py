"""The dataset's rows and the container's tables in DuckDB: keys in place of texts, numbers, labels."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from model_evaluation.kinds.nova.runtime.output.details import COLUMNS, DetailRow, detail_row, logprobs_of, python_value
from model_evaluation.kinds.nova.runtime.scores.answers import NAMES, json_object, label_of
from model_evaluation.runtime.results.evaluation import Side

from . import expressions as sql

if TYPE_CHECKING:
    import duckdb

MEMORY = "350MB"
BATCH = 1 << 16
FILE = 1 << 32  # a row's number is its file's times this, and its own


class Store(NamedTuple):
    """An open database. ``lines`` are the dataset's line numbers by place, ``starts`` where they begin in ``path``, in
    bytes; ``unusable`` is how many other lines there are, blank ones left out."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    lines: NDArray[np.int64]
    starts: NDArray[np.int64]
    unusable: int


@contextmanager
def open_store(dataset: Path, answer_field: str) -> Iterator[Store]:
    """The dataset as the table ``dataset``: place, row_id, keys of prompt and reference, and the right label. Lines
    that are no row for the container stay out, as they do everywhere."""
    import duckdb

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="model-evaluation-rows-"))
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "temp_directory": folder, "autoinstall_known_extensions": "false",
        }  # fmt: skip
        connection = stack.enter_context(duckdb.connect(":memory:", config=config))
        connection.execute("SET enable_progress_bar = false")
        with dataset.open("rb") as file:
            lengths = np.fromiter((len(line) if line.strip() else 0 for line in file), np.int64)
        path = _without_blank_lines(dataset, Path(folder)) if not lengths.all() else dataset
        columns = "{query: 'JSON', response: 'JSON', system: 'JSON', metadata: 'JSON'}"
        rows = (
            f"read_json({sql.quoted(str(path))}, format = 'newline_delimited', ignore_errors = true, "
            f"columns = {columns})"
        )
        connection.execute(f"CREATE TABLE dataset AS {_dataset_query(rows, answer_field)}")
        at = numbers_of(connection, "SELECT line FROM dataset ORDER BY place") - 1
        kept = np.flatnonzero(lengths)
        starts = np.cumsum(lengths[kept]) - lengths[kept]
        yield Store(connection, path, kept[at] + 1, starts[at], len(kept) - len(at))


def _without_blank_lines(path: Path, folder: Path) -> Path:
    """A copy of the file: DuckDB would not count blank lines."""
    copy = folder / "rows.jsonl"
    with path.open("rb") as file, copy.open("wb") as written:
        written.writelines(line for line in file if line.strip())
    return copy


def _dataset_query(rows: str, answer_field: str) -> str:
    texts = ", ".join(f"{sql.json_text(name)} AS {name}" for name in ("query", "response", "metadata"))
    value, member, label, keys = _field_columns(answer_field)
    return f"""
        SELECT row_number() OVER () - 1 AS place, line, metadata, {sql.key("metadata ->> 'row_id'")} AS row_id,
            hash(prompt) AS prompt, hash(gold) AS gold, hash(lower(prompt)) AS small_prompt,
            hash(lower(gold)) AS small_gold, {label} AS right_label, {keys} AS right_keys
        FROM (SELECT *, {member} AS member FROM (SELECT *, {value} AS object FROM (
            SELECT line, TRY_CAST(metadata AS JSON) AS metadata, {sql.plain("query")} AS prompt,
                {sql.plain("coalesce(response, '')")} AS gold, {sql.answer("coalesce(response, '')")} AS answer
            FROM (SELECT {texts}, row_number() OVER () AS line FROM {rows})
            WHERE query <> '')))
        WHERE prompt <> ''"""


def _field_columns(answer_field: str) -> tuple[str, str, str, str]:
    """JSON object of an answer, the field in it, that as a label, and the object's keys."""
    if not answer_field:
        return "NULL::JSON", "NULL::VARCHAR", "NULL::VARCHAR", "NULL::VARCHAR"
    member = sql.member("object", answer_field)
    if answer_field != answer_field.lower():
        member = f"coalesce({member}, {sql.member('object', answer_field.lower())})"
    return sql.json_object("answer"), member, sql.label("member"), sql.keys("object")


class Tables(NamedTuple):
    """The container's tables of one model: names as the job gave them and files, what columns they have, and the names
    of the metrics of their first row."""

    names: list[str]
    paths: list[Path]
    kinds: Mapping[str, str]
    metrics: tuple[str, ...]

    @property
    def source(self) -> str:
        """All rows, as SQL."""
        listed = ", ".join(sql.quoted(str(path)) for path in self.paths)
        at = f"list_position([{listed}], filename)::BIGINT * {FILE} + file_row_number"
        options = "filename = true, file_row_number = true, union_by_name = true"
        return f"(SELECT *, {at} AS spot FROM read_parquet([{listed}], {options}))"

    def place(self, number: int) -> str:
        """File and row of a row's number, for people."""
        return f"{self.names[number // FILE - 1].rpartition('/')[2]}, row {number % FILE + 1}"


def open_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Path], problems: list[str]) -> Tables:
    """The tables that are readable; ``problems`` gets the others."""
    listed = dict(sorted(tables.items()))
    for name in list(listed):
        try:
            pa_parquet.ParquetFile(listed[name]).close()
        except (pa.ArrowException, OSError) as error:
            problems.append(f"{name.rpartition('/')[2]} is no Parquet file: {error}")
            del listed[name]
    if not listed:
        return Tables([], [], {}, ())
    opened = Tables(list(listed), list(listed.values()), {}, ())
    kinds = {name: str(kind) for name, kind, *_ in connection.execute(f"DESCRIBE {opened.source}").fetchall()}
    return opened._replace(kinds=kinds, metrics=_first_metrics(opened.paths))


def _first_metrics(paths: Sequence[Path]) -> tuple[str, ...]:
    """The names of the metrics of the first row that has any."""
    for path in paths:
        for batch in pa_parquet.ParquetFile(path).iter_batches(100, columns=["metrics"]):
            for cell in batch.column(0).to_pylist():
                with contextlib.suppress(ValueError):
                    value = python_value(cell)
                    if isinstance(value, dict) and value:
                        return tuple(map(str, value))
    return ()


def load_details(
    store: Store, side: Side, tables: Tables, answer_field: str, problems: list[str], *, named: bool
) -> list[str]:
    """The rows of the tables as a table named by the side, and the names of their metrics. What no expression can read
    is read cell by cell. ``named``: a row_id alone says which record a row belongs to."""
    connection = store.connection
    connection.execute(f"CREATE TABLE {side} AS {_details_query(tables, answer_field, named=named)}")
    odd = numbers_of(connection, f"SELECT spot FROM {side} WHERE odd ORDER BY spot")
    names = [metric_name(name) for name in tables.metrics]
    if len(odd):
        rows = raw_rows(tables, odd, problems)
        for name in dict.fromkeys(metric_name(own) for _, row in rows for own in row.metrics):
            if name not in names:
                connection.execute(f"ALTER TABLE {side} ADD COLUMN {sql.named(name)} DOUBLE")
                names.append(name)
        connection.execute(f"DELETE FROM {side} WHERE odd")
        connection.register("odd_rows", _as_table(rows, names, answer_field))
        connection.execute(
            f"INSERT INTO {side} BY NAME SELECT * EXCLUDE (row_id, example, whole_gold, predictions), "
            f"{sql.key('row_id')} AS row_id, {_keys('example', 'whole_gold', 'predictions', named)}, false AS odd "
            "FROM odd_rows"
        )
        connection.unregister("odd_rows")
    return names


def metric_name(name: str) -> str:
    return NAMES.get(name, name)


def numbers_of(connection: duckdb.DuckDBPyConnection, query: str) -> NDArray[np.int64]:
    """The one column of an answer, whole numbers."""
    (values,) = connection.execute(query).fetchnumpy().values()
    return np.asarray(values).astype(np.int64)


def _keys(example: str, gold: str, answer: str, named: bool) -> str:
    """Two numbers of 64 bits stand for prompt and reference: that two of a million pairs share both does not happen.
    Where a row_id stands for them, they are not needed."""
    prompt, gold = sql.plain(example), sql.plain(gold)
    keys = {"prompt": prompt, "small_prompt": f"lower({prompt})", "small_gold": f"lower({gold})"}
    needed = "row_id IS NULL" if named else "true"
    texts = [f"CASE WHEN {needed} THEN hash({text}) END AS {name}" for name, text in keys.items()]
    return ", ".join([*texts, f"hash({gold}) AS gold", f"hash({answer}) AS answer", f"length({answer}) AS length"])


def _details_query(tables: Tables, answer_field: str, *, named: bool) -> str:
    def text(name: str) -> str:
        return sql.first_text(name, tables.kinds[name]) if name in tables.kinds else "''"

    kinds, names = tables.kinds, tables.metrics
    metadata = sql.metadata_text("specifics", kinds["specifics"]) if "specifics" in kinds else "''"
    numbers = sql.numbers("metrics", kinds["metrics"], names) if names else "NULL"
    missing = "".join(f" OR numbers.{sql.named(name)} IS NULL" for name in names)
    value, member, label, keys = _field_columns(answer_field)
    disputed = sql.undecided("answer", "object") if answer_field else "false"
    columns = sql.struct_fields("numbers", names, {name: metric_name(name) for name in names})
    return f"""
        SELECT spot, row_id, {_keys("example", "whole_gold", "predictions", named)}, {label} AS label, {keys} AS keys,
            (example IS NULL OR whole_gold IS NULL OR predictions IS NULL OR metadata IS NULL OR numbers IS NULL
                {missing} OR {disputed}) AS odd{f", {columns}" if columns else ""}
        FROM (SELECT *, {member} AS member FROM (
            SELECT *, {value} AS object, {sql.key("TRY(metadata ->> 'row_id')")} AS row_id FROM (
                SELECT *, {sql.answer("predictions")} AS answer FROM (
                    SELECT spot, {text("example")} AS example, {text("gold")} AS whole_gold,
                        {text("predictions")} AS predictions, {metadata} AS metadata, {numbers} AS numbers
                    FROM {tables.source}))))"""


def raw_rows(tables: Tables, numbers: NDArray[np.int64], problems: list[str]) -> list[tuple[int, DetailRow]]:
    """Some rows by their numbers, ascending, read cell by cell."""
    rows = []
    for file, path in enumerate(tables.paths, 1):
        own, start = numbers[numbers // FILE == file] % FILE, 0
        with pa_parquet.ParquetFile(path, pre_buffer=False) as parquet:
            columns = [name for name in COLUMNS if name in parquet.schema_arrow.names]
            for batch in parquet.iter_batches(BATCH, columns=columns):
                inside = own[(own >= start) & (own < start + len(batch))]
                for at, cells in zip(inside.tolist(), batch.take(pa.array(inside - start)).to_pylist(), strict=True):
                    number = file * FILE + at
                    rows.append((number, detail_row(tables.place(number), cells, logprobs_of(columns), problems)))
                start += len(batch)
    return rows


def _as_table(rows: Sequence[tuple[int, DetailRow]], names: Sequence[str], answer_field: str) -> pa.Table:
    """Rows that were read cell by cell, as columns."""
    objects = [json_object(row.prediction) if answer_field else None for _, row in rows]
    scores = [{metric_name(name): number for name, number in row.metrics.items()} for _, row in rows]
    texts = pa.string()
    columns = {
        "spot": pa.array([at for at, _ in rows], pa.int64()),
        "row_id": pa.array([row.row_id for _, row in rows], texts),
        "example": pa.array([row.example for _, row in rows], texts),
        "whole_gold": pa.array([row.gold for _, row in rows], texts),
        "predictions": pa.array([row.prediction for _, row in rows], texts),
        "label": pa.array(
            [label_of(own, answer_field) or label_of(own, answer_field.lower()) for own in objects], texts
        ),
        "keys": pa.array([None if own is None else chr(31).join(sorted(own)) for own in objects], texts),
    }
    return pa.table(columns | {name: pa.array([own.get(name) for own in scores], pa.float64()) for name in names})
