"""Results of other answers than the present ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sizes import subtasks_of

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.runtime.summary import Summary


def other_answers(summary: Summary, context: Context) -> list[str]:
    """What the results say otherwise than the answers, as far as both are known."""
    tuned, conditions = summary["models"]["tuned"], summary["conditions"]
    scope = context.value("scope")
    pairs = (
        ("the model", tuned and tuned.get("arn"), context.value("model")),
        ("the benchmark", conditions.get("benchmark"), context.value("benchmark")),
        ("what is evaluated", summary.get("scope"), scope if scope in ("compare", "tuned", "base") else "compare"),
    )
    texts = [f"{name} is {was}, not {now}" for name, was, now in pairs if was and now and was != now]
    asked, chosen = conditions.get("subtasks"), sorted(subtasks_of(context))
    asked = sorted(asked) if isinstance(asked, list) else []
    if context.answered("subtasks") and asked != chosen:
        texts.append(f"the subtasks are {', '.join(asked) or 'all'}, not {', '.join(chosen) or 'all'}")
    return texts
