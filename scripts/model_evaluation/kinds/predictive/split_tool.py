"""`dataset split` of a table: train, validation and test, reproducibly, with a manifest; nothing is overwritten."""

from __future__ import annotations

import csv
import json
import os
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from hashlib import file_digest
from pathlib import Path

from model_evaluation.errors import Refused, UsageError
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.kind import SplitTool
from model_evaluation.lookups.session import Aws

from .tables.duck import Table, open_table
from .tables.profile import profile_table
from .tables.source import find_table, is_local
from .tables.suggest import suggest_columns

PARTS = ("train", "validation", "test")
SCHEMA_VERSION = 1
MOST_CLASSES = 50  # of a column whose values are counted in the manifest


@dataclass(frozen=True)
class SplitRule:
    """How rows are told apart. ``by`` is hash (of a key: a row keeps its part when others are added), stratify (equal
    shares of every class), or time (the earliest rows first). ``column`` is the key's, the class's or the time's; empty
    for a hash of the whole row."""

    by: str
    column: str = ""
    shares: tuple[float, ...] = (0.6, 0.2, 0.2)
    seed: int = 0


@dataclass(frozen=True)
class Part:
    """One file that was written; ``classes`` are counts of the label where there is one."""

    file: str
    rows: int
    sha256: str
    classes: dict[str, int] = field(default_factory=dict)


def parse_shares(text: str) -> tuple[float, ...]:
    """``60,20,20`` or ``0.8,0,0.2`` as shares of 1. Raises UsageError."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3 or min(numbers) < 0 or sum(numbers) <= 0 or numbers[0] == 0 or numbers[2] == 0:
        raise UsageError(
            f"--shares is {text!r}; three numbers are expected, of train, validation and test, such as 60,20,20.",
            fix="For no validation set: --shares 80,0,20",
        )
    return tuple(number / sum(numbers) for number in numbers)


class TableSplit(SplitTool):
    """`dataset split` for tables of rows."""

    def run(self, uri: str, folder: str, *, by: str, column: str, shares: str, seed: int) -> JsonObject:
        return split_table(uri, SplitRule(by, column, parse_shares(shares), seed), folder)


def split_table(uri: str, rule: SplitRule, folder: str) -> JsonObject:
    """Writes STEM-train.csv, STEM-validation.csv, STEM-test.csv and STEM-split.json into ``folder``; the manifest.

    Raises Refused where a file is there already, a column is not, or a part would be empty.
    """
    aws = None if is_local(uri) else Aws()
    source = find_table(aws, uri)
    stem = os.path.splitext(os.path.basename(source.uri.rstrip("/")))[0] or "rows"
    names = [name for name, share in zip(PARTS, rule.shares, strict=True) if share]
    targets = {name: Path(folder) / f"{stem}-{name}.csv" for name in names}
    manifest_path = Path(folder) / f"{stem}-split.json"
    taken = next((path for path in (*targets.values(), manifest_path) if path.exists()), None)
    if taken is not None:
        raise Refused(f"{taken} is there already; nothing was written.", fix="Name another --output.", code="exists")
    with open_table(aws, source) as table, tempfile.TemporaryDirectory(prefix="split-") as scratch:
        suggestion = suggest_columns(profile_table(table))
        rule = _settled(rule, table, suggestion.columns.id)
        table.query(f"CREATE TABLE placed AS {_placed(rule, table)}")
        counts = table.counts("part", "placed")
        empty = [name for name in names if not counts.get(name)]
        if empty:
            raise Refused(
                f"No row would be in {', '.join(empty)}: there are too few rows, or too few different values of "
                f"{rule.column or 'the rows'}.",
                fix="Give other --shares, or another column.",
                code="empty_part",
            )
        label = suggestion.columns.label
        written = [_write(table, name, Path(scratch) / targets[name].name, label) for name in names]
        manifest = {
            "schema_version": SCHEMA_VERSION,
            "operation": "split",
            "source": {"uri": source.uri, "etag": source.etag, "format": source.format.as_json()},
            "rule": asdict(rule),
            "parts": {name: asdict(part) for name, part in zip(names, written, strict=True)},
        }
        os.makedirs(folder, exist_ok=True)
        for part in written:  # the folder may be on another disk; a file that appeared meanwhile stays
            with (Path(scratch) / part.file).open("rb") as source_file, (Path(folder) / part.file).open("xb") as file:
                shutil.copyfileobj(source_file, file)
        manifest_path.write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return {"manifest": str(manifest_path), "files": {name: str(path) for name, path in targets.items()}, **manifest}


def _settled(rule: SplitRule, table: Table, key: str) -> SplitRule:
    """The rule with its column: the rows' key for a hash, if they have one."""
    column = rule.column or (key if rule.by == "hash" else "")
    if column and column not in table.names:
        raise Refused(
            f"There is no column {column!r}; there are {', '.join(table.names[:20])[:300]}.",
            fix="Name a column of the file.",
            code="no_such_column",
        )
    if rule.by == "time":
        place = table.place(column)
        wrong = table.count(f"{_moment(place)} IS NULL")
        if wrong:
            raise Refused(
                f"{column!r} is no time and no number in {wrong:,} rows.", fix="Name another column.", code="no_time"
            )
    return SplitRule(rule.by, column, rule.shares, rule.seed)


