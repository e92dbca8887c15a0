"""What reports of an evaluation by a scorer say beside its numbers."""

from __future__ import annotations

from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.summary import Summary, scope_of
from model_evaluation.runtime.tasks.results import decoding_condition

METHOD = """
Every dataset row was answered by both models and each answer was scored by the scorer, a program. Rows are put together
by prompt, never by their position in a file. A score that the scorer did not give is missing, not zero; a row counts
for a metric only when both answers have a score. The container's own text metrics (rouge, bleu and the like) know
nothing of the scorer's rule and are left out.
"""
ONE_MODEL_METHOD = """
Every dataset row was answered by the model and each answer was scored by the scorer, a program. A score that it did not
give is missing, not zero.
"""
LIMITS = """
The scores are as right as the scorer's rule: an answer that is right in another form than the rule expects counts as
wrong, for both models.

Each prompt was answered once: how much another run would differ is not measured.
"""


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    both = scope_of(summary) == "compare"
    scorer = str(summary["conditions"].get("scorer") or "–")
    return ReportWords(
        conditions=(("Scorer", scorer.partition("/JsonDoc/")[2] or scorer), decoding_condition(summary)),
        method=" ".join((METHOD if both else ONE_MODEL_METHOD).split()),
        limits=tuple(paragraphs(LIMITS)),
    )
