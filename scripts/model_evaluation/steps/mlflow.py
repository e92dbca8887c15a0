"""mlflow: where the run is tracked. The SDK would silently create an app; so it is settled here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Choose, Refused

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context
    from model_evaluation.lookups.tracking import Trackers


def check(text: str, context: Context) -> Answer:
    from model_evaluation.lookups.arns import a_kind_of, kind_of, parse_arn

    if text.lower() == "create":
        from model_evaluation.lookups.tracking import LEFT_TO_THE_SDK

        return Answer("create", findings=[finding("mlflow_create", LEFT_TO_THE_SDK, level="warning")])
    found = _trackers(context)
    tracker = next((item for item in found.found if text in (item.arn, item.name)), None)
    if tracker is None:
        arn = parse_arn(text)
        if arn is not None and kind_of(arn) not in ("MLflow app", "MLflow tracking server"):
            raise Refused(
                f"That is the ARN of {a_kind_of(arn)}, not of an MLflow app or server: {text}",
                fix="Choose from the list, or `create`.",
                code="wrong_kind",
            )
        raise Choose(
            f"{text[:200]!r} is no MLflow app or tracking server of {context.value('region')}. {found.unknown}".strip(),
            fix="Choose one from the list, or `create`.",
            choices=_choices(found),
        )
    if not tracker.usable:
        raise Refused(
            f"{tracker.name} is {tracker.status} and cannot track a run now.",
            fix="Wait until it is ready or start it, or choose another one.",
            code="not_usable",
        )
    return Answer(tracker.arn, facts={"name": tracker.name, "kind": tracker.kind, "status": tracker.status})


def _trackers(context: Context) -> Trackers:
    from model_evaluation.lookups.tracking import list_trackers

    region = context.value("region")
    return context.aws.once(("trackers", region), lambda: list_trackers(context.aws, region))


def offer(context: Context) -> Offer:
    found = _trackers(context)
    usable = [item for item in found.found if item.usable]
    suggested = usable[0].arn if len(usable) == 1 else None if usable else "create"
    return Offer(choices=_choices(found), suggested=suggested, text=found.unknown or None)


def _choices(found: Trackers) -> list[dict[str, str]]:
    choices = [
        {"value": item.arn, "label": f"{item.name} (MLflow {item.kind})", "note": item.status}
        for item in found.found
        if item.usable
    ]
    return [*choices, {"value": "create", "label": "Let the SDK create an MLflow app where there is none"}]


STEP = Step(
    "mlflow",
    title="MLflow",
    question="SageMaker records each run in MLflow. Which app or tracking server should it use?",
    expects="an ARN from the list, or `create`",
    example="create",
    reference="references/glossary.md",
    check=check,
    offer=offer,
    closed=True,
)
