"""inference: the instances of a batch transform."""

from __future__ import annotations

import re
from difflib import get_close_matches

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused

DEFAULT, USAGE = "ml.m5.large 1", "transform job usage"
INSTANCE = re.compile(r"(ml\.[a-z0-9-]+\.[a-z0-9]+)(?:\s+(\d{1,3}))?")


def check(text: str, context: Context) -> Answer:
    match = INSTANCE.fullmatch(text.lower().strip())
    if match is None or match[2] == "0":
        raise Refused(
            f"{text[:100]!r} was received; an instance type and how many of them are expected.",
            fix=f"For example: evaluate.py answer inference '{DEFAULT}'",
        )
    instance, count = match[1], int(match[2] or 1)
    from model_evaluation.preflight.checks.limits import instance_quotas, refuse_beyond

    quotas = instance_quotas(context.aws, USAGE)
    if instance in quotas:
        refuse_beyond(quotas[instance], count, context.aws.region)
    elif quotas:
        close = ", ".join(get_close_matches(instance, quotas, n=3, cutoff=0.5)) or ", ".join(sorted(quotas)[:5])
        raise Refused(
            f"{instance} is not an instance type that runs transform jobs in {context.aws.region}.",
            fix=f"Close to it: {close}. For example: evaluate.py answer inference '{DEFAULT}'",
            code="unknown_instance",
        )
    return Answer(f"{instance} {count}")


def settle(context: Context) -> Answer | None:
    try:
        answer = check(DEFAULT, context)
    except Refused:
        return None
    note = f"A batch transform on {DEFAULT}, which does for most tables."
    settled = finding("inference", note, fix="For another: evaluate.py answer inference 'ml.m5.xlarge 2'")
    return Answer(answer.value, {"reason": "does for most tables"}, [settled], "default")


def offer(context: Context) -> Offer:
    from model_evaluation.preflight.checks.limits import instance_quotas

    quotas = instance_quotas(context.aws, USAGE)
    usable = [f"{name} 1" for name, quota in sorted(quotas.items()) if quota.value >= 1]
    if not quotas or DEFAULT in usable:
        return Offer(suggested=DEFAULT)
    return Offer(text=f"{DEFAULT} is beyond the account's quota; it may have: {', '.join(usable[:8]) or 'none'}.")


STEP = Step(
    "inference",
    title="Instances",
    question="On which instances should the batch transform run?",
    expects="an instance type and how many, such as ml.m5.large 1",
    example=DEFAULT,
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
