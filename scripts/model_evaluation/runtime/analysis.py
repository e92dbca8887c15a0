"""What every kind's reading of its results ends in: the summary, and the table of records beside it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
from markupsafe import Markup

from .report.words import ReportWords
from .summary import Summary

if TYPE_CHECKING:
    from .report.charts.drawing import Chart


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

    @functools.cached_property
    def charts(self) -> Mapping[str, Chart]:
        """Every chart that these results have, by name; drawn once."""
        from .report.charts import draw_charts

        return draw_charts(self)

    def drawings(self) -> Mapping[str, Callable[[], Chart | None]] | None:
        """The charts by name, each drawn when it is called, which gives ``None`` where there is nothing to draw.
        ``None`` for the shared ones of :mod:`.report.charts`, which are of scores per record."""
        return None

    def sections(self) -> Sequence[tuple[str, str, Markup]]:
        """Further parts of the page, after the charts: anchor (or empty), heading, HTML as Markup."""
        return ()

    def marks(self) -> Mapping[str, pd.Series]:
        """What rows of :attr:`per_example` can be filtered by, beside their scores: a name, and whether each row has
        it."""
        return {}

    def files(self) -> Mapping[str, str]:
        """Further files beside the summary: name and content."""
        return {}
