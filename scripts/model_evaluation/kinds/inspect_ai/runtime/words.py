"""What reports of an evaluation with Inspect say beside its numbers."""

from __future__ import annotations

from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.summary import Summary, scope_of

METHOD = """
Both models worked on the same samples of the Inspect tasks. Samples are put together by task, id and epoch, never by
their position in a log. A sample that failed with an error has no score: it is missing, not zero, and counts only where
the other model has a score as well. The epochs of one sample are taken as one cluster.
"""
ONE_MODEL_METHOD = """
The model worked on the samples of the Inspect tasks. A sample that failed with an error has no score: it is missing,
not zero.
"""
LIMITS = """
Inspect's own summary leaves failed samples out of its averages and still calls the run a success; the numbers here say
how many there were.

The scores are as right as the task's scorers.
"""


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    conditions = summary["conditions"]
    tasks = ", ".join(map(str, conditions.get("tasks") or [])) or "–"
    return ReportWords(
        conditions=(
            ("Tasks", tasks),
            ("Epochs", str(conditions.get("epochs") or 1)),
        ),
        method=" ".join((METHOD if scope_of(summary) == "compare" else ONE_MODEL_METHOD).split()),
        limits=tuple(paragraphs(LIMITS)),
    )
