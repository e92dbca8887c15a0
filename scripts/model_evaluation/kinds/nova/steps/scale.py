"""scale: on which instances, and on how many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.nova.chosen import family_of, task_of
from model_evaluation.kinds.nova.runtime.recipes.families import MOST_REPLICAS
from model_evaluation.kinds.nova.runtime.recipes.recipe import ONE_INSTANCE

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.lookups.quotas import Quota


def check(text: str, context: Context) -> Answer:
    family, task = family_of(context), task_of(context)
    words = text.split()
    instance = words[0] if words else ""
    instance = instance if instance.startswith("ml.") else f"ml.{instance}"
    if len(words) not in (1, 2) or instance not in family.instances:
        raise Refused(
            f"{text[:60]!r} was received; an instance type for {family.name} and how many are expected.",
            fix=f"Instance types for {family.name}: {', '.join(family.instances)}; for example {family.instances[0]} 1",
            code="bad_scale",
        )
    count = words[1] if len(words) == 2 else "1"
    if not count.isascii() or not count.isdigit() or not 1 <= int(count) <= MOST_REPLICAS:
        raise Refused(
            f"{count!r} instances were asked for; 1 to {MOST_REPLICAS} are possible.",
            fix=f"For example: {instance} 1",
            code="bad_scale",
        )
    replicas = int(count)
    if task in ONE_INSTANCE and replicas > 1:
        raise Refused(f"{task} runs on one instance.", fix=f"Answer {instance} 1.", code="bad_scale")
    findings = []
    from model_evaluation.preflight.checks.limits import refuse_beyond

    quota = _quotas(context).get(instance)
    if quota is None:
        note = f"The quota for {instance} in training jobs is not known; many accounts have 0."
        findings.append(finding("quota_unknown", note, level="warning"))
    else:
        refuse_beyond(quota, replicas, context.aws.region)
    return Answer(f"{instance} {replicas}", facts={"instance": instance, "replicas": replicas}, findings=findings)


def _quotas(context: Context) -> dict[str, Quota]:
    from model_evaluation.preflight.checks.limits import instance_quotas

    return instance_quotas(context.aws, "training job usage")


def settle(context: Context) -> Answer | None:
    """One instance of the usual type, where the quota allows it."""
    usual = f"{family_of(context).instances[0]} 1"
    try:
        answer = check(usual, context)
    except Refused:
        return None
    facts = {**answer.facts, "reason": "the usual instance of AWS's recipe"}
    shared = "" if task_of(context) in ONE_INSTANCE else "; more instances share the rows"
    note = f"The container runs on {usual}{shared}."
    return Answer(answer.value, origin="default", facts=facts, findings=[finding("scale", note), *answer.findings])


def offer(context: Context) -> Offer:
    family = family_of(context)
    choices, quotas = [], _quotas(context)
    for instance in family.instances:
        quota = quotas.get(instance)
        note = "quota unknown" if quota is None else f"quota {quota.value:g}"
        choices.append({"value": f"{instance} 1", "label": instance, "note": note})
    usable = [choice for choice in choices if choice["note"] not in ("quota 0", "quota unknown")]
    return Offer(choices=choices, suggested=usable[0]["value"] if usable else None)


STEP = Step(
    "scale",
    title="Instances",
    question="On which instances should the container run, and on how many?",
    expects="an instance type and a number from 1 to 16, which share the rows",
    example="ml.g5.12xlarge 4",
    reference="references/nova.md",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
)
