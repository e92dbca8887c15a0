"""decoding: how the models write their answers, as far as the evaluation recipe lets one set it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import JsonObject

if TYPE_CHECKING:
    from model_evaluation.lookups.sagemaker.hub import EvaluationSpec

DEFAULTS = "defaults"
# Base models that write down their thinking before they answer, by their names in the hub.
THINKS = re.compile(r"reason|qwen-?3|deepseek|r1-distill|gpt-oss|think|qwq", re.IGNORECASE)
ROOM = 0.5  # of the model's length is enough for an answer with thinking


def spec_of(context: Context, *evaluation_type: str) -> EvaluationSpec:
    """The settings of the model's evaluation recipe, of this type where it is another than that of tasks."""
    from model_evaluation.lookups.sagemaker.hub import evaluation_spec

    facts = context.facts("model")
    base, region = str(facts.get("base_model", "")), str(context.value("region"))
    return evaluation_spec(context.aws, base, facts.get("base_model_version"), region, *evaluation_type)


def settings_of(context: Context) -> dict[str, int | float]:
    """The recorded settings as numbers; empty for the recipe's own."""
    from model_evaluation.lookups.sagemaker.hub import EvaluationSpec, checked_settings

    value = str(context.value("decoding") or DEFAULTS)
    return {} if value == DEFAULTS else checked_settings(value, EvaluationSpec(unknown="checked before"))


def thinks(context: Context) -> bool:
    """Whether the base model's name says that it thinks before it answers."""
    return THINKS.search(str(context.facts("model").get("base_model", ""))) is not None


def check(text: str, context: Context) -> Answer:
    from model_evaluation.lookups.sagemaker.hub import checked_settings

    spec = spec_of(context)
    if text.strip().lower() in (DEFAULTS, "default"):
        return Answer(DEFAULTS, findings=_defaults(context, spec))
    settings = checked_settings(text, spec)
    if not settings:
        raise Refused("No setting was received.", fix="Answer `defaults`, or name=value pairs.")
    findings = []
    if spec.unknown:
        note = (
            f"What the recipe takes could not be looked up, so nothing was checked; the notebook reads back what was "
            f"sent. {spec.unknown}"
        )
        findings.append(finding("not_looked_up", note, level="warning"))
    if settings.get("temperature"):
        note = "Above temperature 0 another run gives other answers, which the intervals do not show."
        findings.append(finding("by_chance", note, level="warning"))
    findings += _long_prompts(context, spec, settings)
    value = " ".join(f"{name}={number}" for name, number in settings.items())
    return Answer(value, facts={"settings": settings}, findings=findings)


def _defaults(context: Context, spec: EvaluationSpec) -> list[dict[str, object]]:
    if spec.unknown:
        note = f"The recipe's own settings could not be looked up: the service's defaults apply. {spec.unknown}"
        return [finding("not_looked_up", note, level="warning")]
    values = {
        name: spec.parameters[name].default for name in ("max_new_tokens", "temperature") if name in spec.parameters
    }
    texts = ", ".join(f"{name}={value}" for name, value in values.items())
    findings = [finding("decoding", f"The recipe's own settings: {texts or 'not named'}.")]
    if thinks(context):
        limit = values.get("max_new_tokens")
        note = (
            f"{context.facts('model').get('base_model')} thinks before it answers; what is not finished after "
            f"{limit or 'so many'} tokens counts as wrong."
        )
        fix = "To give it more room: evaluate.py answer decoding 'max_new_tokens=N max_model_len=M'"
        findings.append(finding("thinks", note, level="warning", fix=fix))
    return [*findings, *_long_prompts(context, spec, {})]


def _long_prompts(context: Context, spec: EvaluationSpec, settings: Mapping[str, float]) -> list[JsonObject]:
    """Whether the longest prompt, by an estimate, leaves room for an answer in ``max_model_len``, with the recipe's own
    settings but for these."""
    used = {name: parameter.default for name, parameter in spec.parameters.items()} | dict(settings)
    profile = context.facts("data").get("profile")
    longest = profile.get("longest_prompt_tokens") if isinstance(profile, dict) else None
    room, answer = used.get("max_model_len"), used.get("max_new_tokens")
    if not (isinstance(longest, int) and isinstance(room, int | float) and isinstance(answer, int | float)):
        return []
    if longest + answer <= room:
        return []
    note = (
        f"The longest prompt has about {longest:,} tokens: with max_model_len={room:g} there are "
        f"{max(0, room - longest):,g} left for an answer that may have {answer:g}. What does not fit is cut."
    )
    fix = "To give them more: evaluate.py answer decoding 'max_model_len=N max_new_tokens=M'"
    return [finding("long_prompts", note, level="warning", fix=fix)]


def settle(context: Context) -> Answer | None:
    """The recipe's own, unless the model thinks and could be given more room: then it is asked."""
    spec = spec_of(context)
    if _roomy(context, spec):
        return None
    fix = "To set them: evaluate.py answer decoding 'max_new_tokens=4096 temperature=0'"
    first, *others = _defaults(context, spec)
    return Answer(DEFAULTS, origin="default", findings=[{"fix": fix, **first}, *others])


def _roomy(context: Context, spec: EvaluationSpec) -> str:
    """Settings with the most room that the recipe gives a model that thinks; empty where there is no more."""
    if spec.unknown or not thinks(context):
        return ""
    most, length = (spec.parameters.get(name) for name in ("max_new_tokens", "max_model_len"))
    if most is None or not most.high or most.high <= most.usual:
        return ""
    tokens = int(most.high)
    if length is None or not length.high:
        return f"max_new_tokens={tokens}"
    tokens = min(tokens, int(length.high * ROOM))
    return f"max_new_tokens={tokens} max_model_len={int(length.high)}" if tokens > most.usual else ""


def offer(context: Context) -> Offer:
    from model_evaluation.lookups.sagemaker.hub import SETTINGS

    spec = spec_of(context)
    bounds = [f"{name}: {parameter.bounds()}" for name, parameter in spec.parameters.items() if name in SETTINGS]
    choices = [{"value": DEFAULTS, "label": "The recipe's own settings"}]
    roomy = _roomy(context, spec)
    if roomy:
        note = "suggested: the model thinks before it answers, and unfinished answers count as wrong"
        choices.insert(0, {"value": roomy, "label": "As much room as the recipe gives", "note": note})
    text = f"The recipe takes {'; '.join(bounds)}." if bounds else None
    return Offer(choices=choices, suggested=roomy or DEFAULTS, text=text)


STEP = Step(
    "decoding",
    title="Decoding",
    question="With the recipe's own settings, or with others?",
    expects="`defaults`, or pairs such as max_new_tokens=8192 temperature=0",
    example="defaults",
    check=check,
    offer=offer,
    settle=settle,
)
