"""primary_metric: which number decides."""

from __future__ import annotations

import re

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Choose
from model_evaluation.kinds.multi_turn.recipe_spec import rollouts_of
from model_evaluation.kinds.multi_turn.runtime.recipe import REWARD


def check(text: str, context: Context) -> Answer:
    name = re.sub(r"pass\s*(?:@|_at_|at)\s*(\d+)", r"pass_at_\1", text.strip().lower())
    name = REWARD if name in ("mean reward", "mean_reward", "rewards") else name
    choices = _choices(context)
    if name not in [choice["value"] for choice in choices]:
        raise Choose(f"{text[:60]!r} is not what this run measures.", fix="Choose one.", choices=choices)
    return Answer(name)


def _choices(context: Context) -> list[dict[str, str]]:
    _, ks = rollouts_of(context)
    found = [{"value": f"pass_at_{k}", "label": f"pass@{k}: one of {k} tries succeeds"} for k in ks]
    if found[0]["value"] == "pass_at_1":
        found[0]["label"] = "pass@1: the share of prompts that are solved"
    return [*found, {"value": REWARD, "label": "the mean reward of the prompts"}]


def offer(context: Context) -> Offer:
    choices = _choices(context)
    choices[0]["note"] = "suggested"
    return Offer(choices=choices, suggested=choices[0]["value"])


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which number should decide whether the fine-tuned model is better in the agent?",
    expects="pass_at_K of a k that was chosen, or reward",
    example="pass_at_1",
    reference="references/multi-turn.md",
    check=check,
    offer=offer,
)
