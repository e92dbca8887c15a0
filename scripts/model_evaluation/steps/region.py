"""region: the one region of all that takes part."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused


def _places(context: Context) -> dict[str, str]:
    """Where each thing that is known by now lies."""
    places = {
        "the model package": context.facts("model").get("region"),
        "the dataset's bucket": context.facts("dataset").get("region"),
        "this session": context.aws.region,
    }
    return {thing: str(region) for thing, region in places.items() if region}


def check(text: str, context: Context) -> Answer:
    region = text.lower()
    places = _places(context)
    others = {thing: f"{thing} is in {place}" for thing, place in places.items() if place != region}
    if others:
        fix = f"Answer {next(iter(places.values()))}, or choose what takes part anew, all of it in {region}."
        if [*others] == ["this session"]:
            fix = f"Set it and answer again: export AWS_REGION={region}"
        raise Refused(
            f"{text[:100]!r} was received, but {', '.join(others.values())}. An evaluation needs one region.",
            fix=fix,
            code="other_region",
        )
    return Answer(region)


def settle(context: Context) -> Answer | None:
    places = _places(context)
    if len(set(places.values())) != 1:
        return None
    region = next(iter(places.values()))
    *others, last = (thing.removeprefix("the ").removeprefix("this ") for thing in places)
    note = f"Region {region}: {', '.join(others)} and {last} agree." if others else f"Region {region}: this session's."
    return Answer(region, origin="lookup", findings=[finding("region", note)])


def offer(context: Context) -> Offer:
    places = _places(context)
    text = "; ".join(f"{thing} is in {place}" for thing, place in places.items())
    apart = len(set(places.values())) > 1
    return Offer(suggested=next(iter(places.values())), text=f"They do not agree: {text}." if apart else None)


STEP = Step(
    "region",
    title="Region",
    question="In which region should the evaluation run?",
    expects="the region of all that takes part",
    example="us-west-2",
    check=check,
    offer=offer,
    settle=settle,
)
