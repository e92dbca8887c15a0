"""success: the reward from which a rollout counts as solved."""

from __future__ import annotations

import math

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.multi_turn.recipe_spec import parameters_of
from model_evaluation.kinds.multi_turn.runtime.recipe import THRESHOLD, USUAL


def check(text: str, context: Context) -> Answer:
    try:
        reward = float(text.strip().rstrip("+"))
    except ValueError:
        reward = math.nan
    known = parameters_of(context).get(THRESHOLD, USUAL[THRESHOLD])
    if not math.isfinite(reward) or not known.takes(reward):
        raise Refused(
            f"{text[:40]!r} was received; a reward is expected ({known.bounds()}).",
            fix="For example 1: the reward of a rollout that did all it should.",
        )
    return Answer(reward)


def settle(context: Context) -> Answer:
    usual = parameters_of(context).get(THRESHOLD, USUAL[THRESHOLD]).usual
    note = finding(
        "success",
        f"A rollout counts as solved from a reward of {usual:g}.",
        fix="If your environment rewards otherwise: evaluate.py answer success 0.5",
    )
    return Answer(usual, origin="default", findings=[note])


def offer(context: Context) -> Offer:
    return Offer(suggested=f"{parameters_of(context).get(THRESHOLD, USUAL[THRESHOLD]).usual:g}")


STEP = Step(
    "success",
    title="Solved from",
    question="From which reward on does a rollout count as solved?",
    expects="a number, as the agent's environment gives rewards",
    example="1",
    reference="references/multi-turn.md",
    check=check,
    offer=offer,
    settle=settle,
)
