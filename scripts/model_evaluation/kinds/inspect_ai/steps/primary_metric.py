"""primary_metric: which of the tasks' scores decides."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding

from .tasks import chosen_tasks


def scorers_of(context: Context) -> list[str]:
    """The scorers that the chosen tasks name in their source; a scorer may give scores of other names."""
    return list(dict.fromkeys(scorer for _, known, _ in chosen_tasks(context) for scorer in known["scorers"]))


def check(text: str, context: Context) -> Answer:
    name, names = text.strip(), scorers_of(context)
    findings = []
    if name != "first" and name not in names:
        note = f"{name[:80]} is not among the scorers that the tasks' source names ({', '.join(names) or 'none'})."
        findings.append(finding("not_seen", f"{note} If the logs lack it, the results cell says so.", level="warning"))
    return Answer(name, findings=findings)


def settle(context: Context) -> Answer | None:
    """The only scorer, or whatever the first task's log has first when the source names none."""
    names = scorers_of(context)
    if len(names) > 1:
        return None
    name = names[0] if names else "first"
    note = f"{name} decides." if names else "The first score of the first task's log decides."
    return Answer(name, origin="default", findings=[finding("primary_metric", note)])


def offer(context: Context) -> Offer:
    names = scorers_of(context)
    return Offer(choices=[{"value": name, "label": name} for name in names], suggested=names[0] if names else "first")


STEP = Step(
    "primary_metric",
    title="Primary metric",
    question="Which score should decide whether the model is better than the reference?",
    expects="a score's name as in Inspect's log, or `first`",
    example="match",
    check=check,
    offer=offer,
    settle=settle,
)
