"""sampling: how the model writes in the agent; above all its temperature."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.multi_turn.recipe_spec import (
    DEFAULTS,
    parameters_of,
    read_sampling,
    rollouts_of,
)
from model_evaluation.kinds.multi_turn.runtime.recipe import SAMPLING, TEMPERATURE, USUAL, meaningless_k

WARM = "temperature=0.7"


def check(text: str, context: Context) -> Answer:
    known = parameters_of(context)
    settings = read_sampling(text, known)
    group, ks = rollouts_of(context)
    usual = known.get(TEMPERATURE, USUAL[TEMPERATURE]).usual
    temperature = float(settings.get(TEMPERATURE, usual))
    if why := meaningless_k(ks, group, temperature):
        raise Refused(
            f"{why}.",
            fix=f"Answer for example `{WARM}`, or `evaluate.py answer rollouts {group}` for pass@1 alone.",
            code="meaningless_k",
        )
    if usual and TEMPERATURE not in settings:
        settings[TEMPERATURE] = usual  # what a run rests on is said, and sent
    findings = []
    if group > 1 and not temperature:
        note = f"At temperature 0 the {group} rollouts of a prompt are near copies: they cost {group} times as much."
        findings.append(finding("copies", note, level="warning", fix=f"evaluate.py answer sampling {WARM}"))
    value = " ".join(f"{name}={number:g}" for name, number in settings.items()) or DEFAULTS
    return Answer(value, facts={"settings": settings}, findings=findings)


def settle(context: Context) -> Answer | None:
    """The recipe's own, unless several rollouts ask for a temperature."""
    group, _ = rollouts_of(context)
    if group > 1:
        return None
    usual = parameters_of(context).get(TEMPERATURE, USUAL[TEMPERATURE]).usual
    answer = check(DEFAULTS, context)
    note = finding(
        "sampling",
        f"The recipe's own sampling: temperature {usual:g}.",
        fix=f"To set it: evaluate.py answer sampling {WARM}",
    )
    return Answer(answer.value, answer.facts, [note, *answer.findings], origin="default")


def offer(context: Context) -> Offer:
    known = parameters_of(context)
    group, _ = rollouts_of(context)
    options = "; ".join(f"{name}: {known[name].bounds()}" for name in SAMPLING if name in known)
    choices = [{"value": WARM, "label": "Temperature 0.7"}, {"value": DEFAULTS, "label": "The recipe's own settings"}]
    suggested = WARM if group > 1 else DEFAULTS
    next(choice for choice in choices if choice["value"] == suggested)["note"] = (
        "suggested: rollouts of a prompt must be able to differ" if group > 1 else "suggested"
    )
    return Offer(choices=choices, suggested=suggested, text=f"The recipe takes {options}." if options else None)


STEP = Step(
    "sampling",
    title="Sampling",
    question="At which temperature, and with which other sampling settings, should the model act?",
    expects="`defaults`, or pairs in the recipe's names such as temperature=0.7 sampling_max_tokens=4096",
    example=WARM,
    reference="references/multi-turn.md",
    check=check,
    offer=offer,
    settle=settle,
)
