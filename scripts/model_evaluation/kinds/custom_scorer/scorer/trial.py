"""A scorer tried on sample rows before money is spent: does it tell right answers from wrong ones at all?"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Sequence
from typing import NamedTuple

from model_evaluation.json_types import JsonObject

from .events import ANSWER_FIELDS, GOLD_FIELDS, event_of, format_name, gold_of
from .replies import ReplyError, Scores, read_reply

Call = Callable[[list[JsonObject]], object]
"""Calls the function with an event; what it answered."""
WRONG = "This is not the answer to the question."


class Tried(NamedTuple):
    """One call: the row's line, which answer it was about, the scores, what was wrong with the reply."""

    line: int
    answer: str
    scores: Scores | None
    fault: str


class Trial(NamedTuple):
    """All calls, what is wrong with the scorer (any of it refuses it), and what is odd."""

    calls: list[Tried]
    faults: list[str]
    oddities: list[str]

    @property
    def metrics(self) -> list[str]:
        """Names of the scorer's own metrics, in the order in which it returns them."""
        return list(dict.fromkeys(name for call in self.calls if call.scores for name in call.scores.metrics))

    def rows(self) -> list[JsonObject]:
        """The calls as JSON values."""
        return [
            {
                "line": call.line,
                "answer": call.answer,
                "score": call.scores.total if call.scores else None,
                **({"metrics": call.scores.metrics} if call.scores and call.scores.metrics else {}),
                **({"fault": call.fault} if call.fault else {}),
            }
            for call in self.calls
        ]


def samples_of(lines: Sequence[bytes | str], limit: int) -> list[tuple[int, JsonObject]]:
    """Rows that have a reference answer, each with its line; different answers first."""
    samples: dict[str, tuple[int, JsonObject]] = {}
    for number, raw in enumerate(lines, 1):
        try:
            row = json.loads(raw)
            gold = gold_of(row).strip()
            format_name(row)
        except (ValueError, TypeError, KeyError, AttributeError):
            continue
        if gold:
            samples.setdefault(gold, (number, row))
        if len(samples) >= limit:
            break
    return list(samples.values())


def try_scorer(samples: Sequence[tuple[int, JsonObject]], call: Call) -> Trial:
    """Calls the scorer with a right, a wrong and an empty answer to each sample, and once more with the first.

    Each reply has to be one that the container takes; right answers have to score higher than wrong ones, on average.
    """
    calls: list[Tried] = []
    golds = [gold_of(row) for _, row in samples]
    for at, (line, row) in enumerate(samples):
        other = next((gold for gold in golds[at + 1 :] + golds[:at] if gold != golds[at]), WRONG)
        answers = {"right": golds[at], "wrong": other, "empty": ""}
        calls += [_tried(line, name, event_of(row, answer, str(line)), call) for name, answer in answers.items()]
    faults = list(dict.fromkeys(f"{one.answer} answer, line {one.line}: {one.fault}" for one in calls if one.fault))[:5]
    oddities: list[str] = []
    if not samples:
        faults.append("No row has a reference answer, so there is nothing to try the scorer with.")
    if not faults:
        line, row = samples[0]
        again = _tried(line, "right", event_of(row, golds[0], str(line)), call)
        if again.scores != calls[0].scores:
            oddities.append("Called twice with the same sample, it gave two scores: it is not deterministic.")
        faults += _separates(calls, format_name(row))
    return Trial(calls, faults, oddities)


def _tried(line: int, name: str, event: list[JsonObject], call: Call) -> Tried:
    try:
        reply = call(json.loads(json.dumps(event)))
        return Tried(line, name, read_reply(reply, event[0].get("id")), "")
    except ReplyError as error:
        return Tried(line, name, None, str(error))


def _separates(calls: Sequence[Tried], format_: str) -> list[str]:
    """What is wrong where wrong answers do as well as right ones."""
    means = {
        name: statistics.fmean(one.scores.total for one in calls if one.answer == name and one.scores)
        for name in ("right", "wrong", "empty")
    }
    told = ", ".join(f"{name} {mean:.3g}" for name, mean in means.items())
    fields = (
        f"In rows of the format {format_} the model's answer is in `{ANSWER_FIELDS[format_]}`, the reference in "
        f"`{GOLD_FIELDS[format_]}`."
    )
    as_good = next((name for name in ("wrong", "empty") if means[name] >= means["right"]), "")
    return [f"{as_good.capitalize()} answers score as well as right ones (means: {told}). {fields}"] if as_good else []
