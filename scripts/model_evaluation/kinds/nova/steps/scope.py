"""scope: which second model answers the same rows, if any."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.chosen import family_of, task_of
from model_evaluation.kinds.nova.runtime.recipes.families import family_of_alias, family_of_id
from model_evaluation.kinds.nova.runtime.recipes.recipe import JUDGES

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

ALONE, BASE = "tuned", "compare"


def check(text: str, context: Context) -> Answer:
    task, model = task_of(context), context.facts("model")
    word = text.strip().lower()
    if task in JUDGES:
        if word not in (ALONE, "alone"):
            raise Refused(
                f"Both answers that {task} compares are in the dataset; no second model takes part.",
                fix=f"Answer {ALONE}.",
                code="no_second_model",
            )
        return Answer(ALONE, facts={"reason": "both answers are in the dataset"})
    if word in (ALONE, "alone"):
        return Answer(ALONE)
    if word in (BASE, "base"):
        if context.value("model") == model["alias"]:
            raise Refused(
                f"{model['alias']} is the base model itself.",
                fix=f"Answer {ALONE}, or give another model of the family.",
                code="same_model",
            )
        return Answer(BASE, facts={"reference": model["alias"], "name": model["alias"]})
    return _other(text, context)


def _other(text: str, context: Context) -> Answer:
    from .model import check as model_of

    family = family_of(context)
    if text.startswith("s3://") and " " not in text:
        text = f"{text} {family.id}"
    found = model_of(text, context)
    if found.value == context.value("model"):
        raise Refused(
            f"{found.value} is the model under test itself.", fix="Give another one, or `tuned`.", code="same_model"
        )
    if found.facts["family"] != family.id:
        other = family_of_id(str(found.facts["family"]))
        raise Refused(
            f"{found.value} is a {other.name if other else 'model of another family'}, the model under test a "
            f"{family.name}: one recipe has one model_type.",
            fix=f"Give a model of {family.name}; to compare families, make an evaluation of each and use "
            "`report --against`.",
            code="other_family",
        )
    return Answer(found.value, facts={"reference": found.value, "name": found.facts["name"]}, findings=found.findings)


def settle(context: Context) -> Answer | None:
    if task_of(context) in JUDGES:
        return replace(check(ALONE, context), origin="default")
    if family_of_alias(str(context.value("model"))) is not None:
        note = f"{context.value('model')} is evaluated alone; a second model of its family can be compared with it."
        return Answer(ALONE, origin="default", facts={"reason": "a base model"}, findings=[finding("scope", note)])
    alias = context.facts("model")["alias"]
    note = f"The model will be compared with {alias}, from which it was customised: a second job on the same rows."
    return replace(check(BASE, context), origin="default", findings=[finding("scope", note)])


def offer(context: Context) -> Offer:
    choices = [{"value": ALONE, "label": "Alone: numbers, but no better or worse"}]
    alias = context.facts("model")["alias"]
    if context.value("model") != alias:
        choices.insert(0, {"value": BASE, "label": f"With its base model {alias}: a second job on the same rows"})
    return Offer(choices=choices, suggested=choices[0]["value"])


STEP = Step(
    "scope",
    title="Compared with",
    question="Which model should answer the same rows for comparison?",
    expects="compare (its base model), tuned (none), or another model of the family as in `model`",
    example="compare",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
