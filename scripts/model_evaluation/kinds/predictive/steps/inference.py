"""inference: the instances of a batch transform."""

from __future__ import annotations

import re
from contextlib import suppress
from difflib import get_close_matches

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import AwsError, Refused

DEFAULT = "ml.m5.large 1"
USAGE = " for transform job usage"  # behind an instance type, a quota's name
INSTANCE = re.compile(r"(ml\.[a-z0-9-]+\.[a-z0-9]+)(?:\s+(\d{1,3}))?")


def check(text: str, context: Context) -> Answer:
    match = INSTANCE.fullmatch(text.lower().strip())
    if match is None or match[2] == "0":
        raise Refused(
            f"{text[:100]!r} was received; an instance type and how many of them are expected.",
            fix=f"For example: evaluate.py answer inference '{DEFAULT}'",
        )
    findings = []
    quotas = _quotas(context)
    limit = quotas.get(match[1])
    if quotas and limit is None:
        close = ", ".join(get_close_matches(match[1], quotas, n=3, cutoff=0.5)) or ", ".join(sorted(quotas)[:5])
        raise Refused(
            f"{match[1]} is not an instance type that runs transform jobs in {context.aws.region}.",
            fix=f"Close to it: {close}. For example: evaluate.py answer inference '{DEFAULT}'",
            code="unknown_instance",
        )
    if limit == 0:
        raise Refused(
            f"The account's quota for {match[1]} in transform jobs is 0.",
            fix=f"Ask for one (Service Quotas, Amazon SageMaker, '{match[1]}{USAGE}').",
            code="no_quota",
        )
    if limit is not None and int(match[2] or 1) > limit:
        note = f"The account may run {limit:g} {match[1]} in transform jobs at once."
        findings.append(finding("quota", note, level="warning"))
    facts = {} if limit is None else {"quota": limit}
    return Answer(f"{match[1]} {match[2] or 1}", facts=facts, findings=findings)


def _quotas(context: Context) -> dict[str, float]:
    """How many instances of each type the account may have in transform jobs; empty where that cannot be read."""
    from model_evaluation.lookups.quotas import list_quotas

    with suppress(AwsError):
        quotas = list_quotas(context.aws, "sagemaker", context.aws.region)
        return {quota.name.removesuffix(USAGE): quota.value for quota in quotas if quota.name.endswith(USAGE)}
    return {}


def settle(context: Context) -> Answer:
    answer = check(DEFAULT, context)
    note = f"A batch transform on {DEFAULT}, which does for most tables."
    settled = finding("inference", note, fix="For another: evaluate.py answer inference 'ml.m5.xlarge 2'")
    facts = {**answer.facts, "reason": "does for most tables"}
    return Answer(answer.value, facts, [settled, *answer.findings], "default")


def offer(context: Context) -> Offer:
    return Offer(suggested=DEFAULT)


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
