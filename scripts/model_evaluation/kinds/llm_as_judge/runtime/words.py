"""What reports of an evaluation by a judge say beside its numbers."""

from __future__ import annotations

from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.summary import Summary, scope_of

from .metrics import SAFETY_METRICS

METHOD = """
Every dataset row was answered by both models and each answer was scored by the judge. Rows are put together by prompt
and reference, never by their position in a file. A score the judge did not give is missing, not zero; a row counts for
a metric only when both answers have a score.
"""
ONE_MODEL_METHOD = """
Every dataset row was answered by the model and each answer was scored by the judge. A score the judge did not give is
missing, not zero: the means are over the scored rows only. Without the other model's answers nothing can be said about
better or worse.
"""
LIMITS = """
The scores are a judge model's opinions; a judge can be wrong in the same way on many rows, and the intervals of table
and charts do not show that. Whether people checked it stands below the verdict.

The intervals say how much the result would vary with other rows of the same kind. They say nothing about other kinds
of prompts, about other judges, or about asking the models again.
"""
ONE_MODEL_LIMIT = "The scores are a judge model's opinions."


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    both = scope_of(summary) == "compare"
    return ReportWords(
        scorer="judge",
        conditions=(("Judge", str(summary["conditions"].get("judge") or "–")),),
        guards=SAFETY_METRICS,
        method=" ".join((METHOD if both else ONE_MODEL_METHOD).split()),
        limits=tuple(paragraphs(LIMITS if both else ONE_MODEL_LIMIT)),
    )
