"""Files of rows: their format, told from their beginning, and reading them as texts. Never a guess about a value:
what stands in a cell is what is read, so an id 007 stays 007 and a class None is not a missing value."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from model_evaluation.kinds.predictive.runtime.tables import JsonObject
from model_evaluation.runtime.s3_uri import S3Uri

if TYPE_CHECKING:
    import pandas as pd

    from model_evaluation.runtime.session import AwsClients

FileType = Literal["csv", "parquet", "jsonl", "libsvm"]
START_BYTES = 262_144
DELIMITERS = ",;\t|"
LIBSVM = re.compile(rb"[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[ \t]+(?:qid:\d+[ \t]+)?\d+:\S+)+[ \t]*")
NUMBER = re.compile(r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\s*|\s*(?:nan|[-+]?inf(?:inity)?)\s*", re.IGNORECASE)
COMMA_NUMBER = re.compile(r"\s*[-+]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+(?:[eE][-+]?\d+)?\s*")
UNNAMED = "Unnamed: 0"  # pandas' name of a first column without one, such as an index
BESIDE = ("_SUCCESS", ".crc", ".manifest", ".out")  # ends of names that lie beside parts of a table and are none


class TableError(ValueError):
    """A file that is not a table of rows; the message says what it is and what is expected."""


@dataclass(frozen=True)
class TableFormat:
    """How rows are written. ``delimiter``, ``header`` (the first row holds names) and ``decimal`` (the mark
    before a number's fraction: a point, or a comma, which are read as points) are of CSV files."""

    type: FileType
    delimiter: str = ","
    header: bool = True
    decimal: str = "."

    @classmethod
    def of(cls, value: object) -> TableFormat:
        """From the dictionary that a notebook's parameter holds. Raises :class:`TableError`."""
        try:
            made = cls(**dict(value))  # type: ignore[call-overload]
        except (TypeError, ValueError) as error:
            raise TableError(f"{value!r} is not a format, such as {{'type': 'csv'}} ({error}).") from error
        if made.type not in ("csv", "parquet", "jsonl", "libsvm"):
            raise TableError(f"The format's type is {made.type!r}; expected csv, parquet, jsonl or libsvm.")
        return made

    def as_json(self) -> JsonObject:
        """What :meth:`of` reads."""
        if self.type != "csv":
            return {"type": self.type}
        decimal = {} if self.decimal == "." else {"decimal": self.decimal}
        return {"type": self.type, "delimiter": self.delimiter, "header": self.header, **decimal}

    def __str__(self) -> str:
        if self.type != "csv":
            return {"parquet": "Parquet", "jsonl": "JSON Lines"}.get(self.type, self.type)
        separators = {",": "", ";": ", separated by semicolons", "\t": ", separated by tabs", "|": ", separated by |"}
        decimal = "" if self.decimal == "." else ", with decimal commas"
        return f"CSV {'with' if self.header else 'without'} a header{separators.get(self.delimiter, '')}{decimal}"


def detect_format(name: str, start: bytes, *, whole: bool) -> TableFormat:
    """The format of a file that begins with ``start`` (all of it, if ``whole``). Raises :class:`TableError`."""
    if not start.strip():
        raise TableError(f"{name} is empty.")
    if start.startswith(b"PAR1"):
        return TableFormat("parquet")
    for magic, what in ((b"\x1f\x8b", "gzip"), (b"PK\x03\x04", "a zip archive or a spreadsheet"), (b"BZh", "bzip2")):
        if start.startswith(magic):
            raise TableError(f"{name} is {what}; expected CSV, Parquet, JSON Lines or libsvm, not compressed.")
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise TableError(f"{name} is UTF-16 text; save it as UTF-8.")
    if name.endswith(".parquet"):
        raise TableError(f"{name} is not Parquet, although it is named so.")
    if b"\x00" in start[:4096]:
        raise TableError(f"{name} is binary and not Parquet; expected CSV, Parquet, JSON Lines or libsvm.")
    lines = start.removeprefix(b"\xef\xbb\xbf").splitlines()
    if not whole and len(lines) > 1:
        lines = lines[:-1]  # cut in the middle
    lines = [line for line in lines if line.strip()]
    if lines[0].lstrip().startswith(b"["):
        try:
            array = json.loads(lines[0]) or [{}]
        except ValueError:
            array = [{}]
        if any(isinstance(item, dict) for item in array):  # a list of scores may be a cell
            raise TableError(f"{name} is one JSON array; expected one JSON object per line.")
    if lines[0].lstrip().startswith(b"{"):
        return TableFormat("jsonl")
    if all(LIBSVM.fullmatch(line) for line in lines[:20]):
        return TableFormat("libsvm")
    try:
        text = b"\n".join(lines[:200]).decode()
    except UnicodeDecodeError as error:
        raise TableError(f"{name} is not UTF-8 (byte 0x{error.object[error.start]:02x}); save it as UTF-8.") from error
    return _csv_format(text)


def _csv_format(text: str) -> TableFormat:
    widths = {mark: [len(row) for row in csv.reader(io.StringIO(text), delimiter=mark)] for mark in DELIMITERS}
    # The separator that cuts the first row into most cells and the others into as many.
    delimiter = max(DELIMITERS, key=lambda mark: (widths[mark].count(widths[mark][0]) * (widths[mark][0] > 1),
                                                  widths[mark][0]))  # fmt: skip
    rows = [row for row in csv.reader(io.StringIO(text), delimiter=delimiter) if row]
    header = _has_header(rows)
    return TableFormat("csv", delimiter, header, "," if _has_decimal_commas(rows[header:]) else ".")


def _has_decimal_commas(rows: Sequence[Sequence[str]]) -> bool:
    """Whether some column holds numbers whose fraction stands behind a comma, and nothing else."""
    for column in zip(*rows, strict=False):
        cells = [cell for cell in column if cell.strip()]
        commas = [bool(COMMA_NUMBER.fullmatch(cell)) for cell in cells]
        if any(commas) and all(comma or NUMBER.fullmatch(cell) for comma, cell in zip(commas, cells, strict=True)):
            return True
    return False


def _has_header(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row holds names: no number, and none that is found again below itself. The first of several
    may be empty: pandas and R write an index so. Numbers are names where they are those of classes."""
    first, others = rows[0], rows[1:]
    if _are_classes(first, others):
        return True
    names = first[1:] if len(first) > 1 and not first[0].strip() else first
    if any(NUMBER.fullmatch(cell) or COMMA_NUMBER.fullmatch(cell) or not cell.strip() for cell in names):
        return False
    return not any(cell == row[place] for row in others for place, cell in enumerate(first) if place < len(row))


def _are_classes(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether the first row names an id and classes 0, 1, ... (or 1, 2, ..., or -1, 1) above scores with fractions."""
    try:
        numbers = sorted(float(cell) for cell in first[1:])
        scores = [float(cell) for row in others for cell in row[1:] if cell.strip()]
    except ValueError:
        return False
    count = len(numbers)
    named = numbers in ([*range(count)], [*range(1, count + 1)], [-1, 1])
    return count > 1 and named and not NUMBER.fullmatch(first[0]) and any(score % 1 for score in scores)


def s3_objects(aws: AwsClients, uri: str) -> list[tuple[str, int, str]]:
    """Key, size and ETag of every object whose URI begins so, in the keys' order."""
    bucket, key = S3Uri.parse(uri)
    pages = aws.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key)
    listed = [item for page in pages for item in page.get("Contents", [])]
    return [(item["Key"], int(item["Size"]), item["ETag"].strip('"')) for item in listed]


def s3_keys(aws: AwsClients, uri: str) -> list[tuple[str, int, str]]:
    """The same of the object of that URI alone, or of every part of the table below it."""
    objects, key = s3_objects(aws, uri), S3Uri.parse(uri).key
    exact = [item for item in objects if item[0] == key]
    prefix = key if key.endswith("/") or not key else f"{key}/"
    return exact or [item for item in objects if item[0].startswith(prefix) and is_part(item[0], item[1])]


def is_part(name: str, size: int) -> bool:
    """Whether an object below a table's prefix is one of its parts, and not a mark that lies beside them."""
    base = name.rsplit("/", 1)[-1]
    return size > 0 and bool(base) and not base.startswith((".", "_")) and not base.endswith(BESIDE)


def local_parts(path: str) -> list[str]:
    """The file of that path, or the files in the folder, by name."""
    if not os.path.isdir(path):
        return [path]
    entries = sorted(entry.path for entry in os.scandir(path) if entry.is_file())
    return [name for name in entries if is_part(name.replace(os.sep, "/"), os.path.getsize(name))]


def local_etag(parts: Iterable[str]) -> str:
    """What tells whether local files are still the same: a digest of each one's bytes."""
    digests = []
    for part in parts:
        with open(part, "rb") as file:
            digests.append(hashlib.file_digest(file, "sha256").hexdigest())
    return ",".join(digests)


def read_table(uri: str, form: TableFormat, aws: AwsClients | None = None) -> pd.DataFrame:
    """Every row of a table, all parts after one another; all cells are texts, the empty text where there is none.

    ``uri`` is an S3 URI or a path here. Columns of a CSV file without a header, and of libsvm, are named 0, 1, ... as
    texts. Raises :class:`TableError` for what is not as the format says.
    """
    import pandas as pd

    if form.type == "libsvm":  # each part has the columns that its rows need
        rows = [row for name, body in _bodies(uri, aws) for row in libsvm_rows(name, body.decode().splitlines())]
        return pd.DataFrame(rows, columns=libsvm_columns(rows), dtype=object).fillna("")
    frames = [_frame(name, body, form) for name, body in _bodies(uri, aws)]
    if not frames:
        raise TableError(f"There is no file with rows at {uri}.")
    first = list(frames[0])
    for frame in frames[1:]:
        if form.type == "csv" and set(frame) != set(first):
            raise TableError(f"The parts of {uri} have different columns: {first[:8]} and {list(frame)[:8]}.")
    return pd.concat(frames, ignore_index=True).fillna("")


def _bodies(uri: str, aws: AwsClients | None) -> Iterator[tuple[str, bytes]]:
    if not uri.startswith("s3://"):
        for path in local_parts(os.path.expanduser(uri)):
            try:
                yield path, Path(path).read_bytes()
            except OSError as error:
                raise TableError(f"{path} cannot be read: {error.strerror}.") from error
        return
    assert aws is not None
    bucket = S3Uri.parse(uri).bucket
    for key, size, _ in s3_keys(aws, uri):
        if size:
            yield f"s3://{bucket}/{key}", aws.s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _frame(name: str, body: bytes, form: TableFormat) -> pd.DataFrame:
    import pandas as pd

    if form.type == "parquet":
        import pyarrow.parquet

        table = pyarrow.parquet.read_table(io.BytesIO(body))
        columns = {column: [_text(cell) for cell in table.column(column).to_pylist()] for column in table.column_names}
        return pd.DataFrame(columns, dtype=object)
    if form.type == "jsonl":
        return pd.DataFrame(_objects(name, body), dtype=object)
    try:
        frame = pd.read_csv(
            io.BytesIO(body),
            sep=form.delimiter,
            header=0 if form.header else None,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except (ValueError, pd.errors.ParserError) as error:  # a row with too many cells, a byte that is not UTF-8
        raise TableError(f"{name} cannot be read as {form}: {error}".strip()) from error
    frame.columns = [str(column) for column in frame.columns]
    return frame.apply(_with_points) if form.decimal == "," else frame


def _with_points(column: pd.Series) -> pd.Series:
    """Numbers with a decimal comma as numbers with a point; other texts as they are."""
    commas = column.str.fullmatch(COMMA_NUMBER.pattern)
    pointed = column.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    return column.mask(commas, pointed)


def _text(value: object) -> str:
    """A value of a typed file as the text that a CSV file would hold."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return json.dumps(value)
    return repr(value) if isinstance(value, float) else str(value)


def _objects(name: str, body: bytes) -> list[dict[str, str]]:
    rows = []
    for number, line in enumerate(body.decode("utf-8-sig").splitlines(), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError as error:
            raise TableError(f"Line {number} of {name} is not JSON: {error}") from error
        if not isinstance(value, dict):
            raise TableError(f"Line {number} of {name} holds a {type(value).__name__}, expected an object.")
        rows.append({str(key): _text(cell) for key, cell in value.items()})
    return rows


def libsvm_rows(name: str, lines: Iterable[str]) -> list[dict[str, str]]:
    """Rows by column: ``0`` is the label, further ones are named by their index. What is not written is missing."""
    rows: list[dict[str, str]] = []
    for number, words in enumerate(map(str.split, lines), 1):
        if not words:
            continue
        row = {"0": words[0]}
        for index, colon, value in (word.partition(":") for word in words[1:]):
            if colon and index.isdigit():
                row[f"f{index}"] = value
            elif index != "qid":
                word = f"{index}{colon}{value}"
                raise TableError(f"Line {number} of {name} is not a libsvm row: {word!r} is not INDEX:VALUE.")
        rows.append(row)
    return rows


def libsvm_columns(rows: Iterable[Mapping[str, str]]) -> list[str]:
    """The columns of these rows in their order."""
    return sorted({name for row in rows for name in row}, key=lambda name: (name != "0", int(name.removeprefix("f"))))
