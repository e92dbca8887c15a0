"""A table of rows in DuckDB, its columns by their place: ``c0``, ``c1`` ... whatever hostile names they have."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.runtime.reading.table_files import (
    COMMA_NUMBER,
    TableError,
    TableFormat,
    libsvm_rows,
)
from model_evaluation.packages import missing_package

from .scratch import scratch_folder
from .source import Source, local_copies

if TYPE_CHECKING:
    from model_evaluation.lookups.session import Aws

MEMORY = "1GB"


class Table:
    """Rows in DuckDB: the view ``rows`` holds one text column per column of the file, the missing ones as NULL."""

    def __init__(self, connection: Any, names: Sequence[str], other_names: Sequence[str] = ()) -> None:
        self._connection = connection
        self.names = tuple(names)
        self.other_names = tuple(other_names)

    def place(self, name: str) -> str:
        """The column's name in ``rows``. Raises ``ValueError`` for one that is not there."""
        return f"c{self.names.index(name)}"

    def other_place(self, name: str) -> str:
        """The same for ``others``."""
        return f"c{self.other_names.index(name)}"

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of an answer. Raises Refused where the file is not as its beginning promised."""
        import duckdb

        try:
            rows: list[tuple[Any, ...]] = self._connection.execute(sql, list(values)).fetchall()
        except duckdb.Error as error:
            raise _unreadable(error) from error
        return rows

    def arrays(self, sql: str) -> dict[str, Any]:
        """The columns of an answer as numpy arrays."""
        import duckdb

        try:
            arrays: dict[str, Any] = self._connection.execute(sql).fetchnumpy()
        except duckdb.Error as error:
            raise _unreadable(error) from error
        return arrays


def _unreadable(error: Exception) -> Refused:
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return Refused(
            f"The rows take more than the {MEMORY} of memory that they are looked at with.",
            fix="Give fewer rows, or leave out columns that the model does not need.",
            code="dataset_unusable",
        )
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    told = " ".join(lines[:3]).partition(" LINE 1: ")[0][:400]  # what follows is the query, of which nobody knows
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
        form = "VIEW" if once else "TABLE"
        names = _view(connection, stack, aws, source, folder, f"{form} rows")
        others = _view(connection, stack, more_aws, more, folder, "TABLE others") if more is not None else ()
        yield Table(connection, names, others)


def _view(connection: Any, stack: ExitStack, aws: Aws | None, source: Source, folder: str, view: str) -> list[str]:
    import duckdb

    paths = stack.enter_context(local_copies(aws, source))
    form = source.format
    try:
        if form.type == "libsvm":
            paths, form = (
                [_as_csv(paths, os.path.join(folder, f"{view.split()[1]}.csv"))],
                TableFormat("csv", ",", True),
            )
        if form.type == "csv":
            names = _csv_names(paths, form)
            cells = "*" if form.decimal == "." else ", ".join(_pointed(f"c{number}") for number in range(len(names)))
            connection.execute(f"CREATE {view} AS SELECT {cells} FROM {_read_csv(paths, form, len(names))}")  # noqa: S608
            if source.format.type == "csv" and not form.header:
                names = [str(number) for number in range(len(names))]
        else:
            read = _read_typed(paths, form)
            names = [row[0] for row in connection.execute(f"DESCRIBE SELECT * FROM {read}").fetchall()]  # noqa: S608
            columns = ", ".join(f"c{number}" for number in range(len(names)))
            texts = ", ".join(f"nullif(CAST(c{number} AS VARCHAR), '') AS c{number}" for number in range(len(names)))
            connection.execute(f"CREATE {view} AS SELECT {texts} FROM (SELECT * FROM {read}) AS t({columns})")  # noqa: S608
    except (duckdb.Error, UnicodeDecodeError) as error:
        raise _unreadable(error) from error
    except TableError as error:
        raise Refused(str(error), fix="Mend that line.", code="dataset_unusable") from error
    return names


def _csv_names(paths: Sequence[str], form: TableFormat) -> list[str]:
    """The names in the first row, the same in every part; numbers where it holds none."""
    first: list[str] | None = None
    for path in paths:
        with open(path, encoding="utf-8-sig", newline="") as file:
            row = next(csv.reader(file, delimiter=form.delimiter), [])
        if first is None:
            first = row
        elif len(row) != len(first) or (form.header and row != first):
            raise TableError("The parts of the table do not have the same columns in the same order.")
    assert first is not None
    if form.header and len(set(first)) < len(first):
        twice = next(name for name in first if first.count(name) > 1)
        raise TableError(f"The column {twice!r} stands twice in the header.")
    return first


def _pointed(place: str) -> str:
    """A column whose numbers have decimal commas, with points."""
    number = f"replace(replace({place}, '.', ''), ',', '.')"
    has_comma = f"regexp_full_match({place}, {_quoted(COMMA_NUMBER.pattern)})"
    return f"CASE WHEN {has_comma} THEN {number} ELSE {place} END AS {place}"


def _read_csv(paths: Sequence[str], form: TableFormat, columns: int) -> str:
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(columns))
    return (
        f"read_csv({_list(paths)}, delim={_quoted(form.delimiter)}, header={str(form.header).lower()}, "
        f"columns={{{types}}}, auto_detect=false, quote='\"', escape='\"', nullstr='', strict_mode=true)"
    )


def _read_typed(paths: Sequence[str], form: TableFormat) -> str:
    if form.type == "parquet":
        return f"read_parquet({_list(paths)}, union_by_name=true)"
    return f"read_json({_list(paths)}, format='newline_delimited', sample_size=-1, union_by_name=true)"


def _list(paths: Sequence[str]) -> str:
    return f"[{', '.join(_quoted(path) for path in paths)}]"


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _as_csv(paths: Sequence[str], target: str) -> str:
    """libsvm rows as one CSV file with a header."""
    rows = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            rows += libsvm_rows(os.path.basename(path), file)
    with open(target, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in rows for name in row}, key=_libsvm_order), restval="")
        writer.writeheader()
        writer.writerows(rows)
    return target


def _libsvm_order(name: str) -> tuple[bool, int]:
    return name != "0", int(name.removeprefix("f"))
