"""rollouts: how often the agent tries each prompt, and of how many tries one must succeed."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.multi_turn.recipe_spec import (
    parameters_of,
    prompts_of,
    read_rollouts,
    require_recipe,
)
from model_evaluation.kinds.multi_turn.runtime.recipe import EVALUATION_TYPE, GROUP, USUAL, meaningless_k
from model_evaluation.steps.decoding import spec_of


def check(text: str, context: Context) -> Answer:
    require_recipe(context)
    spec = spec_of(context, EVALUATION_TYPE)
    group, ks = read_rollouts(text, parameters_of(context).get(GROUP, USUAL[GROUP]))
    if why := meaningless_k(ks, group, temperature=1):
        raise Refused(
            f"{why}.",
            fix=f"For example: {ks[-1]} k={','.join(map(str, ks))}",
            code="k_above_rollouts",
        )
    findings: list[JsonObject] = []
    if spec.unknown:
        note = f"What the recipe for evaluating agents takes could not be looked up. {spec.unknown}"
        fix = "Only models that can be trained with multi-turn reinforcement learning have such a recipe."
        findings.append(finding("not_looked_up", note, level="warning", fix=fix))
    prompts = prompts_of(context)
    findings.append(
        finding("rollouts", f"{prompts:,} prompts × {group} = {prompts * group:,} rollouts for each model.")
    )
    value = str(group) if ks == (1,) else f"{group} k={','.join(map(str, ks))}"
    return Answer(value, facts={"group": group, "k": list(ks)}, findings=findings)


def offer(context: Context) -> Offer:
    choices = [
        {
            "value": "1",
            "label": "One rollout per prompt",
            "note": "suggested: more prompts show more than more rollouts of each",
        },
        {"value": "4", "label": "Four rollouts per prompt", "note": "a steadier reward of each prompt"},
        {
            "value": "8 k=1,4",
            "label": "Eight, and whether one of four tries succeeds",
            "note": "needs a temperature above 0",
        },
    ]
    return Offer(choices=choices, suggested="1")


STEP = Step(
    "rollouts",
    title="Rollouts",
    question="How often should the agent try each prompt, and of how many tries (k) must one succeed?",
    expects="rollouts per prompt, with k=... behind it for pass@k",
    example="8 k=1,4",
    reference="references/multi-turn.md",
    check=check,
    offer=offer,
)
