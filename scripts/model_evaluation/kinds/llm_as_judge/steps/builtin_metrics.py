"""builtin_metrics: which of Bedrock's eleven judge metrics to use."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step
from model_evaluation.errors import Refused


def check(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.llm_as_judge.dataset_terms import reference_findings
    from model_evaluation.kinds.llm_as_judge.metrics.builtin import parse_builtin

    names = parse_builtin(text)
    if not names and context.value("custom_metrics") == []:
        raise Refused(
            "Neither a built-in nor a custom metric was chosen; an evaluation needs at least one.",
            fix="Choose at least one: evaluate.py answer builtin_metrics Correctness,Completeness",
            code="no_metric",
        )
    return Answer(names, findings=reference_findings(context.facts("data"), names, None))


def offer(context: Context) -> Offer:
    from model_evaluation.kinds.llm_as_judge.metrics.builtin import BUILTIN_METRICS, suggest_builtin

    profile = context.facts("data").get("profile", {})
    has_reference = bool(profile.get("with_reference")) if profile else None
    reasons = {item.name: item.reason for item in suggest_builtin(has_reference)}
    notes = {name: {"note": f"suggested: {reason}"} for name, reason in reasons.items()}
    choices = [
        {"value": name, "label": f"{name}: {meaning}", **notes.get(name, {})}
        for name, meaning in BUILTIN_METRICS.items()
    ]
    return Offer(choices=choices, suggested=",".join(reasons))


STEP = Step(
    "builtin_metrics",
    title="Built-in metrics",
    question='Which built-in metrics should the judge use? A quality of your own (such as "polite but firm") can be '
    "scored as well, as a custom metric.",
    expects="names separated by commas, or `none`",
    example="Correctness,Completeness",
    reference="references/builtin-metrics.md",
    check=check,
    offer=offer,
)
