"""The dataset's rows and the container's tables in columns, read by DuckDB: keys in place of texts, numbers, labels."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.parquet as pa_parquet

from model_evaluation.kinds.nova.runtime.output.details import COLUMNS, DetailRow, detail_row, logprobs_of, python_value
from model_evaluation.kinds.nova.runtime.scores.answers import NAMES, json_object, label_of
from model_evaluation.runtime.results.slices import CATEGORY_VALUES, CLUSTER_FIELDS, Places

from . import expressions as sql

if TYPE_CHECKING:
    import duckdb

MEMORY = "350MB"
BUFFER = 1 << 20  # bytes that DuckDB reads at a time, or the longest line
ANSWER = "hash(predictions) AS answer, length(predictions) AS length"
LOOKED_AT = 5_000  # rows, of which a field has too many values for a slice or has not
NO_SCALAR = r"^\s*([\[{]|$)"
NUMBERS = "numbers."  # before the names of metrics


class Store(NamedTuple):
    """An open database, and the dataset's ``rows`` in columns: keys of row_id, of prompt and reference (also in small
    letters), and the right label; ``fields`` are metadata fields, a text or null per row. ``lines`` are their line
    numbers, ``starts`` where these begin in ``path``, in bytes; ``unusable`` is how many other lines there are, blank
    ones left out."""

    connection: duckdb.DuckDBPyConnection
    path: Path
    rows: pa.Table
    fields: dict[str, pa.DictionaryArray]
    lines: Places
    starts: Places
    unusable: int


@contextmanager
def open_store(dataset: Path, answer_field: str) -> Iterator[Store]:
    """The dataset. Lines that are not rows for the container stay out, as they do everywhere."""
    import duckdb

    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="model-evaluation-rows-"))
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY, "temp_directory": folder, "autoinstall_known_extensions": "false",
        }  # fmt: skip
        connection = stack.enter_context(duckdb.connect(":memory:", config=config))
        connection.execute("SET enable_progress_bar = false")
        with dataset.open("rb") as file:
            lengths = np.fromiter((0 if line.isspace() else len(line) for line in file), np.int64)
        path = _without_blank_lines(dataset, Path(folder)) if not lengths.all() else dataset
        columns = "{query: 'JSON', response: 'JSON', metadata: 'VARCHAR'}"
        lines = (
            f"read_json({sql.quoted(str(path))}, format = 'newline_delimited', ignore_errors = true, "
            f"columns = {columns}, maximum_object_size = {max(BUFFER, lengths.max(initial=0) + 1)})"
        )
        connection.execute(f"CREATE TABLE dataset AS {_dataset_query(lines, answer_field)}")
        rows: pa.Table = connection.sql("SELECT * EXCLUDE (metadata) FROM dataset").to_arrow_table()
        fields = _read_fields(connection)
        connection.execute("DROP TABLE dataset")
        at = np.flatnonzero(rows["usable"])
        kept = np.flatnonzero(lengths)
        starts = np.cumsum(lengths[kept]) - lengths[kept]
        usable = rows if len(at) == len(rows) else rows.filter(rows["usable"])
        yield Store(connection, path, usable, fields, kept[at] + 1, starts[at], len(kept) - len(at))


def _without_blank_lines(path: Path, folder: Path) -> Path:
    """A copy of the file: DuckDB would not count blank lines."""
    copy = folder / "rows.jsonl"
    with path.open("rb") as file, copy.open("wb") as written:
        written.writelines(line for line in file if line.strip())
    return copy


def _dataset_query(lines: str, answer_field: str) -> str:
    """One row per line, in their order."""
    value, member, label, keys = _field_columns(answer_field)
    answer = sql.answer("coalesce(response, '')") if answer_field else "''"
    return f"""
        SELECT coalesce(prompt <> '', false) AS usable, metadata, {sql.key("metadata ->> 'row_id'")} AS row_id,
            {_keys("prompt", "gold")}, {label} AS right_label, {keys} AS right_keys
        FROM (SELECT *, {member} AS member FROM (SELECT *, {value} AS object FROM (
            SELECT TRY_CAST(metadata AS JSON) AS metadata, {sql.plain("query")} AS prompt,
                {sql.plain("coalesce(response, '')")} AS gold, {answer} AS answer
            FROM (SELECT {sql.json_text("query")} AS query, {sql.json_text("response")} AS response, metadata
                FROM {lines}))))"""


def _read_fields(connection: duckdb.DuckDBPyConnection) -> dict[str, pa.DictionaryArray]:
    """Metadata fields by name, a text or null per record: those with so few values that they may be slices or
    clusters."""
    keys = "SELECT DISTINCT json_keys(metadata) AS keys FROM dataset WHERE usable"
    names = sorted(str(key) for (key,) in connection.execute(f"SELECT DISTINCT unnest(keys) FROM ({keys})").fetchall())
    first = _scalars(connection, names, f"LIMIT {LOOKED_AT}")
    kept = [name for name in names if name in CLUSTER_FIELDS or len(first[name].dictionary) <= CATEGORY_VALUES]
    return _scalars(connection, kept)


def _scalars(
    connection: duckdb.DuckDBPyConnection, names: Sequence[str], further: str = ""
) -> dict[str, pa.DictionaryArray]:
    """Fields of the metadata by name, without lists, objects and what is blank."""
    if not names:
        return {}
    table: pa.Table = connection.sql(f"{sql.members('metadata', names)} {further}").to_arrow_table()
    fields = {}
    for name in names:
        field = table[name].combine_chunks().dictionary_encode()
        none = pa_compute.match_substring_regex(field.dictionary, NO_SCALAR)
        if pa_compute.any(none).as_py():
            field = pa_compute.if_else(none, None, field.dictionary).take(field.indices).dictionary_encode()
        fields[name] = field
    return fields


def _keys(prompt: str, gold: str) -> str:
    keys = {"gold": gold}
    if prompt:
        keys |= {"prompt": prompt, "small_prompt": f"lower({prompt})", "small_gold": f"lower({gold})"}
    return ", ".join(f"hash({text}) AS {name}" for name, text in keys.items())


def _field_columns(answer_field: str) -> tuple[str, str, str, str]:
    """JSON object of an answer, the field in it, that as a label, and the object's keys."""
    if not answer_field:
        return "NULL::JSON", "NULL::VARCHAR", "NULL::VARCHAR", "NULL::VARCHAR"
    member = sql.member("object", answer_field)
    if answer_field != answer_field.lower():
        member = f"coalesce({member}, {sql.member('object', answer_field.lower())})"
    return sql.json_object("answer"), member, sql.label("member"), sql.keys("object")


