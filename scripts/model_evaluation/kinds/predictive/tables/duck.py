"""A table of rows in DuckDB, its columns by their place: ``c0``, ``c1`` ... whatever hostile names they have."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.runtime.reading.table_files import (
    COMMA_NUMBER,
    UNNAMED,
    TableError,
    TableFormat,
    libsvm_columns,
    libsvm_rows,
)
from model_evaluation.packages import missing_package

from .source import Source, local_copies, scratch_folder

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from numpy.typing import NDArray

    from model_evaluation.lookups.session import Aws

MEMORY = "1GB"
Cell = Any
"""A cell of an answer; the query tells of what type it is."""


class Table:
    """Rows in DuckDB: the view ``rows`` holds one text column per column of the file, the missing ones as NULL."""

    def __init__(self, connection: DuckDBPyConnection, names: Sequence[str], other_names: Sequence[str] = ()) -> None:
        self._connection = connection
        self.names = tuple(names)
        self.other_names = tuple(other_names)

    @property
    def places(self) -> str:
        """All columns of ``rows``, for a query."""
        return ", ".join(f"c{number}" for number in range(len(self.names)))

    def place(self, name: str) -> str:
        """The column's name in ``rows``. Raises ``ValueError`` for one that is not there."""
        return f"c{self.names.index(name)}"

    def other_place(self, name: str) -> str:
        """The same for ``others``."""
        return f"c{self.other_names.index(name)}"

    def query(self, sql: str) -> list[tuple[Cell, ...]]:
        """The rows of an answer. Raises Refused where the file is not as its beginning promised."""
        return self._run(sql).fetchall()

    def one(self, sql: str) -> Cell:
        """The only cell of the only row of an answer."""
        ((cell,),) = self.query(sql)
        return cell

    def count(self, condition: str = "true", source: str = "rows") -> int:
        """How many rows there are that meet a condition."""
        return int(self.one(f"SELECT count(*) FROM {source} WHERE {condition}"))  # noqa: S608 - our own text

    def counts(self, place: str, source: str = "rows") -> dict[str, int]:
        """How often each value stands in a column of ``rows`` or ``others``."""
        sql = f"SELECT {place}, count(*) FROM {source} WHERE {place} IS NOT NULL GROUP BY 1"  # noqa: S608
        return dict(self.query(sql))

    def arrays(self, sql: str) -> dict[str, NDArray[Cell]]:
        """The columns of an answer as numpy arrays."""
        return self._run(sql).fetchnumpy()

    def _run(self, sql: str) -> DuckDBPyConnection:
        import duckdb

        try:
            return self._connection.execute(sql)
        except duckdb.Error as error:
            raise _unreadable(error) from error


def _unreadable(error: Exception) -> Refused:
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return Refused(
            f"The rows take more than the {MEMORY} of memory that they are looked at with.",
            fix="Give fewer rows, or leave out columns that the model does not need.",
            code="dataset_unusable",
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # What follows is the query, of which nobody knows, and advice on writing one.
    told = re.split(" LINE 1: | Try ", " ".join(lines[:3]))[0][:400]
    fix = "Mend that line: every row needs as many cells as the first, with text that holds separators in quotes."
    if "JSON" in told:
        fix = "Mend that line: each line is one whole JSON object."
    if isinstance(error, UnicodeDecodeError):
        fix = "Save the table as UTF-8, and of several files see that each is one."
    return Refused(f"The rows cannot be read: {told}", fix=fix, code="dataset_unusable")


@contextmanager
def open_table(
    aws: Aws | None, source: Source, more: Source | None = None, more_aws: Aws | None = None, *, once: bool = False
) -> Iterator[Table]:
    """The table, for as long as it is looked at; ``more`` is another one, as the view ``others``. Rows that are looked
    at ``once`` or twice are read from their file each time, and kept nowhere.

    Raises Refused for rows that cannot be read, MissingDependency without DuckDB.
    """
    try:
        import duckdb
    except ImportError as error:
        raise missing_package("duckdb") from error
    with ExitStack() as stack:
        folder = stack.enter_context(scratch_folder("duckdb"))
        limits: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "temp_directory": folder,
            "autoinstall_known_extensions": "false",
        }
        connection = stack.enter_context(duckdb.connect(":memory:", config=limits))
        connection.execute("SET enable_progress_bar = false")  # it goes to stdout, which belongs to the envelope

        def created(view: str, aws: Aws | None, source: Source) -> list[str]:
            paths = stack.enter_context(local_copies(aws, source))
            try:
                names, cells, read = _reading(connection, paths, source.format, os.path.join(folder, view.split()[1]))
                connection.execute(f"CREATE {view} AS SELECT {', '.join(cells)} FROM {read}")  # noqa: S608
            except (duckdb.Error, UnicodeDecodeError) as error:
                raise _unreadable(error) from error
            except TableError as error:
                fix = "Give one table: a file, or parts with the same columns; `answer dataset` takes another."
                raise Refused(str(error), fix=fix, code="dataset_unusable") from error
            return names

        names = created(f"{'VIEW' if once else 'TABLE'} rows", aws, source)
        yield Table(connection, names, created("TABLE others", more_aws, more) if more is not None else ())


