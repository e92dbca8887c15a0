"""decoding: temperature and token limit, where they are not the SDK's own."""

from __future__ import annotations

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.json_types import JsonObject
from model_evaluation.steps.evaluator.pairs import read_settings

from .tasks import chosen_tasks

SDK_OWN = "temperature 0, max_tokens 8192"


def settings_of(context: Context) -> JsonObject:
    """The recorded settings, as numbers by name."""
    return dict(context.facts("decoding").get("settings") or {})


def check(text: str, context: Context) -> Answer:
    from model_evaluation.kinds.inspect_ai.runtime.settings import DECODING

    settings: JsonObject = {**read_settings(text, DECODING, example="temperature=0.7 max_tokens=2048")}
    value = " ".join(f"{name}={number:g}" for name, number in settings.items()) or "default"
    return Answer(value, facts={"settings": settings}, findings=_epochs(context, settings))


def _epochs(context: Context, settings: JsonObject) -> list[JsonObject]:
    """Asking again at temperature 0 measures next to nothing."""
    several = [name for name, _, own in chosen_tasks(context) if own.get("epochs", 1) > 1]
    if not several or settings.get("temperature", 0):
        return []
    note = f"{', '.join(several)}: at temperature 0 every epoch gets nearly the same answers, which cost as much again."
    return [finding("epochs_alike", note, level="warning", fix="evaluate.py answer decoding temperature=0.7")]


def settle(context: Context) -> Answer | None:
    findings = _epochs(context, {})
    fix = "To set them: evaluate.py answer decoding 'temperature=0.7 max_tokens=2048'"
    note = finding("decoding", f"Decoding: the SDK's own settings ({SDK_OWN}).", fix=fix)
    return Answer("default", origin="default", facts={"settings": {}}, findings=[note, *findings])


def offer(context: Context) -> Offer:
    return Offer(choices=[{"value": "default", "label": f"The SDK's own: {SDK_OWN}"}], suggested="default")


STEP = Step(
    "decoding",
    title="Decoding",
    question="Should temperature or the token limit be another than the SDK's own?",
    expects="`default`, or settings such as temperature=0.7 max_tokens=2048",
    example="temperature=0.7 max_tokens=2048",
    check=check,
    offer=offer,
    settle=settle,
)
