"""Tables that people keep rows in: CSV, TSV, Parquet, Excel. One row at a time, as objects of the columns' names."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice

from model_evaluation.errors import EvaluationError, Refused
from model_evaluation.packages import missing_package
from model_evaluation.runtime.settings import Json

from .foreign import role_of
from .formats import safe_name
from .lines import LONGEST_LINE, line_blocks, whole_document

TABLES = frozenset({"csv", "parquet", "excel"})
_DELIMITERS = ((",", "commas"), ("\t", "tabs"), (";", "semicolons"))
_CONVERSATIONS = frozenset(["messages", "conversations", "conversation"])
_LONGEST_NAME = 64
_BATCH_ROWS = 1000


def csv_columns(first: str, second: str | None) -> tuple[list[str], str, str] | None:
    """The columns, the delimiter and its name, when a file with these first lines looks like CSV; else ``None``."""
    for delimiter, name in _DELIMITERS:
        columns = [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter))]
        if len(columns) < 2 or not all(0 < len(cell) <= _LONGEST_NAME for cell in columns):
            continue
        if second is None or delimiter in second or '"' in second:
            return columns, delimiter, name
    return None


def is_separator(line: str) -> bool:
    """Whether it is the line by which Excel is told a delimiter, before the header."""
    return line.strip().lower() in ("sep=,", "sep=;", "sep=\t", "sep=")


def csv_rows(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The rows of a CSV file with a header. Cells are texts, empty ones are left out, as are empty rows."""
    csv.field_size_limit(LONGEST_LINE)
    lines = _text_lines(chunks)
    header = next((line for line in lines if line.strip() and not is_separator(line)), "").strip("\r\n")
    second = next((line for line in lines if line.strip()), None)
    layout = csv_columns(header, second)
    if layout is None and role_of(header.strip(' "')):
        layout = [header.strip(' "')], ",", ""
    if layout is None:
        raise Refused("The file has no header that names columns.", fix="Write the columns' names in its first line.")
    columns, delimiter, _ = layout
    _refuse_repeated(columns)
    reader = csv.reader(chain(filter(None, [second]), lines), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells[len(columns) :]):
                raise _damaged(
                    f"The row at line {reader.line_num + 1:,} has {len(cells)} cells; the header names "
                    f"{len(columns)} columns.",
                    "Put texts that hold the delimiter into quotes.",
                )
            yield from _filled(columns, cells)
    except csv.Error as error:
        raise _damaged(
            f"The table is damaged near line {reader.line_num + 1:,}: {error}.",
            "Write it anew, with every text that holds a quote or a line end in quotes.",
        ) from error


def parquet_rows(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The rows of a Parquet file."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise missing_package("pyarrow") from error
    try:
        file = parquet.ParquetFile(io.BytesIO(whole_document(chunks)))
        _refuse_repeated(list(file.schema_arrow.names))
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            yield from batch.to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise _damaged(f"The Parquet file cannot be read: {str(error)[:200]}", "Write it again.") from error


def excel_rows(chunks: Iterable[bytes]) -> Iterator[Json]:
    """The rows of the one sheet of an Excel workbook that holds any; its first row names the columns."""
    import zipfile  # which the start of every check would pay for

    try:
        import openpyxl
    except ImportError as error:
        missing = missing_package("openpyxl")
        missing.fix += " - or save the sheet as CSV (UTF-8)."
        raise missing from error
    tables = {}
    try:
        book = openpyxl.load_workbook(io.BytesIO(whole_document(chunks)), read_only=True, data_only=True)
        for sheet in book.worksheets:
            rows = sheet.iter_rows(values_only=True)
            if header := next((row for row in rows if any(cell is not None for cell in row)), None):
                tables[sheet.title] = (header, rows)
    except (ValueError, KeyError, OSError, zipfile.BadZipFile) as error:  # cut off, or an archive of something else
        message = f"The file is not an Excel workbook that can be read: {str(error)[:200]}"
        raise _damaged(message, "Save the sheet as CSV (UTF-8).") from error
    if len(tables) != 1:
        names = ", ".join(f"`{safe_name(title)}`" for title in tables)
        raise Refused(
            f"{len(tables)} sheets hold something{f': {names}' if names else ''}; one is expected.",
            fix="Save the sheet that is meant as CSV (UTF-8), or in a workbook of its own.",
            code="not_convertible",
        )
    ((header, rows),) = tables.values()
    columns = ["" if cell is None else str(cell).strip() for cell in header]
    _refuse_repeated([name for name in columns if name])
    for row in rows:
        yield from _filled(columns, ["" if cell is None else cell for cell in row])


READERS = {"csv": csv_rows, "parquet": parquet_rows, "excel": excel_rows}


def table_lines(chunks: Iterable[bytes], kind: str) -> Iterator[bytes]:
    """The rows of a table (one of ``TABLES``) as lines of JSON."""
    for row in READERS[kind](chunks):
        yield json.dumps(_plain(row), ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def table_start(chunks: Iterable[bytes], kind: str) -> list[Json]:
    """The first 20 rows of a table; none when it cannot be read here."""
    try:
        return list(islice(READERS[kind](chunks), 20))
    except EvaluationError:
        return []


def _filled(columns: list[str], cells: Sequence[object]) -> Iterator[Json]:
    filled = {name: cell for name, cell in zip(columns, cells, strict=False) if name and str(cell).strip()}
    for name in _CONVERSATIONS & filled.keys():
        with suppress(ValueError, RecursionError):  # a cell may hold the messages' JSON text
            messages = json.loads(str(filled[name]))
            filled[name] = messages if isinstance(messages, list) else filled[name]
    if filled:
        yield filled


def _plain(value: object) -> object:
    """The value as JSON has it: no number that is none, times and decimal numbers as text, bytes only as a count."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return f"({len(value):,} bytes)"
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if value is None or isinstance(value, str | bool | int | float) else str(value)


def _text_lines(chunks: Iterable[bytes]) -> Iterator[str]:
    newline = None
    for block in line_blocks(chunks):
        for line in block.lines():
            try:
                text = line.decode("utf-8").removeprefix("\ufeff")
                if newline is None:  # in a file of old programs \r alone ends lines
                    newline = "" if "\r" in text.strip() else "\n"
                yield from io.StringIO(text, newline)
            except UnicodeDecodeError as error:
                byte = f"byte 0x{line[error.start]:02x}"
                message = f"The table is not UTF-8 text ({byte}); it may be Latin-1 or Windows-1252."
                raise _damaged(message, "Save it as CSV UTF-8.") from error


def _damaged(message: str, fix: str) -> Refused:
    return Refused(message, fix=fix, code="file_damaged")


def _refuse_repeated(columns: list[str]) -> None:
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise Refused(
            f"Two columns have the name `{safe_name(repeated[0])}`.", fix="Rename one of them.", code="duplicate_key"
        )
