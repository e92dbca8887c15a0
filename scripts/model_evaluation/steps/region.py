"""region: the one region of model, bucket, judge and session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context


def _places(context: Context) -> dict[str, str]:
    return {
        "the model package": str(context.facts("model")["region"]),
        "the dataset's bucket": str(context.facts("dataset")["region"]),
        "this session": context.aws.region,
    }


def check(text: str, context: Context) -> Answer:
    region = text.lower()
    others = [f"{what} is in {place}" for what, place in _places(context).items() if place != region]
    if others:
        raise Refused(
            f"{text[:100]!r} was received, but {' and '.join(others)}. An evaluation needs one region.",
            fix=f"Answer {context.facts('model')['region']}, or choose a model and a dataset in {region}.",
            code="other_region",
        )
    return Answer(region)


def settle(context: Context) -> Answer | None:
    places = set(_places(context).values())
    if len(places) != 1:
        return None
    region = places.pop()
    found = finding("region", f"Region {region}: model, dataset and session agree.")
    return Answer(region, origin="lookup", findings=[found])


def offer(context: Context) -> Offer:
    places = _places(context)
    text = "; ".join(f"{what} is in {place}" for what, place in places.items())
    apart = len(set(places.values())) > 1
    return Offer(suggested=places["the model package"], text=f"They do not agree: {text}." if apart else None)


STEP = Step(
    "region",
    title="Region",
    question="In which region should the evaluation run?",
    expects="the region of the model package and of the dataset's bucket",
    example="us-west-2",
    check=check,
    offer=offer,
    settle=settle,
)
