"""What the cards of evaluations share that one of the SDK's evaluators runs."""

from __future__ import annotations

from collections.abc import Sequence

from model_evaluation.conversation.context import Context
from model_evaluation.results_folder import record_folders
from model_evaluation.runtime.launch.durations import PastRun, UsualDurations, Work, read_past_runs
from model_evaluation.runtime.tasks.runs import MODEL_STEPS
from model_evaluation.steps.confirm import with_reason
from model_evaluation.steps.scope import is_compared, reference_package


def model_line(context: Context, *, each: str) -> tuple[str, str]:
    """The model and what it is compared with; ``each`` says how two fine-tuned models are."""
    scope, base = str(context.value("scope")), context.facts("model").get("base_model")
    versus = {
        "compare": f"compared with its base model {base}",
        "tuned": "alone, without its base model",
        "base": f"left out: only its base model {base} is evaluated",
    }.get(scope, f"compared with {scope}: {each}")
    return "Model", f"{context.value('model')}, {versus}"


def settled_lines(context: Context, *titles: str) -> list[tuple[str, str]]:
    """Answers that are mostly found without a question, by their steps' titles."""
    return [(title, with_reason(context, title.lower())) for title in titles]


def models_of(context: Context) -> int:
    """How many models answer the rows."""
    return 2 if is_compared(context) else 1


def evaluations_of(context: Context) -> int:
    """How many evaluations follow one another: beside a reference one of each model."""
    return 2 if reference_package(context) else 1


def own_runs(context: Context) -> tuple[PastRun, ...]:
    """This project's earlier runs whose durations were kept."""
    folders = record_folders(context.project, context.document)
    return tuple(run for folder in folders for run in read_past_runs(folder))


def task_minutes(context: Context, work: Sequence[Work], rows: int, runs: int) -> tuple[float, float]:
    """From start to results of ``runs`` runs of ``rows`` rows each, one after another. In a run the models answer side
    by side."""
    usual = UsualDurations(work, {"rows": rows}, own_runs(context))
    low, high = usual.minutes(MODEL_STEPS["tuned"])
    return runs * low, runs * (high + 1)
