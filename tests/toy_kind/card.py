"""What stands on the card beside the answers."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.kinds.kind import Expectation

from .localaws.player import USD_PER_HOUR


def configuration(context: Context) -> list[tuple[str, str]]:
    """Every answer, a line each."""
    kind = context.kind
    asked = [step_id for step_id in kind.steps if step_id != "confirm" and context.answered(step_id)]
    return [(kind.step(step_id).title, str(context.value(step_id))) for step_id in asked]


def expectation(context: Context) -> Expectation:
    """What the machines cost."""
    copies = int(context.value("copies"))
    return Expectation((("Cost", f"about {copies * USD_PER_HOUR / 60:.2f} USD"), ("Duration", "a minute")))


def minutes_of(context: Context) -> tuple[float, float]:
    """From start to results."""
    return 1.0, 2.0
