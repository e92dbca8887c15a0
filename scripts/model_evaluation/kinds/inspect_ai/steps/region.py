"""region: the one region of all that takes part, which must have Inspect's container."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused

# AWS's guide "Evaluate with Inspect AI Container" names these; the SDK (3.27) has a table of more.
DOCUMENTED = ("us-east-1", "us-west-2", "eu-west-2")
OF_THE_SDK = (
    *("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ca-central-1"),
    *("eu-central-1", "eu-north-1", "eu-west-1", "eu-west-3", "sa-east-1", "us-east-2", "us-west-1"),
)


def _places(context: Context) -> dict[str, str]:
    places = {
        "the tasks' bucket": context.facts("benchmarks").get("region"),
        "the model": context.facts("model").get("region"),
        "this session": context.aws.region,
    }
    return {thing: str(region) for thing, region in places.items() if region}


def check(text: str, context: Context) -> Answer:
    region = text.strip().lower()
    others = [f"{thing} is in {place}" for thing, place in _places(context).items() if place != region]
    if others:
        raise Refused(
            f"{text[:100]!r} was received, but {' and '.join(others)}. An evaluation needs one region.",
            fix=f"Choose what takes part anew, all of it in {region[:40]}, or set AWS_REGION.",
            code="other_region",
        )
    if region not in (*DOCUMENTED, *OF_THE_SDK):
        raise Refused(
            f"There is no container for Inspect in {region}.",
            fix=f"Use one of {', '.join(DOCUMENTED)}, with tasks and model there.",
            code="no_container",
        )
    if region in DOCUMENTED:
        return Answer(region)
    note = f"AWS documents Inspect's container in {', '.join(DOCUMENTED)} only; whether {region} has it is not known."
    return Answer(region, findings=[finding("container", note, level="warning")])


def settle(context: Context) -> Answer | None:
    regions = set(_places(context).values())
    if len(regions) != 1:
        return None
    try:
        answer = check(regions.pop(), context)
    except Refused:
        return None
    note = f"Region {answer.value}: tasks, model and session agree."
    return Answer(answer.value, origin="lookup", findings=[finding("region", note), *answer.findings])


def offer(context: Context) -> Offer:
    return Offer(text="; ".join(f"{thing} is in {place}" for thing, place in _places(context).items()) + ".")


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
