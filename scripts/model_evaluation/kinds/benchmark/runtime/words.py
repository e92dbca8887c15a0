"""What reports of a benchmark say beside its numbers."""

from __future__ import annotations

from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.summary import Summary, evaluated_models, labels_of, scope_of
from model_evaluation.runtime.tasks.results import decoding_condition

METHOD = """
Both models were asked the same questions, and the container marked each answer. Questions are put together by what the
model was given, never by their position in a file. The headline weighs every question the same (micro); the metric
whose name begins with macro_ weighs every subtask the same. An output in which no answer was found counts as wrong:
beside the headline stands the difference among the questions that both models answered.
"""
STATISTICS = """
The difference is the share of right answers of the one model minus that of the other, over the questions that both
have a row for. Its 95% interval is Newcombe's for paired shares; the interval of the mean over subtasks squares and
adds the distances of theirs. Where a score is not just right or wrong, rows are drawn again and again (a bootstrap).

The p-value asks how often chance alone, if the models were equally good, would turn so many more questions to one side:
McNemar's exact test, less half of the probability of what was seen. For subtasks it is corrected by Holm's method.
"""
UNPAIRED_METHOD = """
The models are compared by their shares of right answers and numbers of questions, as two independent samples: there
were no rows that could be paired.
"""
UNPAIRED_STATISTICS = """
The difference is the share of right answers of the one model minus that of the other. Its 95% interval is Newcombe's
for independent shares, and the p-value is the normal one.
"""
ONE_MODEL_METHOD = "The model was asked the benchmark's questions, and the container marked each answer."
LIMITS = """
Each question was answered once, without chance where the temperature is 0: how much another run would differ is not
measured.

Questions are treated as independent. Where several are about one text, the intervals are too narrow.

A public benchmark may have been part of what the models were trained on, and says little about your own task.
"""


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    conditions = summary["conditions"]
    both = scope_of(summary) == "compare"
    method, statistics = ONE_MODEL_METHOD, ""
    if both:
        paired = summary.get("unfinished") is not None
        method, statistics = (METHOD, STATISTICS) if paired else (UNPAIRED_METHOD, UNPAIRED_STATISTICS)
    subtasks = conditions.get("subtasks")
    subtasks = subtasks if isinstance(subtasks, list) else []
    name = str(conditions.get("benchmark", "–")) + (f": {', '.join(subtasks)}" if subtasks else "")
    return ReportWords(
        conditions=(("Benchmark", name), decoding_condition(summary), *_unanswered(summary), *_reported(summary)),
        method=" ".join(method.split()),
        limits=tuple(paragraphs(LIMITS)),
        statistics=tuple(paragraphs(statistics)) if statistics else (),
    )


def _unanswered(summary: Summary) -> tuple[tuple[str, str], ...]:
    found = summary.get("unfinished")
    sides = {"base": found["base"], "tuned": found["tuned"]} if found else {}
    each = [
        f"{own['unanswered']} of {own['n']} ({own['share']:.0%}) by the {labels_of(summary)[side]}"
        for side, own in sides.items()
        if own
    ]
    return (("Without an answer", ", ".join(each)),) if each else ()


def _reported(summary: Summary) -> tuple[tuple[str, str], ...]:
    """The figure that the SDK prints, and why it is another one."""
    reported = summary.get("reported") or {}
    each = []
    for side in evaluated_models(summary):
        own = reported.get(side)
        if own:
            error = f" ± {own['stderr']:.4f}" if own.get("stderr") is not None else ""
            right = own.get("standard_error")
            note = f" (its true standard error is {right:.4f})" if right is not None and error else ""
            each.append(f"{labels_of(summary)[side]} {own['value']:.4f}{error}{note}")
    if not each:
        return ()
    return (('The SDK\'s figure "all", the mean over subtasks', "; ".join(each)),)
