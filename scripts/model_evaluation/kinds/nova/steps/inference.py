"""inference: how the container asks the model."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.chosen import family_of, task_of
from model_evaluation.kinds.nova.runtime.recipes.recipe import (
    INFERENCE_KEYS,
    PROCESSOR_KEYS,
    default_inference,
    inference_fault,
)
from model_evaluation.runtime.settings import Json

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

# Keys of other sections of a recipe, and the steps that they come from.
OTHER_STEPS = {
    **dict.fromkeys(("task", "strategy", "metric", "subtask"), "nova_task"),
    **dict.fromkeys(("model_type", "model_name_or_path"), "model"),
    **dict.fromkeys((*PROCESSOR_KEYS, "reward_lambda_arn"), "processor"),
    "replicas": "scale",
}


def check(text: str, context: Context) -> Answer:
    task, family = task_of(context), family_of(context)
    given: Json = {}
    faults = []
    words = [] if text.strip().lower() in ("default", "defaults") else text.replace(",", " ").split()
    for word in words:
        key, sign, value = word.partition("=")
        key = key.strip().replace("-", "_")
        if not sign or key not in INFERENCE_KEYS:
            of = f"; {key} is made by the step {OTHER_STEPS[key]}" if key in OTHER_STEPS else ""
            faults.append(f"{word[:60]!r} is not a key=value of {', '.join(INFERENCE_KEYS)}{of}")
            continue
        given[key] = _value(value)
        if fault := inference_fault(key, given[key], task, family):
            faults.append(fault)
    if faults:
        raise Refused(
            "; ".join(faults) + ".",
            fix=f"For {task} with {family.name}: {_text(default_inference(task, family))} are the usual values.",
            code="bad_inference",
        )
    values = {**default_inference(task, family), **given}
    findings = []
    if values.get("temperature"):
        note = (
            f"With temperature {values['temperature']} another run gives other answers, and log probabilities may not "
            "be those of the tokens that were taken."
        )
        findings.append(finding("temperature", note, level="warning"))
    if values.get("reasoning_effort") == "high" and values.get("max_new_tokens", 0) < family.most_tokens:
        note = f"Reasoning without limit may use up max_new_tokens={values['max_new_tokens']} before the answer."
        findings.append(finding("reasoning", note, level="warning", fix=f"Keep max_new_tokens={family.most_tokens}."))
    return Answer(_text(values), facts={"values": values}, findings=findings)


def _value(text: str) -> object:
    """A number, null, or the text itself."""
    if text.lower() in ("null", "none"):
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text


def _text(values: dict[str, object]) -> str:
    return " ".join(f"{key}={'null' if value is None else value}" for key, value in values.items())


def settle(context: Context) -> Answer | None:
    task, family = task_of(context), family_of(context)
    values = default_inference(task, family)
    facts = {"values": values, "reason": "as AWS's recipe has it, temperature 0"}
    note = f"The models are asked with {_text(values)}."
    return Answer(_text(values), origin="default", facts=facts, findings=[finding("inference", note)])


def offer(context: Context) -> Offer:
    task, family = task_of(context), family_of(context)
    return Offer(suggested=_text(default_inference(task, family)))


STEP = Step(
    "inference",
    title="Inference",
    question="How should the model be asked?",
    expects="key=value pairs: max_new_tokens, temperature, top_p, top_k, top_logprobs (0 to 20: how sure the model "
    "is), reasoning_effort",
    example="max_new_tokens=2048 temperature=0 top_logprobs=10",
    reference="references/nova.md",
    check=check,
    offer=offer,
    settle=settle,
)
