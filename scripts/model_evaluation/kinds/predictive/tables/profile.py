"""What a table holds: rows, and for each column its type, what is missing, how many values it has."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal, NamedTuple

from model_evaluation.json_types import Facts, JsonObject

from .duck import Cell, Table

ColumnType = Literal["number", "text", "time", "empty"]
FEW_VALUES = 30  # of a column whose values are counted one by one
MOST_COLUMNS = 2_000
AT_ONCE = 60  # counts in one reading of the rows: each takes memory
FIRST_ROWS = 100
KEYS_AT_ONCE = 2  # columns whose every value may be kept in memory together
KEPT_COLUMNS = 120  # columns that the state file keeps; more than that nobody reads


@dataclass(frozen=True)
class Column:
    """One column over all rows. ``distinct`` is exact where there are few values and where about every row has its own,
    else within a few per cent; ``values`` are counts by value where there are few; ``odd`` are cells that hold NaN or
    an infinite number. ``whole`` says of numbers that none has a fraction, ``words`` of texts that one at least has a
    space."""

    name: str
    type: ColumnType
    missing: int
    distinct: int
    low: str = ""
    high: str = ""
    odd: int = 0
    whole: bool = False
    words: bool = False
    values: dict[str, int] = field(default_factory=dict)

    @property
    def constant(self) -> bool:
        return self.distinct <= 1


@dataclass(frozen=True)
class TableProfile:
    """A whole table. ``duplicates`` are rows beyond the first of those that are equal in every cell."""

    rows: int
    duplicates: int
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def as_facts(self) -> JsonObject:
        return {"rows": self.rows, "duplicates": self.duplicates, "width": len(self.columns),
                "columns": [asdict(column) for column in self.columns[:KEPT_COLUMNS]]}  # fmt: skip

    @classmethod
    def of(cls, facts: Facts) -> TableProfile:
        return cls(facts["rows"], facts["duplicates"], tuple(Column(**column) for column in facts["columns"]))


def profile_table(table: Table) -> TableProfile:
    """Reads every row, twice: what holds for every column, then what that leaves open for some (of a wide table, again
    for every few columns)."""
    places = range(len(table.names))
    cells = table.places
    values = ", ".join(f"try_cast(c{number} AS DOUBLE) AS v{number}" for number in places)
    parts = [
        f"count(c{n}), approx_count_distinct(c{n}), count(v{n}), min(v{n}), max(v{n}), bool_or(v{n} <> floor(v{n}))"
        for n in places
    ]
    (row,) = table.query(
        f"SELECT count(*), {', '.join(parts)} FROM (SELECT {cells}, {values} FROM rows)"  # noqa: S608 - places, no names
    )
    rows = int(row[0])
    looks = [_FirstLook(*row[1 + 6 * number : 7 + 6 * number]) for number in places]
    columns = tuple(_columns(table, rows, looks))
    different = rows
    if not any(
        column.distinct == rows and not column.missing for column in columns if column.type == "text" or column.whole
    ):
        different = table.one(f"SELECT count(DISTINCT hash({cells})) FROM rows")  # noqa: S608
    return TableProfile(rows, rows - int(different), columns)


class _FirstLook(NamedTuple):
    """Of one column: cells that are there, about how many different ones, those that are numbers, the ends of these
    (NaN is above all numbers), and whether one has a fraction."""

    there: int
    distinct: int
    numbers: int
    low: float | None
    high: float | None
    fractions: bool | None

    @property
    def is_number(self) -> bool:
        return self.there > 0 and self.numbers == self.there

    @property
    def is_odd(self) -> bool:
        return not all(math.isfinite(end) for end in (self.low, self.high) if end is not None)


def _columns(table: Table, rows: int, looks: Sequence[_FirstLook]) -> Iterator[Column]:
    queries: list[tuple[str, int, str]] = []
    times = _perhaps_times(table, [number for number, own in enumerate(looks) if own.there and not own.is_number])
    for number, own in enumerate(looks):
        cell = f"c{number}"
        if 0 < own.distinct <= 2 * FEW_VALUES:
            queries.append(("values", number, f"histogram({cell})"))
        if own.there and not own.is_number:
            queries.append(("words", number, f"bool_or(contains({cell}, ' '))"))
        if number in times:
            moment = f"try_cast({cell} AS TIMESTAMP)"
            queries += [
                (name, number, f"{call}({moment})")
                for name, call in (("times", "count"), ("first", "min"), ("last", "max"))
            ]
        if own.is_number and own.is_odd:
            value = f"try_cast({cell} AS DOUBLE)"
            finite = f"FILTER (isfinite({value}))"
            queries.append(("odd", number, f"count(*) FILTER (NOT isfinite({value}))"))
            queries += [(name, number, f"{name}({value}) {finite}") for name in ("min", "max")]
    keys = [
        number
        for number, own in enumerate(looks)
        if own.distinct > 2 * FEW_VALUES and own.distinct >= 0.8 * own.there and not (own.is_number and own.fractions)
    ]
    if few := len(keys) <= KEYS_AT_ONCE:
        queries += [("distinct", number, f"count(DISTINCT c{number})") for number in keys]
    answers: dict[tuple[str, int], Cell] = {}
    for start in range(0, len(queries), AT_ONCE):
        some = queries[start : start + AT_ONCE]
        (row,) = table.query(f"SELECT {', '.join(sql for _, _, sql in some)} FROM rows")  # noqa: S608
        answers |= {(name, number): value for (name, number, _), value in zip(some, row, strict=True)}
    for number in () if few else keys:
        # One at a time: each takes as much memory as it has values, and a wide table has many such columns.
        answers["distinct", number] = table.one(f"SELECT count(DISTINCT c{number}) FROM rows")  # noqa: S608
    for number, own in enumerate(looks):
        yield _column(table.names[number], rows, own, {name: v for (name, n), v in answers.items() if n == number})


def _perhaps_times(table: Table, texts: Sequence[int]) -> set[int]:
    """Those columns whose first cells are all moments: to try it on every cell of the others takes long."""
    if not texts:
        return set()
    tried = ", ".join(f"count(c{n}) = count(try_cast(c{n} AS TIMESTAMP))" for n in texts)
    (row,) = table.query(f"SELECT {tried} FROM (SELECT * FROM rows LIMIT {FIRST_ROWS})")  # noqa: S608
    return {number for number, may_be in zip(texts, row, strict=True) if may_be}


def _column(name: str, rows: int, own: _FirstLook, more: Mapping[str, Cell]) -> Column:
    missing = rows - own.there
    if not own.there:
        return Column(name, "empty", missing, 0)
    kind: ColumnType = "number" if own.is_number else "text"
    low, high = more.get("min", own.low), more.get("max", own.high)
    ends = (f"{low:.12g}", f"{high:.12g}") if kind == "number" and low is not None and high is not None else ("", "")
    if kind == "text" and more.get("times") == own.there:
        kind, ends = "time", (str(more["first"]), str(more["last"]))
    counted: dict[str, int] = more.get("values") or {}
    distinct = len(counted) if counted else int(more.get("distinct", own.distinct))
    values = dict(sorted(counted.items(), key=lambda item: (-item[1], item[0]))) if distinct <= FEW_VALUES else {}
    whole = kind == "number" and not own.fractions
    short = {str(value)[:80]: int(n) for value, n in values.items()}
    odd, words = int(more.get("odd", 0)), bool(more.get("words", False))
    return Column(name, kind, missing, distinct, *ends, odd=odd, whole=whole, words=words, values=short)
