"""What every kind's reading of its results ends in: the summary, and the table of records beside it."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from .report.words import ReportWords
from .results.summary import Summary


@dataclass(frozen=True)
class Analysis:
    """A finished analysis. ``summary`` is ``summary.json`` (:class:`.results.summary.Summary`), ``words`` are what its
    kind says in reports, ``table`` (Arrow) is the records' table beside it, one line per record."""

    summary: Summary
    words: ReportWords
    table: pa.Table

    @functools.cached_property
    def per_example(self) -> pd.DataFrame:
        """The table for pandas."""
        return self.table.to_pandas()