def _reading(
    connection: DuckDBPyConnection, paths: Sequence[str], form: TableFormat, scratch: str
) -> tuple[list[str], list[str], str]:
    """The columns' names, SQL for each as a text, and SQL that reads them."""
    if form.type == "libsvm":
        paths, form = [_as_csv(paths, scratch)], TableFormat("csv")
    listed = f"[{', '.join(map(_quoted, paths))}]"
    if form.type == "csv":
        names = _csv_names(paths, form)
        places = [f"c{number}" for number in range(len(names))]
        types = ", ".join(f"'{place}': 'VARCHAR'" for place in places)
        read = (
            f"read_csv({listed}, delim={_quoted(form.delimiter)}, header={str(form.header).lower()}, "
            f"columns={{{types}}}, auto_detect=false, quote='\"', escape='\"', nullstr='', strict_mode=true)"
        )
        return names, places if form.decimal == "." else [_pointed(place) for place in places], read
    read = f"read_parquet({listed}, union_by_name=true)"
    if form.type == "jsonl":
        read = f"read_json({listed}, format='newline_delimited', sample_size=-1, union_by_name=true)"
    described = connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()  # noqa: S608
    names = [row[0] for row in described]
    if form.type == "jsonl" and any(row[1] == "DOUBLE" for row in described):  # ids of many digits would become equal
        types = ", ".join(
            f"{_quoted(name)}: {_quoted('VARCHAR' if kind == 'DOUBLE' else kind)}" for name, kind, *_ in described
        )
        read = f"read_json({listed}, format='newline_delimited', columns={{{types}}})"
    places = [f"c{number}" for number in range(len(names))]
    cells = [f"nullif(CAST({place} AS VARCHAR), '') AS {place}" for place in places]
    return names, cells, f"(SELECT * FROM {read}) AS t({', '.join(places)})"  # noqa: S608


def _csv_names(paths: Sequence[str], form: TableFormat) -> list[str]:
    """The names in the first row, the same in every part; numbers where it holds none."""
    rows = []
    for path in paths:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows.append(next(csv.reader(file, delimiter=form.delimiter), []))
    first = rows[0]
    if any(len(row) != len(first) or (form.header and row != first) for row in rows):
        raise TableError("The parts of the table do not have the same columns in the same order.")
    if not form.header:
        return [str(number) for number in range(len(first))]
    if twice := next((name for name in first if first.count(name) > 1), None):
        raise TableError(f"The column {twice!r} stands twice in the header.")
    return [first[0] or UNNAMED, *first[1:]]


def _pointed(place: str) -> str:
    """A column whose numbers have decimal commas, with points."""
    number = f"replace(replace({place}, '.', ''), ',', '.')"
    has_comma = f"regexp_full_match({place}, {_quoted(COMMA_NUMBER.pattern)})"
    return f"CASE WHEN {has_comma} THEN {number} ELSE {place} END AS {place}"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_csv(paths: Sequence[str], target: str) -> str:
    """libsvm rows as one CSV file with a header."""
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows += libsvm_rows(os.path.basename(path), file)
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, libsvm_columns(rows), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return target