class Tables(NamedTuple):
    """The container's tables of one model: names as the job gave them and files, how many rows are before each file's
    and in all, what columns they have, and the names of the metrics of their first row."""

    names: list[str]
    paths: list[Path]
    starts: list[int]
    kinds: Mapping[str, str]
    metrics: tuple[str, ...]

    @property
    def source(self) -> str:
        """All rows in the order of the files, as SQL; ``spot`` is a row's place among all."""
        listed = f"[{', '.join(sql.quoted(str(path)) for path in self.paths)}]"
        options = "filename = true, file_row_number = true, union_by_name = true"
        spot = f"{self.starts}[list_position({listed}, filename)] + file_row_number"
        return f"(SELECT *, {spot} AS spot FROM read_parquet({listed}, {options}))"

    def place(self, spot: int) -> str:
        """File and row, for people."""
        file = int(np.searchsorted(self.starts, spot, side="right")) - 1
        return f"{self.names[file].rpartition('/')[2]}, row {spot - self.starts[file] + 1}"


def open_tables(connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Path], problems: list[str]) -> Tables:
    """The tables that are readable; ``problems`` gets the others."""
    listed = dict(sorted(tables.items()))
    starts = [0]
    for name in list(listed):
        try:
            with pa_parquet.ParquetFile(listed[name]) as file:
                starts.append(starts[-1] + file.metadata.num_rows)
        except (pa.ArrowException, OSError) as error:
            problems.append(f"{name.rpartition('/')[2]} is not a Parquet file: {error}")
            del listed[name]
    opened = Tables(list(listed), list(listed.values()), starts, {}, ())
    if not listed:
        return opened
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


def read_details(store: Store, tables: Tables, answer_field: str, problems: list[str], *, named: bool) -> pa.Table:
    """The rows of the tables in columns: keys as :class:`Store` has them and of answers, how long these are, labels,
    and the metrics. What no expression can read is read cell by cell. ``named``: a row_id says which record a row
    belongs to, so that nobody needs the prompts of rows that have one."""
    run = store.connection.sql
    found: pa.Table = run(_details_query(tables, answer_field, prompts=not named)).to_arrow_table()
    if named and not np.asarray(found["row_id"]).all():
        found = run(_details_query(tables, answer_field, prompts=True)).to_arrow_table()
    found = found.flatten()
    odd = np.asarray(found["odd"])
    for name in metric_columns(found).values():
        odd = odd | np.asarray(found[name].is_null())
    found, spots = found.drop_columns("odd"), np.flatnonzero(odd)
    if not len(spots):
        return found
    store.connection.register("odd_rows", _as_table(raw_rows(store, tables, spots, problems), answer_field))
    read: pa.Table = run(
        f"SELECT * EXCLUDE (example, whole_gold, predictions) REPLACE ({sql.key('row_id')} AS row_id), "
        f"{_keys(sql.plain('example'), sql.plain('whole_gold'))}, {ANSWER} FROM odd_rows"
    ).to_arrow_table()
    store.connection.unregister("odd_rows")
    whole = pa.concat_tables([found.filter(pa.array(~odd)), read], promote_options="default")
    return whole.take(np.argsort(np.r_[np.flatnonzero(~odd), spots]))


