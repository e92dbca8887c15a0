"""How many questions an evaluation asks, and what so many can show."""

from __future__ import annotations

from math import sqrt

from model_evaluation.conversation.context import Context
from model_evaluation.dataset.power import minimum_detectable_rate_difference

from .runtime.tasks import TASKS

# Shares of questions on which exactly one of two models is right, as related models usually have them.
USUAL_DISAGREEMENT = (0.05, 0.25)


def questions_of(context: Context) -> int | None:
    """How many questions the chosen subtasks have; ``None`` when nobody says."""
    task = TASKS.get(str(context.value("benchmark")))
    return task.size(tuple(subtasks_of(context))) if task else None


def subtasks_of(context: Context) -> list[str]:
    """The chosen subtasks; empty where all are."""
    value = context.value("subtasks")
    return list(value) if isinstance(value, list) else []


def half_width(questions: int) -> float:
    """Percentage points from a share of one half to the ends of its 95% interval."""
    return 98 / sqrt(questions)


def half_width_words(questions: int | None) -> str:
    return f", each model's share is known to about ±{half_width(questions):.1f} points" if questions else ""


def question_words(questions: int | None) -> str:
    return f"{questions:,} questions" if questions else "how many questions is not known"


def detectable_points(questions: int) -> tuple[float, float] | None:
    """Smallest true differences in percentage points that so many paired questions show with 80% power: where the
    models disagree rarely, and where they do often. ``None`` where not even the first can be shown."""
    rare, often = (minimum_detectable_rate_difference(questions, share) for share in USUAL_DISAGREEMENT)
    if rare is None and often is None:
        return None
    return 100 * (rare if rare is not None else often or 0.0), 100 * (often if often is not None else rare or 0.0)
