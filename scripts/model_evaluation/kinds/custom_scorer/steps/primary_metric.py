"""primary_metric: which of the scorer's numbers decides, and which way is better."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.kinds.custom_scorer.scorer.replies import TOTAL


def names_of(context: Context) -> list[str]:
    """What the scorer returned when it was tried; only its total is known otherwise."""
    return [TOTAL, *(context.facts("scorer_trial").get("metrics") or [])]


def check(text: str, context: Context) -> Answer:
    name, _, rest = text.strip().partition(" ")
    direction = rest.strip().lower() or "higher"
    if direction not in ("higher", "lower"):
        raise Refused(f"{rest[:40]!r} is not a direction; higher or lower is better.", fix=f"For example: {name} lower")
    names = names_of(context)
    if name not in names and (context.value("scorer_trial") in ("yes", "file")):
        raise Refused(
            f"{name[:80]!r} is not what the scorer returned when it was tried: {', '.join(names)}.",
            fix="Choose one of them.",
            code="no_such_metric",
        )
    findings = []
    if name not in names:
        note = f"Whether the scorer returns {name} is not known, since it was not tried."
        findings.append(finding("not_tried", note, level="warning"))
    value = name if direction == "higher" else f"{name} lower"
    return Answer(value, facts={"name": name, "direction": direction}, findings=findings)


def settle(context: Context) -> Answer | None:
    """The total, where the scorer has no other number."""
    if len(names_of(context)) > 1:
        return None
    note = finding(
        "only_metric",
        "The scorer's total decides, and higher is better.",
        fix="evaluate.py answer primary_metric NAME [lower]",
    )
    return Answer(TOTAL, origin="default", facts={"name": TOTAL, "direction": "higher"}, findings=[note])


def offer(context: Context) -> Offer:
    names = names_of(context)
    choices = [{"value": name, "label": name} for name in names]
    choices[0]["note"] = "suggested: the scorer's own total"
    return Offer(choices=choices, suggested=names[0])


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which of the scorer's numbers should decide whether the fine-tuned model is better?",
    expects="one of its metrics; with `lower` behind it where lower is better",
    example="aggregate_reward_score",
    reference="references/custom-scorer.md",
    check=check,
    offer=offer,
    settle=settle,
)
