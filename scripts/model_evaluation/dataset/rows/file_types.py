"""Files that are not JSON Lines at all, recognised by their first bytes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import chain

from .foreign import role_of
from .formats import Fault, safe_name
from .tables import csv_columns, is_separator

HEAD_BYTES = 1 << 16
_MAGIC = (
    (b"\x1f\x8b", "gzip", ""),
    (b"PK\x03\x04", "zip", ""),
    (b"PK\x05\x06", "zip", "empty archive"),
    (b"PAR1", "parquet", ""),
    (b"BZh", "compressed", "bzip2"),
    (b"\xfd7zXZ\x00", "compressed", "xz"),
    (b"\x28\xb5\x2f\xfd", "compressed", "zstandard"),
    (b"\xff\xfe", "utf16", "byte-order mark FF FE"),
    (b"\xfe\xff", "utf16", "byte-order mark FE FF"),
    (b"\x00\x00\xfe\xff", "utf16", "UTF-32"),
    (b"\x89PNG", "binary", "PNG image"),
    (b"%PDF", "binary", "PDF"),
    (b"\x93NUMPY", "binary", "NumPy array"),
    (b"ARROW1", "binary", "Arrow file"),
    (b"SQLite format 3", "binary", "SQLite database"),
    (b"\xd0\xcf\x11\xe0", "binary", "an Excel or Word file of before 2007: save it as .xlsx or CSV"),
)


def split_head(chunks: Iterable[bytes]) -> tuple[bytes, bool, Iterator[bytes]]:
    """The first bytes, whether they are the whole file, and the stream as if nothing had been taken."""
    rest = iter(chunks)
    taken: list[bytes] = []
    size = 0
    for chunk in rest:
        taken.append(chunk)
        size += len(chunk)
        if size >= HEAD_BYTES:
            return b"".join(taken), False, chain(taken, rest)
    return b"".join(taken), True, iter(taken)


def whole_file_fault(head: bytes, is_all: bool) -> Fault | None:
    """What kind of file this is when it is not JSON Lines; ``None`` when its rows should be read."""
    for magic, kind, detail in _MAGIC:
        if head.startswith(magic):
            return Fault("excel") if kind == "zip" and b"xl/" in head else Fault(kind, detail)
    if b"\x00" in head[:4096]:
        if 0.2 < head[:4096].count(0) / len(head[:4096]) < 0.8:
            return Fault("utf16", "without byte-order mark")
        if not head.lstrip().startswith(b"{"):  # else a row that holds one, which is reported as such
            return Fault("binary")
    text = head.decode("utf-8-sig", "replace")
    if not text.strip():
        # A longer file of nothing but white space is read on; its rows are counted as they come.
        return Fault("empty_file") if is_all else None
    lines = [line for line in text.split("\n") if line.strip()]  # a text may hold other line ends
    lines = lines[1:] if is_separator(lines[0]) and len(lines) > 1 else lines
    first, second = lines[0].strip(), lines[1] if len(lines) > 1 else None
    if first.startswith("["):
        return _array_fault(first, second, is_all)
    if first.startswith("{"):
        broken_off = first[-1] in "{[,:" and second is not None
        whole = _is_json(first) or _is_json(first.rstrip(","))
        return Fault("json_over_lines") if broken_off and not whole else None
    return None if _is_json(first) else _csv_fault(first, second)


def _array_fault(first: str, second: str | None, is_all: bool) -> Fault | None:
    try:
        value = json.loads(first)
    except (ValueError, RecursionError):
        return Fault("json_array")
    if second is None and is_all and (not value or isinstance(value[0], dict)):
        return Fault("json_array")
    return None  # rows that are lists: each is reported as such


def _csv_fault(first: str, second: str | None) -> Fault | None:
    if "\r" in first:  # which alone ends lines in files of old programs
        first, second = first.split("\r")[:2]
    if "{" in first or '":' in first:
        return None  # a broken row rather than a header
    layout = csv_columns(first, second)
    if layout is None:
        return Fault("csv", f"one column, `{safe_name(first)}`") if second and role_of(first.strip('"')) else None
    columns, _, name = layout
    shown = ", ".join(f"`{safe_name(column)}`" for column in columns[:4])
    return Fault("csv", f"columns {shown}, separated by {name}")


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    except RecursionError:
        return True
    return True
