"""A finished analysis of this kind, with the charts and the parts of the page that only it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from model_evaluation.runtime.analysis import Analysis

from .charts import drawings
from .page_parts import page_sections


@dataclass(frozen=True)
class NovaAnalysis(Analysis):
    def drawings(self) -> Mapping[str, Callable[[], Any]]:
        return drawings(self)

    def sections(self) -> Sequence[tuple[str, str, Any]]:
        return page_sections(self)
