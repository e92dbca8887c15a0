"""What every kind's reading of its results ends in: the summary, and the table of records beside it."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa

if TYPE_CHECKING:
    from .report.per_example import Examples
    from .statistics.pairing import Pairs


@dataclass(frozen=True)
class Analysis:
    """A finished analysis. ``summary`` is ``summary.json``, ``examples`` the table beside it."""

    summary: dict[str, Any]
    pairs: Pairs
    examples: Examples

    @functools.cached_property
    def per_example(self) -> pd.DataFrame:
        """One line per record. Made when it is first asked for: the texts of a large evaluation take much room."""
        return pa.concat_tables(self.examples.pieces()).to_pandas()

    @functools.cached_property
    def scores(self) -> pd.DataFrame:
        """Of ``per_example`` only the scores and their differences."""
        return self.examples.scores(np.arange(len(self.pairs))).to_pandas()

    def rows(self, places: Sequence[int]) -> pd.DataFrame:
        """Of ``per_example`` only the lines at these places."""
        return self.examples.rows(np.array(places, np.int64)).to_pandas()