def _moment(place: str) -> str:
    return f"coalesce(epoch(try_cast({place} AS TIMESTAMP)), try_cast({place} AS DOUBLE))"


def _placed(rule: SplitRule, table: Table) -> str:
    """SQL for every row with its number ``n`` and its ``part``."""
    places = table.places
    column = table.place(rule.column) if rule.column else ""
    whole = f"concat_ws('|', {places})"

    def uniform(text: str) -> str:
        digest = f"md5_number_lower(concat('{rule.seed}|', {text}))"
        return f"{digest} / 18446744073709551616.0"

    if rule.by == "time":
        where = f"(rank() OVER (ORDER BY {_moment(column)}) - 1) / (count(*) OVER ())::DOUBLE"
    elif rule.by == "stratify":
        order = f"ORDER BY {uniform(f'concat(n, {whole})')}"
        where = f"(row_number() OVER (PARTITION BY {column} {order}) - 0.5) / count(*) OVER (PARTITION BY {column})"
    else:
        where = uniform(f"trim({column})" if column else whole)
    first, second = rule.shares[0], rule.shares[0] + rule.shares[1]
    part = f"CASE WHEN u < {first!r} THEN 'train' WHEN u < {second!r} THEN 'validation' ELSE 'test' END"
    numbered = f"SELECT {places}, row_number() OVER () AS n FROM rows"  # noqa: S608
    return f"SELECT *, {part} AS part FROM (SELECT *, {where} AS u FROM ({numbered}))"  # noqa: S608


def _write(table: Table, name: str, path: Path, label: str) -> Part:
    """A part's rows in the source's order, under the source's own names."""
    body = path.with_suffix(".body")
    quoted = str(body).replace("'", "''")
    rows = f"SELECT {table.places} FROM placed WHERE part = '{name}' ORDER BY n"  # noqa: S608
    table.query(f"COPY ({rows}) TO '{quoted}' (FORMAT csv, HEADER false)")
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(table.names)
    with path.open("ab") as file, body.open("rb") as content:
        shutil.copyfileobj(content, file)
    count = table.count(f"part = '{name}'", "placed")
    classes: dict[str, int] = {}
    if label:
        place = table.place(label)
        counted = table.query(
            f"SELECT {place}, count(*) FROM placed WHERE part = '{name}' AND {place} IS NOT NULL GROUP BY 1 "  # noqa: S608
            f"ORDER BY 2 DESC, 1 LIMIT {MOST_CLASSES + 1}"
        )
        classes = {str(value): int(n) for value, n in counted} if len(counted) <= MOST_CLASSES else {}
    with path.open("rb") as file:
        return Part(path.name, int(count), file_digest(file, "sha256").hexdigest(), classes)


TOOL = TableSplit()
