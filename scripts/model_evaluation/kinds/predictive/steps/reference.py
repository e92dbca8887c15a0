"""reference: what the candidate is compared with: another model or its predictions, a constant answer, or nothing."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.predictive.recorded import CONSTANT, NO_REFERENCE, problem_of
from model_evaluation.steps.scope import older_versions

from . import model as model_step

MOST_VERSIONS = 4
SAME = ("etag", "model_data")  # what two models have in common only when they are one
WORDS = {"baseline": CONSTANT, "champion": "", "nothing": NO_REFERENCE}


def check(text: str, context: Context) -> Answer:
    word = WORDS.get(text.lower(), text.lower())
    if word == CONSTANT:
        if problem_of(context).type == "clustering":
            raise Refused("A clustering has no constant answer.", fix="Answer `none`, or name another clustering.")
        answers = {"binary": "the prevalence", "multiclass": "the most frequent class"}
        what = answers.get(problem_of(context).type, "the mean")
        note = f"The model is compared with a constant answer: {what}. That is the least it has to beat."
        return Answer(CONSTANT, findings=[finding("reference", note)])
    if word == NO_REFERENCE:
        note = "The model is evaluated alone: numbers with intervals, and no verdict whether it is better than another."
        return Answer(NO_REFERENCE, findings=[finding("reference", note)])
    answer, candidate = model_step.check(text, context), context.facts("model")
    itself = answer.value == context.value("model")
    if itself or any(own and own == candidate.get(key) for key in SAME if (own := answer.facts.get(key))):
        raise Refused(
            f"{answer.value} is the candidate itself{'' if itself else ' (equal)'}.",
            fix="Name what it is compared with, `constant`, or `none`.",
            code="same_model",
        )
    return answer


def offer(context: Context) -> Offer:
    versions = _older_versions(context)
    choices = [*versions, {"value": NO_REFERENCE, "label": "Nothing: the model alone"}]
    if problem_of(context).type != "clustering":
        label = "A constant answer (the prevalence, the most frequent class, the mean)"
        choices.insert(-1, {"value": CONSTANT, "label": label})
    text = None if versions else "A model in use now, or its predictions for the same rows, makes the best reference."
    return Offer(choices=choices, suggested=choices[0]["value"], text=text)


def _older_versions(context: Context) -> list[dict[str, str]]:
    """Versions of the candidate's group before it, the newest first."""
    arn = str(context.value("model"))
    if ":model-package/" not in arn or arn.rsplit("/", 1)[-1].isdigit() is False:
        return []
    group, number = arn.rpartition("model-package/")[2].split("/")
    older = older_versions(context, group, int(number))
    approved = [version for version in older if version.approval == "Approved"]
    return [
        {
            "value": version.arn,
            "label": f"Version {version.version} of the same group",
            "note": f"created {version.created}, approval: {version.approval or 'none'}",
        }
        for version in (approved or older)[:MOST_VERSIONS]
    ]


STEP = Step(
    "reference",
    title="Reference",
    question="What is it compared with: the model in use now (the champion) or its predictions, a constant answer, or "
    "nothing?",
    expects="as for the model, or `constant`, or `none`",
    example="constant",
    reference="references/predictive.md",
    check=check,
    offer=offer,
)
