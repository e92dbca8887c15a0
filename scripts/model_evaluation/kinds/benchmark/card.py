"""What stands on the card before the user's yes: the configuration, and what it takes."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation
from model_evaluation.runtime.launch.durations import in_words
from model_evaluation.steps.evaluator.card import evaluations_of, model_line, models_of, settled_lines, task_minutes

from .runtime.benchmark_runs import BenchmarkRuns
from .runtime.settings import UNKNOWN_QUESTIONS
from .runtime.tasks import TASKS
from .sizes import detectable_points, question_words, questions_of, subtasks_of


def configuration(context: Context) -> list[tuple[str, str]]:
    benchmark, subtasks = str(context.value("benchmark")), subtasks_of(context)
    points = float(context.value("smallest_effect"))
    matters = [("Matters from", f"{points:g} percentage points; smaller differences count as none")]
    return [
        ("Benchmark", f"{benchmark}: {TASKS[benchmark].measures}"),
        ("Questions", f"{', '.join(subtasks) or 'all subtasks'}, {question_words(questions_of(context))}"),
        model_line(context, each="an evaluation of each"),
        ("Region", str(context.value("region"))),
        *(matters if models_of(context) > 1 else []),
        *settled_lines(context, "Decoding", "Role", "MLflow", "Output"),
    ]


def expectation(context: Context) -> Expectation:
    """Questions, what they can show, cost and duration."""
    questions, models, runs = questions_of(context), models_of(context), jobs_of(context)
    span = detectable_points(questions) if questions else None
    lines = []
    if models > 1:
        shown = f"differences of about {span[0]:.1f} to {span[1]:.1f} points" if span else "not known"
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
    return max(1, len(subtasks_of(context))) * evaluations_of(context)


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results: the runs follow one another."""
    rows = (questions_of(context) or UNKNOWN_QUESTIONS) // max(1, len(subtasks_of(context)))
    return task_minutes(context, BenchmarkRuns.work, rows, jobs_of(context))
