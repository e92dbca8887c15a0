"""What a table holds: rows, and for each column its type, what is missing, how many values it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from .duck import Table

ColumnType = Literal["number", "text", "time", "empty"]
FEW_VALUES = 30  # of a column whose values are counted one by one
MOST_COLUMNS = 2_000
KEPT_COLUMNS = 120  # columns that the state file keeps; more than that nobody reads


@dataclass(frozen=True)
class Column:
    """One column over all rows. ``distinct`` is exact up to 1,000 values and near the number of rows, else within a few
    per cent; ``values`` are counts by value where there are few; ``odd`` are cells that hold NaN or an infinite number.
    ``whole`` says of numbers that none has a fraction."""

    name: str
    type: ColumnType
    missing: int
    distinct: int
    low: str = ""
    high: str = ""
    odd: int = 0
    whole: bool = False
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

    def as_facts(self) -> dict[str, Any]:
        return {"rows": self.rows, "duplicates": self.duplicates, "width": len(self.columns),
                "columns": [asdict(column) for column in self.columns[:KEPT_COLUMNS]]}  # fmt: skip

    @classmethod
    def of(cls, facts: Any) -> TableProfile:
        return cls(facts["rows"], facts["duplicates"], tuple(Column(**column) for column in facts["columns"]))


def profile_table(table: Table) -> TableProfile:
    """Reads every row."""
    count = len(table.names)
    parts = ["count(*)"]
    for number in range(count):
        cell, value = f"c{number}", f"try_cast(c{number} AS DOUBLE)"
        parts += [
            f"count({cell})",
            f"approx_count_distinct({cell})",
            f"count({value})",
            f"count(*) FILTER (NOT isfinite({value}))",
            f"min({value}) FILTER (isfinite({value}))",
            f"max({value}) FILTER (isfinite({value}))",
            f"count(*) FILTER (isfinite({value}) AND {value} <> floor({value}))",
        ]
    (row,) = table.query(f"SELECT {', '.join(parts)} FROM rows")  # noqa: S608 - places, no names
    rows = int(row[0])
    columns = [_column(table, number, rows, row[1 + 7 * number : 8 + 7 * number]) for number in range(count)]
    hashed = ", ".join(f"c{number}" for number in range(count))
    ((duplicates,),) = table.query(
        f"SELECT coalesce(sum(n - 1), 0) FROM (SELECT count(*) AS n FROM rows GROUP BY hash({hashed})) WHERE n > 1"  # noqa: S608
    )
    return TableProfile(rows, int(duplicates), tuple(columns))


def _column(table: Table, number: int, rows: int, found: Sequence[Any]) -> Column:
    there, distinct, numbers, odd, low, high, fractions = found
    cell, name, missing = f"c{number}", table.names[number], rows - int(there)
    if not there:
        return Column(name, "empty", missing, 0)
    if distinct <= 1_000 or distinct >= 0.8 * there:
        ((distinct,),) = table.query(f"SELECT count(DISTINCT {cell}) FROM rows")  # noqa: S608
    kind: ColumnType = "number" if numbers == there else "text"
    ends = (f"{low:.12g}", f"{high:.12g}") if kind == "number" and low is not None else ("", "")
    if kind == "text":
        ((times, first, last),) = table.query(
            f"SELECT count(try_cast({cell} AS TIMESTAMP)), min(try_cast({cell} AS TIMESTAMP)), "  # noqa: S608
            f"max(try_cast({cell} AS TIMESTAMP)) FROM rows"
        )
        if times == there:
            kind, ends = "time", (str(first), str(last))
    values = {}
    if distinct <= FEW_VALUES:
        counted = table.query(
            f"SELECT {cell}, count(*) AS n FROM rows WHERE {cell} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1"  # noqa: S608
        )
        values = {str(value)[:80]: int(n) for value, n in counted}
    return Column(name, kind, missing, int(distinct), *ends, odd=int(odd), whole=kind == "number" and not fractions,
                  values=values)  # fmt: skip