def metric_columns(details: pa.Table) -> dict[str, str]:
    """The columns with numbers by the metric's name."""
    names = [name for name in details.column_names if name.startswith(NUMBERS)]
    return {NAMES.get(own := name.removeprefix(NUMBERS), own): name for name in names}


def _details_query(tables: Tables, answer_field: str, *, prompts: bool) -> str:
    kinds, names = tables.kinds, tables.metrics
    texts = [name for name in ("example", "gold", "predictions") if name in kinds and (prompts or name != "example")]

    def text(name: str) -> str:
        return sql.first_text(name, kinds[name]) if name in texts else "''"

    parts = [sql.parts(name) for name in (*texts, "specifics") if kinds.get(name) == "VARCHAR"]
    metadata = sql.metadata_text("specifics", kinds["specifics"]) if "specifics" in kinds else "''"
    numbers = sql.numbers("metrics", kinds["metrics"], names) if names else "NULL"
    value, member, label, keys = _field_columns(answer_field)
    answer = sql.answer("predictions") if answer_field else "''"
    disputed = sql.undecided("answer", "object") if answer_field else "false"
    gold = sql.plain("whole_gold")
    return f"""
        SELECT {sql.key("TRY(metadata ->> 'row_id')")} AS row_id, {_keys("prompt" if prompts else "", "gold")},
            {ANSWER}, {label} AS label, {keys} AS keys, numbers,
            (example IS NULL OR whole_gold IS NULL OR predictions IS NULL OR metadata IS NULL OR numbers IS NULL
                OR {disputed}) AS odd
        FROM (SELECT *, {member} AS member FROM (SELECT *, {value} AS object FROM (
            SELECT *, {sql.plain("example")} AS prompt, {gold} AS gold, {answer} AS answer FROM (
                SELECT {text("example")} AS example, {text("gold")} AS whole_gold, {text("predictions")} AS predictions,
                    {metadata} AS metadata, {numbers} AS numbers
                FROM (SELECT {", ".join(["*", *parts])} FROM {tables.source})))))"""


def raw_rows(store: Store, tables: Tables, spots: Places, problems: list[str]) -> list[DetailRow]:
    """Some rows by their places, ascending, read cell by cell."""
    columns = [name for name in COLUMNS if name in tables.kinds]
    store.connection.register("wanted", pa.table({"spot": spots}))
    query = f"SELECT {', '.join(columns)}, spot FROM {tables.source} SEMI JOIN wanted USING (spot) ORDER BY spot"
    rows = []
    for batch in store.connection.sql(query).to_arrow_table().to_batches():
        for cells in batch.to_pylist():
            logprobs = logprobs_of([name for name in columns if cells[name] is not None])
            rows.append(detail_row(tables.place(cells["spot"]), cells, logprobs, problems))
    store.connection.unregister("wanted")
    return rows


def _as_table(rows: Sequence[DetailRow], answer_field: str) -> pa.Table:
    """Rows that were read cell by cell, as columns."""
    objects = [json_object(row.prediction) if answer_field else None for row in rows]
    texts = pa.string()
    columns = {
        "row_id": pa.array([row.row_id for row in rows], texts),
        "example": pa.array([row.example for row in rows], texts),
        "whole_gold": pa.array([row.gold for row in rows], texts),
        "predictions": pa.array([row.prediction for row in rows], texts),
        "label": pa.array(
            [label_of(own, answer_field) or label_of(own, answer_field.lower()) for own in objects], texts
        ),
        "keys": pa.array([None if own is None else chr(31).join(sorted(own)) for own in objects], texts),
    }
    names = dict.fromkeys(name for row in rows for name in row.metrics)
    numbers = {NUMBERS + name: pa.array([row.metrics.get(name) for row in rows], pa.float64()) for name in names}
    return pa.table(columns | numbers)
