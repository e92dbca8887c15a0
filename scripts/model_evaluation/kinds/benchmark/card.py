"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.kinds.kind import Expectation
from model_evaluation.results_folder import record_folders
from model_evaluation.runtime.launch.durations import UsualDurations, in_words, read_past_runs
from model_evaluation.runtime.launch.evaluators import MODEL_STEPS
from model_evaluation.steps.confirm import with_reason
from model_evaluation.steps.scope import reference_package

from .runtime.benchmark_runs import BenchmarkRuns
from .runtime.settings import UNKNOWN_QUESTIONS
from .runtime.tasks import TASKS
from .sizes import detectable_points, question_words, questions_of, subtasks_of

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

SETTLED = (("Decoding", "decoding"), ("Role", "role"), ("MLflow", "mlflow"), ("Output", "output"))


def configuration(context: Context) -> list[tuple[str, str]]:
    benchmark = str(context.value("benchmark"))
    subtasks, scope = subtasks_of(context), str(context.value("scope"))
    base = context.facts("model").get("base_model")
    versus = {
        "compare": f"compared with its base model {base}",
        "tuned": "alone, without its base model",
        "base": f"left out: only its base model {base} is evaluated",
    }.get(scope, f"compared with {scope}: an evaluation of each")
    points = float(context.value("smallest_effect"))
    return [
        ("Benchmark", f"{benchmark}: {TASKS[benchmark].measures}"),
        ("Questions", f"{', '.join(subtasks) or 'all subtasks'}, {question_words(questions_of(context))}"),
        ("Model", f"{context.value('model')}, {versus}"),
        ("Region", str(context.value("region"))),
        ("Matters from", f"{points:g} percentage points; smaller differences count as none"),
        *((title, with_reason(context, step_id)) for title, step_id in SETTLED),
    ]


def expectation(context: Context) -> Expectation:
    """Questions, what they can show, cost and duration."""
    questions, compared = questions_of(context), context.value("scope") not in ("tuned", "base")
    found = detectable_points(questions) if questions else None
    models = 2 if compared else 1
    runs = jobs_of(context)
    lines = []
    if compared:
        shown = f"differences of about {found[0]:.1f} to {found[1]:.1f} points" if found else "not known"
        lines.append(("Can detect", f"{shown}, each question answered once by both models"))
    asked = f"{questions:,} questions × {models} model(s) = {questions * models:,}" if questions else "not known"
    each = f" for {runs} runs, one after another" if runs > 1 else ""
    lines += [
        ("Answers", asked),
        ("Cost", "unknown: AWS publishes no price of serverless evaluation"),
        ("Duration", f"{in_words(minutes_of(context))}{each}, estimated from few published runs"),
    ]
    return Expectation(tuple(lines))


def jobs_of(context: Context) -> int:
    """How many pipeline runs follow one another."""
    return max(1, len(subtasks_of(context))) * (2 if reference_package(context) else 1)


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results: both models answer side by side, the runs follow one another."""
    own = [run for folder in record_folders(context.project, context.document) for run in read_past_runs(folder)]
    runs = jobs_of(context)
    rows = (questions_of(context) or UNKNOWN_QUESTIONS) // max(1, len(subtasks_of(context)))
    usual = UsualDurations(BenchmarkRuns.work, {"rows": rows}, tuple(own))
    low, high = usual.minutes(MODEL_STEPS["tuned"])
    return runs * low, runs * (high + 1)
