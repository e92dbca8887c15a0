"""evaluation: which kind of evaluation this is."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Choose
from model_evaluation.kinds.registry import DEFAULT, REGISTRY, load_kind


def check(text: str, context: Context) -> Answer:
    kind_id = text.lower().replace("-", "_").replace(" ", "_")
    if kind_id not in REGISTRY:
        raise Choose(
            f"{text[:100]!r} is not a kind of evaluation that this program has.",
            fix="Choose one from the list.",
            choices=_choices(),
        )
    return Answer(kind_id)


def offer(context: Context) -> Offer:
    return Offer(choices=_choices(), suggested=context.document.get("evaluation", DEFAULT))


def _choices() -> list[dict[str, str]]:
    kinds = [load_kind(kind_id) for kind_id in REGISTRY]
    return [{"value": kind.id, "label": kind.title, "note": kind.when} for kind in kinds]


STEP = Step(
    "evaluation",
    title="Kind of evaluation",
    question="Which kind of evaluation should it be?",
    expects="one of the kinds in the list",
    example=DEFAULT,
    check=check,
    offer=offer,
    closed=True,
)
