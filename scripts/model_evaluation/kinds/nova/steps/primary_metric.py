"""primary_metric: the number that decides."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING

from model_evaluation.conversation.assent import is_assent
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose
from model_evaluation.kinds.nova.chosen import task_of
from model_evaluation.kinds.nova.runtime.recipes.recipe import GEN_QA, JUDGES, REWARD, RFT, TASKS
from model_evaluation.kinds.nova.runtime.scores.answers import ACCURACY, NAMES, OVERLAP_METRICS, VALID
from model_evaluation.runtime.results.preferences import WIN_RATE

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def metrics_of(context: Context) -> list[str]:
    """The names that can decide, the usual one first."""
    task = task_of(context)
    if task in JUDGES:
        return [WIN_RATE]
    if task != GEN_QA:
        return [REWARD if task == RFT else TASKS[task].metric]
    fields = context.facts("data").get("answer_fields") or []
    return [
        *([ACCURACY, VALID] if fields else ["f1_score"]),
        *(n for n in OVERLAP_METRICS if n != "f1_score" or fields),
    ]


def check(text: str, context: Context) -> Answer:
    names, word = metrics_of(context), NAMES.get(text.strip(), text.strip())
    name = next((name for name in names if name.lower() == word.lower()), None)
    function = context.facts("processor").get("processor")
    if name is None and function and re.fullmatch(r"\w+", word) and not is_assent(word):
        name = word
        note = f"{word} has to be a metric of the function; whether it gives it shows when it has run."
        unseen = finding("function_metric", note, level="warning")
        if close := get_close_matches(word, names, n=1, cutoff=0.8):
            unseen["fix"] = f"If the container's own {close[0]} is meant: evaluate.py answer primary_metric {close[0]}"
        return Answer(name, facts=_field(context), findings=[unseen])
    if name is None:
        raise Choose(f"{text[:60]!r} is not a metric here.", fix="Choose one from the list.", choices=_choices(context))
    fields = context.facts("data").get("answer_fields") or []
    findings = []
    if fields and name in OVERLAP_METRICS:
        note = f"The answers are JSON: {name} counts shared words, names of keys among them, and says little of right "
        note += f"and wrong. {ACCURACY} asks whether {fields[0]} is right."
        findings.append(finding("overlap", note, level="warning", fix=f"evaluate.py answer primary_metric {ACCURACY}"))
    return Answer(name, facts=_field(context), findings=findings)


def _field(context: Context) -> dict[str, str]:
    fields = context.facts("data").get("answer_fields") or []
    return {"answer_field": fields[0]} if fields else {}


def moot(context: Context) -> bool:
    return len(metrics_of(context)) == 1


def settle(context: Context) -> Answer | None:
    names = metrics_of(context)
    if not moot(context):
        return None
    return Answer(names[0], origin="default", facts={"reason": "the only one of this task"})


def _choices(context: Context) -> list[dict[str, str]]:
    fields = context.facts("data").get("answer_fields") or []
    notes = {
        ACCURACY: f"the share of rows whose {fields[0] if fields else 'field'} is right",
        VALID: "the share of answers that are a JSON object with all keys",
    }
    choices = []
    for name in metrics_of(context):
        choice = {"value": name, "label": name}
        note = notes.get(name) or ("overlap of words with the reference" if name in OVERLAP_METRICS else "")
        choices.append({**choice, "note": note} if note else choice)
    return choices


def offer(context: Context) -> Offer:
    return Offer(choices=_choices(context), suggested=metrics_of(context)[0])


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which number should decide?",
    expects="one of the metrics in the list",
    example="accuracy",
    check=check,
    offer=offer,
    settle=settle,
    moot=moot,
    closed=True,
)
