"""smallest_effect: the smallest difference that would matter, which decides what counts as none."""

from __future__ import annotations

import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.benchmark.sizes import detectable_points, questions_of
from model_evaluation.steps.scope import is_compared

LARGEST = 50.0
SUGGESTED = 2.0


def check(text: str, context: Context) -> Answer:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(?:%|points?|percent(?:age points?)?)?", text.strip().lower())
    points = float(match[1]) if match else 0.0
    if not 0 < points <= LARGEST:
        raise Refused(
            f"{text[:60]!r} was received; percentage points above 0 and up to {LARGEST:g} are expected.",
            fix="For example 2: a model that is right on 2 of 100 questions more.",
        )
    return Answer(points, findings=_shown(context, points))


def _shown(context: Context, points: float) -> list[dict[str, object]]:
    questions = questions_of(context)
    span = detectable_points(questions) if questions else None
    if questions is None or not is_compared(context):
        return []
    if span is None:
        note = f"{questions} questions cannot show any difference."
        return [finding("too_few", note, level="warning", fix="Ask all of it: evaluate.py answer subtasks ALL")]
    low, high = span
    told = f"{questions:,} questions can show differences of about {low:.1f} to {high:.1f} points"
    if low > points:
        note = f"{told}: {points:g} points are too few to be seen."
        return [finding("too_few", note, level="warning", fix="Choose a larger benchmark, or all of its subtasks.")]
    return [finding("can_show", f"{told}, depending on how often the models disagree.")]


def moot(context: Context) -> bool:
    return not is_compared(context)


def settle(context: Context) -> Answer | None:
    """Of one model alone there is no difference to ask about."""
    if not moot(context):
        return None
    return Answer(SUGGESTED, origin="default", facts={"reason": "of no effect: one model alone"})


def offer(context: Context) -> Offer:
    questions = questions_of(context)
    span = detectable_points(questions) if questions else None
    text = None
    suggested = SUGGESTED
    if span is not None:
        text = f"{questions:,} questions can show differences of about {span[0]:.1f} to {span[1]:.1f} points."
        suggested = max(SUGGESTED, round(span[0] + 0.5))
    return Offer(suggested=f"{suggested:g}", text=text)


STEP = Step(
    "smallest_effect",
    title="Smallest difference",
    question="How many percentage points would matter to you? Smaller differences will count as none.",
    expects="a number of percentage points",
    example="2",
    check=check,
    offer=offer,
    settle=settle,
    moot=moot,
)
