"""What every kind's reading of its results ends in: the summary, and the table of records beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from .report.words import ReportWords


@dataclass(frozen=True)
class Analysis:
    """A finished analysis. ``summary`` is ``summary.json``, ``words`` are what its kind says in reports, and
    ``make_table`` makes the table beside it, one line per record."""

    summary: dict[str, Any]
    words: ReportWords
    make_table: Callable[[], pa.Table]

    @functools.cached_property
    def table(self) -> pa.Table:
        """``per_example.parquet``. Made when it is first asked for: the texts of a large evaluation take much room."""
        return self.make_table()

    @functools.cached_property
    def per_example(self) -> pd.DataFrame:
        """The same for pandas."""
        return self.table.to_pandas()
