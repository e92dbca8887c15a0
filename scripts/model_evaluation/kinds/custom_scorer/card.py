"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.kind import Expectation
from model_evaluation.results_folder import record_folders
from model_evaluation.runtime.launch.durations import UsualDurations, in_words, read_past_runs
from model_evaluation.runtime.launch.evaluators import MODEL_STEPS
from model_evaluation.steps.confirm import with_reason
from model_evaluation.steps.data_card import can_show
from model_evaluation.steps.scope import reference_package

from .runtime.scorer_runs import ScorerRuns

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

SETTLED = (("Decoding", "decoding"), ("Role", "role"), ("MLflow", "mlflow"), ("Output", "output"))
TRIED = {
    "yes": "tried on sample rows, tells right from wrong",
    "file": "its file was tried on sample rows here, tells right from wrong",
    "skip": "NOT tried",
    "preset": "a preset, which cannot be tried",
}


def rows_of(context: Context) -> int:
    return int(context.facts("data")["profile"]["rows"])


def configuration(context: Context) -> list[tuple[str, str]]:
    scorer, scope = context.facts("scorer"), str(context.value("scope"))
    base = context.facts("model").get("base_model")
    versus = {
        "compare": f"compared with its base model {base}",
        "tuned": "alone, without its base model",
        "base": f"left out: only its base model {base} is evaluated",
    }.get(scope, f"compared with {scope}: an evaluation of each, on the same rows")
    function = f", function {scorer['function']}" if scorer.get("function") else ""
    return [
        ("Dataset", f"{context.value('dataset')} ({rows_of(context):,} rows)"),
        ("Scorer", f"{context.value('scorer')}{function}"),
        ("Trial", TRIED[str(context.value("scorer_trial"))]),
        ("Primary metric", f"{context.value('primary_metric')} decides"),
        ("Model", f"{context.value('model')}, {versus}"),
        ("Region", str(context.value("region"))),
        *((title, with_reason(context, step_id)) for title, step_id in SETTLED),
    ]


def expectation(context: Context) -> Expectation:
    """Calls of the scorer, what the rows can show, cost and duration."""
    rows, compared = rows_of(context), context.value("scope") not in ("tuned", "base")
    models = 2 if compared else 1
    each = " for 2 evaluations, one after another" if reference_package(context) else ""
    calls = f"{rows:,} rows × {models} model(s) = {rows * models:,}"
    lines = [
        *([("Can detect", can_show(rows))] if compared else []),
        ("Scorer calls", calls if context.facts("scorer").get("function") else f"{calls}, by a preset"),
        ("Cost", "unknown: AWS publishes no price of serverless evaluation; Lambda charges for its calls"),
        ("Duration", f"{in_words(minutes_of(context))}{each}, estimated from few published runs"),
    ]
    return Expectation(tuple(lines))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results: both models answer side by side."""
    own = [run for folder in record_folders(context.project, context.document) for run in read_past_runs(folder)]
    usual = UsualDurations(ScorerRuns.work, {"rows": rows_of(context)}, tuple(own))
    low, high = usual.minutes(MODEL_STEPS["tuned"])
    times = 2 if reference_package(context) else 1
    return times * low, times * (high + 1)
