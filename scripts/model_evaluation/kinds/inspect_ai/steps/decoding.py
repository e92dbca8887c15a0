"""decoding: temperature and token limit, where they are not the SDK's own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject

if TYPE_CHECKING:
    from model_evaluation.conversation.context import Context

RANGES = {"temperature": (0.0, 2.0), "top_p": (0.0, 1.0), "max_tokens": (1.0, 1_000_000.0)}
SDK_OWN = "temperature 0, max_tokens 8192"


def settings_of(context: Context) -> JsonObject:
    """The recorded settings, as numbers by name."""
    return dict(context.facts("decoding").get("settings") or {})


def check(text: str, context: Context) -> Answer:
    settings: JsonObject = {}
    words = [] if text.strip().lower() in ("default", "defaults") else text.replace(",", " ").split()
    for word in words:
        name, equals, value = word.partition("=")
        if name not in RANGES or not equals:
            raise Refused(
                f"{word[:60]!r} is no decoding setting that the SDK takes here; {', '.join(RANGES)} are.",
                fix="For example: temperature=0.7 max_tokens=2048",
                code="unknown_setting",
            )
        low, high = RANGES[name]
        try:
            number: float = int(value) if name == "max_tokens" else float(value)
        except ValueError:
            number = float("nan")
        if not low <= number <= high:
            raise Refused(
                f"{name} is {value[:20]!r}; {'a whole number' if name == 'max_tokens' else 'a number'} from {low:g} to "
                f"{high:g} is expected.",
                fix=f"For example: {name}={2048 if name == 'max_tokens' else 0.7}",
                code="bad_setting",
            )
        settings[name] = number
    value = " ".join(f"{name}={number:g}" for name, number in settings.items()) or "default"
    return Answer(value, facts={"settings": settings}, findings=_epochs(context, settings))


def _epochs(context: Context, settings: JsonObject) -> list[JsonObject]:
    """Asking again at temperature 0 measures next to nothing."""
    tasks = context.facts("tasks")["tasks"]
    assert isinstance(tasks, Mapping)
    several = [name for name, own in tasks.items() if own.get("epochs", 1) > 1]
    if not several or settings.get("temperature", 0):
        return []
    note = f"{', '.join(several)}: at temperature 0 every epoch gets nearly the same answers, which cost as much again."
    return [finding("epochs_alike", note, level="warning", fix="evaluate.py answer decoding temperature=0.7")]


def settle(context: Context) -> Answer | None:
    findings = _epochs(context, {})
    note = finding("decoding", f"Decoding: the SDK's own settings ({SDK_OWN}).", fix="evaluate.py answer decoding ...")
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
