"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.evaluator.card import evaluations_of, model_line, models_of, settled_lines, task_minutes
from model_evaluation.steps.rows.card import can_show

from .runtime.scorer_runs import ScorerRuns

TRIED = {
    "yes": "tried on sample rows, tells right from wrong",
    "file": "its file was tried on sample rows here, tells right from wrong",
    "skip": "NOT tried",
    "preset": "a preset, which cannot be tried",
}


def rows_of(context: Context) -> int:
    return int(context.facts("data")["profile"]["rows"])


def configuration(context: Context) -> list[tuple[str, str]]:
    scorer = context.facts("scorer")
    function = f", function {scorer['function']}" if scorer.get("function") else ""
    return [
        ("Dataset", f"{context.value('dataset')} ({rows_of(context):,} rows)"),
        ("Scorer", f"{context.value('scorer')}{function}"),
        ("Trial", TRIED[str(context.value("scorer_trial"))]),
        ("Primary metric", f"{context.value('primary_metric')} decides"),
        model_line(context, each="an evaluation of each, on the same rows"),
        ("Region", str(context.value("region"))),
        *settled_lines(context, "Decoding", "Role", "MLflow", "Output"),
    ]


def expectation(context: Context) -> Expectation:
    """Calls of the scorer, what the rows can show, cost and duration."""
    rows, models = rows_of(context), models_of(context)
    each = " for 2 evaluations, one after another" if evaluations_of(context) > 1 else ""
    calls = f"{rows:,} rows × {models} model(s) = {rows * models:,}"
    lines = [
        *([("Can detect", can_show(rows))] if models > 1 else []),
        ("Scorer calls", calls if context.facts("scorer").get("function") else f"{calls}, by a preset"),
        ("Cost", "unknown: AWS publishes no price of serverless evaluation; Lambda charges for its calls"),
        ("Duration", f"{in_words(minutes_of(context))}{each}, estimated from few published runs"),
    ]
    return Expectation(tuple(lines))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results."""
    return task_minutes(context, ScorerRuns.work, rows_of(context), evaluations_of(context))
