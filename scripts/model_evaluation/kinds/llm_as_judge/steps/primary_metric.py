"""primary_metric: the metric that decides."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject
from model_evaluation.naming import letters


def chosen(context: Context) -> list[str]:
    """All chosen metric names, built-in first."""
    custom = [item["customMetricDefinition"]["name"] for item in context.value("custom_metrics") or []]
    return [*(context.value("builtin_metrics") or []), *custom]


def check(text: str, context: Context) -> Answer:
    names = chosen(context)
    name = text[len("Builtin.") :] if text.lower().startswith("builtin.") else text
    match = [own for own in names if own == name] or [own for own in names if letters(own) == letters(name)]
    if len(match) != 1:
        raise Refused(
            f"{text[:100]!r} is not among the chosen metrics: {', '.join(names)}.",
            fix="Choose one of them, or change the metrics first: evaluate.py revise builtin_metrics",
        )
    return Answer(match[0], findings=_without_numbers(context, match[0]))


def _without_numbers(context: Context, name: str) -> list[JsonObject]:
    from model_evaluation.kinds.llm_as_judge.metrics.custom import metric_name, scale_range

    own = [item for item in context.value("custom_metrics") or [] if metric_name(item) == name]
    if not own or scale_range(own[0]) is not None:
        return []
    note = f"{name} has no numeric rating scale: its labels are counted, but no difference can be computed from them."
    return [finding("no_numeric_scale", note, level="warning", fix="Give its ratingScale floatValue entries.")]


def settle(context: Context) -> Answer | None:
    names = chosen(context)
    if len(names) != 1:
        return None
    note = finding("only_metric", f"{names[0]} decides: it is the only metric.")
    return Answer(names[0], origin="default", findings=[note, *_without_numbers(context, names[0])])


def offer(context: Context) -> Offer:
    from model_evaluation.kinds.llm_as_judge.metrics.builtin import suggest_primary

    names = chosen(context)
    suggested = suggest_primary(names)
    notes = {suggested.name: {"note": f"suggested: {suggested.reason}"}} if suggested else {}
    choices = [{"value": name, "label": name, **notes.get(name, {})} for name in names]
    return Offer(choices=choices, suggested=suggested.name if suggested else None)


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which one metric should decide whether the fine-tuned model is better?",
    expects="one of the chosen metrics",
    example="Correctness",
    reference="references/builtin-metrics.md",
    check=check,
    offer=offer,
    settle=settle,
    closed=True,
)
