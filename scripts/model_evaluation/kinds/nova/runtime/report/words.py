"""What reports of an evaluation in the Nova container say beside its numbers."""

from __future__ import annotations

from collections.abc import Mapping

from model_evaluation.kinds.nova.runtime.recipes.recipe import GEN_QA, JUDGES, RFT, STRONG_REJECT, function_of
from model_evaluation.runtime.report.words import ReportWords, paragraphs
from model_evaluation.runtime.statistics.verdicts import is_uncounted
from model_evaluation.runtime.summary import Summary, scope_of

ANSWERED = """
Every row of the dataset was given to the models by the Nova evaluation container, which scored the answers. Rows are
put together by record and never by their position in a file. Accuracy and valid_json are ours: accuracy asks whether
the named field of the JSON answer has the reference's value; an answer that cannot be read is wrong.
"""
REWARDED = """
The Nova evaluation container asked the models every question of the dataset, and a reward function, a Lambda of the
account's own, scored the answers. Rows are put together by their ids and never by their position in a file.
"""
BENCHMARK = """
The Nova evaluation container asked the models the benchmark's questions and scored the answers. The questions of both
models are put together by their text.
"""
NO_ROWS = """
The Nova evaluation container asked the models the benchmark's questions and scored the answers. It left no rows, only
its numbers by subtask; that of the whole is its own.
"""
NO_INTERVALS = """
There are no intervals and no p-values: they rest on the number of questions, which the container does not say. What
stands beside its numbers as _stderr is not used, since how that is made is not documented.
"""
NO_VERDICT = "Without an interval nothing is called better, worse, no worse or practically the same."
JUDGED = """
A judge of AWS's own compared the two answers to every prompt, the challenger's (response B) and the baseline's
(response A), twice, in both orders. Where the two judgments of a prompt
disagree, the prompt counts as a tie; where one is unusable, the other counts. The win rate counts a tie by half, and
its interval takes the prompt, not the judgment, for the unit.
"""
OVERLAP_LIMIT = """
Overlap with the reference (rouge, f1, bleu) is not the share of right answers: on JSON it rewards names of keys.
"""
DEFLECTION_LIMIT = """
AWS's guide calls deflection relative to the base model, and does not say how it is counted.
"""
ROWS_LIMIT = """
The intervals say how much the result would vary with other rows of the same kind. They say nothing about other kinds
of prompts, or about another temperature.
"""
JUDGE_LIMITS = """
The preferences are a judge model's opinions; a judge can be wrong in the same way on many rows, and no interval shows
that.
"""
CONFIDENCE_LIMIT = """
Confidence is the probability that the model itself gave to all tokens of its value. Nothing is calibrated unless a
number says so, and such a number was fitted on one half of the rows and measured on the other.
"""


def report_words(summary: Summary) -> ReportWords:
    """The words for this summary."""
    recipe = recipe_in(summary["conditions"])
    evaluation = recipe.get("evaluation", {})
    task = str(evaluation.get("task", ""))
    conditions = [("Task", " ".join(filter(None, (task, str(evaluation.get("subtask", ""))))))]
    conditions += [("Inference", inference_text(recipe.get("inference", {})))]
    if function := function_of(recipe):
        conditions.append(("Function", function))
    judged = task in JUDGES
    both = "" if scope_of(summary) == "compare" else " Only one model was evaluated, so nothing is better or worse."
    if not judged and is_uncounted(summary["metrics"][summary["primary_metric"]]):
        return ReportWords(
            conditions=tuple(conditions),
            method=" ".join(NO_ROWS.split()) + both,
            statistics=tuple(paragraphs(NO_INTERVALS)),
            margin=NO_VERDICT,
            limits=tuple(paragraphs(DEFLECTION_LIMIT if task == STRONG_REJECT else "")),
        )
    method = JUDGED if judged else {GEN_QA: ANSWERED, RFT: REWARDED}.get(task, BENCHMARK)
    limits = JUDGE_LIMITS if judged else f"{OVERLAP_LIMIT if task == GEN_QA else ''}{ROWS_LIMIT}"
    if "confidence" in summary:
        limits += CONFIDENCE_LIMIT
    return ReportWords(
        scorer="judge" if judged else "",
        conditions=tuple(conditions),
        method=" ".join(method.split()) + both,
        limits=tuple(paragraphs(limits)),
    )


def recipe_in(conditions: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """The recipe that results were made with, without its run."""
    recipe = conditions.get("recipe")
    return recipe if isinstance(recipe, dict) else {}


def inference_text(inference: Mapping[str, object]) -> str:
    """``temperature 0, top_logprobs 10``."""
    return ", ".join(f"{key} {'none' if value is None else value}" for key, value in inference.items())
