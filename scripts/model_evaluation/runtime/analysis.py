"""What every kind's reading of its results ends in: the summary, and the table of records beside it."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from .report.words import ReportWords


@dataclass(frozen=True)
class Analysis:
    """A finished analysis. ``summary`` is ``summary.json`` (:class:`.results.summary.Summary`), ``words`` are what its
    kind says in reports, ``table`` (Arrow) is the records' table beside it, one line per record."""

    summary: Mapping[str, Any]
    words: ReportWords
    table: Any

    @functools.cached_property
    def per_example(self) -> pd.DataFrame:
        """The table for pandas."""
        return self.table.to_pandas()
