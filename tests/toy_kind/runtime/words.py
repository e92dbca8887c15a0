"""What reports about toys say beside their numbers."""

from __future__ import annotations

from collections.abc import Mapping

from model_evaluation.runtime.report.words import ReportWords

TOYS = {"tuned": "toy-2", "base": "toy-1"}


def report_words(summary: Mapping[str, object]) -> ReportWords:
    """The same for every summary."""
    return ReportWords(conditions=(("Toys", " and ".join(TOYS.values())),))
