"""custom_metrics: the user's own metric definitions, in Bedrock's format."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused


def check(text: str, context: Context) -> Answer:
    if text.lower() in ("none", "no", "[]"):
        _refuse_no_metric(context)
        return Answer([])
    import os

    from model_evaluation.kinds.llm_as_judge.dataset_terms import reference_findings
    from model_evaluation.kinds.llm_as_judge.metrics.custom import directions, lint_custom_metrics, parse_custom

    if not text.startswith(("[", "{")):
        path = os.path.expanduser(text)
        path = path if os.path.isabs(path) else os.path.join(context.project, path)
        if "\n" in text or not os.path.isfile(path):
            raise Refused(
                f"{text[:200]!r} is neither `none`, nor JSON, nor a file.",
                fix="Give a file (absolute, or below the project), the JSON itself, or `none`. A quality in plain "
                "words is drafted as a metric first: references/custom-metrics.md says how.",
            )
        from model_evaluation.conversation.answer_text import read_value

        text = read_value(f"@{path}", "custom_metrics")
    metrics = parse_custom(text)
    advice = lint_custom_metrics(text).findings
    named = ", ".join(f"{name} ({direction} is better)" for name, direction in directions(metrics).items())
    lacking = reference_findings(context.facts("data"), None, metrics)
    findings = [finding("metrics", f"{len(metrics)} custom: {named}."), *lacking]
    findings[1:1] = [{**item} for item in advice]
    return Answer(metrics, findings=findings)


def _refuse_no_metric(context: Context) -> None:
    if context.value("builtin_metrics") == []:
        raise Refused(
            "Neither a built-in nor a custom metric would be left; an evaluation needs at least one.",
            fix="Choose a built-in metric first: evaluate.py answer builtin_metrics Correctness",
            code="no_metric",
        )


def settle(context: Context) -> Answer | None:
    """None, which most evaluations have; the question about built-in metrics says that there can be some."""
    if context.value("builtin_metrics") == []:
        return None
    return Answer([], origin="default")


def offer(context: Context) -> Offer:
    return Offer(suggested=None if context.value("builtin_metrics") == [] else "none")


STEP = Step(
    "custom_metrics",
    title="Custom metrics",
    question='Do you have custom metrics to use, or a quality of your own that should be scored (such as "polite but '
    'firm")?',
    expects="`none`, a file, or the JSON itself (Bedrock's custom metric format)",
    example="metrics.json",
    reference="references/custom-metrics.md",
    check=check,
    offer=offer,
    settle=settle,
    in_turn=True,
    limit=200_000,
    multiline=True,
)
