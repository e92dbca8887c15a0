"""What reports of a predictive model say beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model_evaluation.runtime.report.plain_text import paragraphs
from model_evaluation.runtime.report.words import ReportWords
from model_evaluation.runtime.summary import Summary, scope_of

from .thresholds import threshold_words

CANDIDATE, CHAMPION, CONSTANT = "candidate", "champion", "constant baseline"
METHOD = """
{models} predicted every row of a held-out test set. Predictions are put to rows by their id, never by their position. A
row without a prediction is left out of every number and counted.{threshold}
"""
LIMITS = """
The numbers hold for rows like those of the test set. They say nothing of other times, places or customers, and nothing
of what acting on the predictions changes.

The test set must not have been used to train the model or to choose it: the numbers would be too good, and no
statistics can see that.
"""
WITH_THRESHOLD = " A row counts as positive from a score of {} on."


def model_labels(summary_conditions: Mapping[str, Any]) -> dict[str, str]:
    """What the models are called."""
    return {"tuned": CANDIDATE, "base": CONSTANT if summary_conditions.get("reference") == "constant" else CHAMPION}


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    conditions = summary["conditions"]
    both = scope_of(summary) == "compare"
    labels = model_labels(conditions)
    threshold = threshold_words(conditions.get("threshold"))
    shown = [("Problem", _problem(conditions))]
    if conditions.get("threshold"):
        shown.append(("Threshold", threshold))
    has_value = bool(conditions.get("threshold")) and conditions["threshold"]["value"] is not None
    method = METHOD.format(
        models=f"The {labels['tuned']} and the {labels['base']}" if both else "The model",
        threshold=WITH_THRESHOLD.format(threshold) if has_value else "",
    )
    return ReportWords(conditions=tuple(shown), method=" ".join(method.split()), limits=tuple(paragraphs(LIMITS)))


def _problem(conditions: Mapping[str, Any]) -> str:
    positive = conditions.get("positive")
    return f"{conditions.get('problem', '')}" + (f", positive class {positive}" if positive else "")
