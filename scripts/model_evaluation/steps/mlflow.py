"""mlflow: where the run is tracked. The SDK would silently create an app; so it is settled here."""

from __future__ import annotations

from dataclasses import replace

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, Refused
from model_evaluation.lookups.arns import a_kind_of, kind_of, parse_arn
from model_evaluation.lookups.sagemaker.mlflow import LEFT_TO_THE_SDK, Tracker, list_trackers


def check(text: str, context: Context) -> Answer:
    if text.lower() == "create":
        return Answer("create", findings=[finding("mlflow_create", LEFT_TO_THE_SDK, level="warning")])
    trackers, unknown = _trackers(context)
    tracker = next((item for item in trackers if text in (item.arn, item.name)), None)
    if tracker is None:
        arn = parse_arn(text)
        if arn is not None and kind_of(arn) not in ("MLflow app", "MLflow tracking server"):
            raise Refused(
                f"That is the ARN of {a_kind_of(arn)}, not of an MLflow app or server: {text}",
                fix="Choose from the list, or `create`.",
                code="wrong_kind",
            )
        raise Choose(
            f"{text[:200]!r} is not an MLflow app or tracking server of {context.value('region')}. {unknown}".strip(),
            fix="Choose one from the list, or `create`.",
            choices=_choices(trackers)[0],
        )
    if not tracker.usable:
        raise Refused(
            f"{tracker.name} is {tracker.status} and cannot track a run now.",
            fix="Wait until it is ready or start it, or choose another one.",
            code="not_usable",
        )
    return Answer(tracker.arn, facts={"name": tracker.name, "kind": tracker.kind, "status": tracker.status})


def _trackers(context: Context) -> tuple[list[Tracker], str]:
    region = context.value("region")
    return context.aws.once(("trackers", region), lambda: list_trackers(context.aws, region))


def offer(context: Context) -> Offer:
    trackers, unknown = _trackers(context)
    choices, suggested = _choices(trackers)
    return Offer(choices=choices, suggested=suggested, text=unknown or None)


def settle(context: Context) -> Answer | None:
    """The only usable app or server of the region."""
    trackers, unknown = _trackers(context)
    usable = [tracker for tracker in trackers if tracker.usable]
    if len(usable) != 1 or unknown:
        return None
    (tracker,) = usable
    note = f"The run is tracked in {tracker.name}, the only usable MLflow {tracker.kind} of {context.value('region')}."
    answer = check(tracker.arn, context)
    facts = {**answer.facts, "reason": f"the only usable MLflow {tracker.kind}"}
    return replace(answer, origin="lookup", facts=facts, findings=[finding("mlflow", note)])


def _choices(trackers: list[Tracker]) -> tuple[list[dict[str, str]], str]:
    """What can be chosen, and what is suggested: the only one; of several the first app, which costs nothing while it
    is idle, else the first by name."""
    usable = [item for item in trackers if item.usable]
    choices = [
        {"value": item.arn, "label": f"{item.name} (MLflow {item.kind})", "note": item.status} for item in usable
    ]
    choices.append({"value": "create", "label": "Let the SDK create an MLflow app where there is none"})
    suggested = choices[next((number for number, item in enumerate(usable) if item.kind == "app"), 0)]
    if len(usable) > 1:
        suggested["note"] += "; suggested: an app costs nothing while it is idle"
    else:
        suggested["note"] = "suggested: there is no other" if usable else "suggested: the region has none yet"
    return choices, suggested["value"]


STEP = Step(
    "mlflow",
    title="MLflow",
    question="SageMaker records each run in MLflow. Which app or tracking server should it use?",
    expects="an ARN from the list, or `create`",
    example="create",
    reference="references/glossary.md",
    check=check,
    offer=offer,
    settle=settle,
    closed=True,
    in_turn=True,
)
