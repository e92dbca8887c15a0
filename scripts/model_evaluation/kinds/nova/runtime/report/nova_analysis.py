"""A finished analysis of this kind, with the charts and the parts of the page that only it has."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.report.charts.drawing import Chart

from .charts import drawings
from .page_parts import confidence_marks, page_sections


@dataclass(frozen=True)
class NovaAnalysis(Analysis):
    """Of many rows the table has all, and only those whose texts were read are shown. Without rows there are no
    charts."""

    @functools.cached_property
    def per_example(self) -> pd.DataFrame:
        read = self.table["prompt"]
        shown = self.table.filter(read.is_valid()) if read.null_count else self.table
        return shown.to_pandas()

    def drawings(self) -> Mapping[str, Callable[[], Chart | None]]:
        return drawings(self) if self.table.num_rows else {}

    def sections(self) -> Sequence[tuple[str, str, Markup]]:
        return page_sections(self)

    def marks(self) -> Mapping[str, pd.Series]:
        return confidence_marks(self)
