"""tasks: which of the folder's tasks are run, on how many samples, how often."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from model_evaluation.conversation.context import Context
from model_evaluation.conversation.workflow import Answer, Offer, Step, finding
from model_evaluation.errors import Refused
from model_evaluation.json_types import Facts, JsonObject

SETTINGS = ("limit", "epochs")


def check(text: str, context: Context) -> Answer:
    known = context.facts("benchmarks")["tasks"]
    assert isinstance(known, Mapping)
    whole, _, settings = text.strip().partition(" ")
    if whole.lower().rstrip(",") == "all":
        text = ", ".join(f"{name} {settings}" for name in known)
    chosen: dict[str, JsonObject] = {}
    for part in filter(None, (part.strip() for part in text.replace("\n", ",").split(","))):
        name, *words = part.split()
        if name not in known:
            close = difflib.get_close_matches(name, known, 1)
            raise Refused(
                f"{name[:80]!r} is not a task of the folder; it has {', '.join(known)}.",
                fix=f"Did you mean {close[0]}?" if close else "Choose from the list, or `all`.",
                code="no_such_task",
            )
        if name in chosen:
            raise Refused(f"{name} was named twice.", fix="Name each task once.", code="named_twice")
        chosen[name] = _settings(name, words)
    if not chosen:
        raise Refused("No task was named.", fix=f"For example: {next(iter(known))} limit=50", code="no_tasks")
    value = ", ".join(" ".join([name, *(f"{key}={own[key]}" for key in own)]) for name, own in chosen.items())
    return Answer(value, facts={"tasks": chosen}, findings=_findings(chosen, known))


def _settings(name: str, words: list[str]) -> JsonObject:
    """``limit=50 epochs=2``. A word that is neither is refused: the SDK drops it and runs the full set."""
    settings: JsonObject = {}
    for word in words:
        key, equals, value = word.partition("=")
        if key not in SETTINGS or not equals:
            close = difflib.get_close_matches(key, SETTINGS, 1)
            meant = f" Did you mean {close[0]}?" if close else ""
            raise Refused(
                f"{word[:40]!r} behind {name} is not understood; limit=NUMBER and epochs=NUMBER are.{meant}",
                fix=f"For example: {name} limit=50 epochs=2",
                code="unknown_setting",
            )
        if not value.isascii() or not value.isdecimal() or int(value) < 1:
            raise Refused(
                f"{key} of {name} is {value[:20]!r}; a whole number from 1 on is expected.",
                fix=f"For example: {name} {key}=50",
                code="bad_setting",
            )
        settings[key] = int(value)
    return settings


def _findings(chosen: Mapping[str, JsonObject], known: Mapping[str, JsonObject]) -> list[JsonObject]:
    findings = []
    for name in chosen:
        if known[name]["ids"] == "no":
            note = (
                f"{name}: its samples have no id of their own. Inspect then numbers them, and two runs pair rightly "
                "only as long as the dataset does not change."
            )
            fix = 'Give every Sample an id=, or FieldSpec(id="...").'
            findings.append(finding("no_ids", note, level="warning", fix=fix))
        also = [other for other in known if name in other and other != name and other not in chosen]
        if also:
            note = (
                f"The container takes {name} as a part of names and will run {', '.join(also)} as well: their calls "
                "cost money, their results are left out."
            )
            fix = "Rename the tasks, or put them into folders of their own."
            findings.append(finding("part_of_name", note, level="warning", fix=fix))
    return findings


def offer(context: Context) -> Offer:
    known = context.facts("benchmarks")["tasks"]
    assert isinstance(known, Mapping)
    choices = [
        {
            "value": name,
            "label": f"{name} in {task['path']}",
            "note": ", ".join(
                [f"{task['samples']} samples"] * bool(task["samples"])
                + ([f"scored by {', '.join(task['scorers'])}"] if task["scorers"] else [])
            ),
        }
        for name, task in known.items()
    ]
    return Offer(choices=choices, suggested="all" if len(known) > 1 else next(iter(known)))


def chosen_tasks(context: Context) -> list[tuple[str, Facts, Facts]]:
    """Each chosen task: its name, what its source says of it, and the limit and epochs that were asked for."""
    known, chosen = context.facts("benchmarks")["tasks"], context.facts("tasks")["tasks"]
    assert isinstance(known, Mapping)
    assert isinstance(chosen, Mapping)
    return [(name, known[name], own) for name, own in chosen.items()]


STEP = Step(
    "tasks",
    title="Tasks",
    question="Which tasks should be run? `limit=N` takes the first N samples, `epochs=N` asks each of them N times.",
    expects="`all`, or task names separated by commas, each with limit=N and epochs=N where wanted",
    example="capitals limit=50 epochs=2",
    reference="references/inspect-ai.md",
    check=check,
    offer=offer,
)
