"""Results of other answers than the present ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.reporting.present_answers import differences

from .sizes import subtasks_of

if TYPE_CHECKING:
    from model_evaluation.runtime.summary import Summary


def other_answers(summary: Summary, context: Context) -> list[str]:
    """What the results say otherwise than the answers, as far as both are known."""
    conditions = summary["conditions"]
    texts = differences(summary, context, ("the benchmark", conditions.get("benchmark"), context.value("benchmark")))
    asked, chosen = conditions.get("subtasks"), sorted(subtasks_of(context))
    asked = sorted(asked) if isinstance(asked, list) else []
    if context.answered("subtasks") and asked != chosen:
        texts.append(f"the subtasks are {', '.join(asked) or 'all'}, not {', '.join(chosen) or 'all'}")
    return texts
