"""Results of other answers than the present ones: another model version, dataset, judge or choice of metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.reporting.present_answers import differences

from .steps.primary_metric import chosen

if TYPE_CHECKING:
    from model_evaluation.runtime.summary import Summary


def other_answers(summary: Summary, context: Context) -> list[str]:
    """What the results say otherwise than the answers, as far as both are known."""
    texts = differences(
        summary,
        context,
        ("the judge", summary["conditions"].get("judge"), context.value("judge")),
        ("the primary metric", summary["primary_metric"], _bare(context.value("primary_metric"))),
    )
    missing = [name for name in chosen(context) if _bare(name) not in summary["metrics"]]
    return [*texts, f"they have no {', '.join(missing)}"] if missing else texts


def _bare(name: str | None) -> str | None:
    return name.removeprefix("Builtin.") if name else None
