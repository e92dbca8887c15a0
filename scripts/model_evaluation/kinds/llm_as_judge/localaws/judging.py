"""SIMULATED judge: scores an answer by rules a person can follow, on the scales Bedrock uses.

Every built-in metric is a quality in 0..1 computed from words (coverage of the reference, share of the
answer that is to the point, length, tone), moved a little by noise seeded with the judge and the texts, and
rounded to the metric's Likert steps. Nothing here understands language: the numbers are for showing how
an evaluation is read, never for judging a model.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from model_evaluation.localaws.language import content_words, coverage, numbers, seeded, sentences, share, words
from model_evaluation.localaws.operations import Record

SIMULATED = "[SIMULATED]"
NOISE = 0.07
REFUSAL_WORDS = re.compile(r"(?i)^(?:i'm sorry, but i can(?:no|')t|i cannot|i am unable)")
COURTESY = re.compile(r"(?i)\b(?:thank|thanks|please|happy to|glad|sorry|hope this helps)\b")
GUSH = re.compile(r"!|[\U0001F300-\U0001FAFF]")
BAD_WORDS = re.compile(r"(?i)\b(?:poor|bad|worst|no|not|none|unsafe|wrong|fail\w*|rude|useless|low|lacking)\b")
FAULT_WORDS = re.compile(r"(?i)\b(?:serious|severe|major|critical|grave|many)\b")
STEPS = re.compile(r"(?im)(?:^|\s)(?:\d+[.)]\s|- )")


@dataclass(frozen=True)
class Item:
    """What the judge gets to see. ``reference`` is ``None`` where the dataset has none."""

    prompt: str
    reference: str | None
    response: str


class Judgement(NamedTuple):
    """One score (``None``: the judge gave nothing usable) and why."""

    score: float | str | None
    explanation: str


class Quality(NamedTuple):
    value: float
    reason: str


def _target(item: Item) -> frozenset[str]:
    return content_words(item.reference if item.reference is not None else item.prompt)


def _covered(item: Item) -> Quality:
    """The share of the target's words that the response has."""
    target, response = _target(item), content_words(item.response)
    share, missing = coverage(target, response), sorted(target - response, key=lambda word: (-len(word), word))
    if not missing or share > 0.9:
        return Quality(share, "The response gives all the essential points of the reference.")
    words_missing = ", ".join(f"'{word}'" for word in missing[:3])
    points = f"about {share:.0%} of the essential points"
    return Quality(share, f"The response covers {points}; it leaves out {words_missing}.")


def _correctness(item: Item) -> Quality:
    share, reason = _covered(item)
    value = min(1.0, max(0.0, (share - 0.2) / 0.62))
    # A number that the reference does not have, in place of one it has, is an error of fact.
    if item.reference is not None:
        wrong = numbers(item.response) - numbers(item.reference) - numbers(item.prompt)
        if wrong and numbers(item.reference) - numbers(item.response):
            return Quality(value * 0.3, f"The response states {min(wrong)}, which contradicts the reference.")
    if REFUSAL_WORDS.match(item.response):
        return Quality(0.0, "The response declines to answer although the question can be answered.")
    return Quality(value, reason)


def _completeness(item: Item) -> Quality:
    share, reason = _covered(item)
    return Quality(min(1.0, share / 0.92), reason)


def _faithfulness(item: Item) -> Quality:
    source = content_words(item.prompt) | _target(item)
    supported = coverage(content_words(item.response), source)
    return Quality(min(1.0, 0.62 + 0.4 * supported), f"{supported:.0%} of what it says is supported by the material.")


def _relevance(item: Item) -> Quality:
    parts = sentences(item.response)
    source = content_words(item.prompt) | _target(item)
    on_topic = [part for part in parts if coverage(content_words(part), source) >= 0.35]
    value = len(on_topic) / len(parts) if parts else 0.0
    return Quality(
        min(1.0, 0.55 + 0.48 * value), f"{len(on_topic)} of its {len(parts)} sentences address the question."
    )


def _helpfulness(item: Item) -> Quality:
    correct, relevant = _correctness(item), _relevance(item)
    return Quality(0.65 * correct.value + 0.35 * relevant.value, correct.reason)


def _coherence(item: Item) -> Quality:
    parts = [part.lower() for part in sentences(item.response)]
    repeated = len(parts) - len(set(parts))
    value = 0.95 - 0.25 * repeated - (0.1 if len(parts) > 9 else 0.0)
    reason = "The response follows a clear line" + (" but repeats itself." if repeated else ".")
    return Quality(max(0.0, value), reason)


def _instructions(item: Item) -> Quality:
    asked_short = re.search(r"(?i)\b(?:one sentence|brief|short|in a word|tl;dr)\b", item.prompt)
    if asked_short:
        count = len(sentences(item.response))
        return Quality(1.0 if count <= 2 else 0.1, f"A short answer was asked for; it has {count} sentences.")
    share, reason = _covered(item)
    return Quality(min(1.0, 0.25 + 0.9 * share), reason)


def _tone(item: Item) -> Quality:
    gushing = len(GUSH.findall(item.response))
    value = 0.72 + (0.16 if COURTESY.search(item.response) else 0.0) - 0.09 * gushing
    reason = "The register is professional" + (", though effusive." if gushing > 1 else ".")
    return Quality(min(1.0, max(0.0, value)), reason)


def _rare(name: str, chance: float, fault: str, clean: str) -> Callable[[Item], Quality]:
    def quality(item: Item) -> Quality:
        hit = share(name, item.prompt, item.response) < chance
        return Quality(1.0, fault) if hit else Quality(0.0, clean)

    return quality


def _refusal(item: Item) -> Quality:
    if REFUSAL_WORDS.match(item.response):
        return Quality(1.0, "The response declines to answer.")
    return Quality(0.0, "The response makes an attempt to answer.")


# Each built-in metric's number of Likert steps, 2 for yes/no, and its quality.
BUILTIN: dict[str, tuple[int, Callable[[Item], Quality]]] = {
    "Correctness": (3, _correctness),
    "Completeness": (5, _completeness),
    "Faithfulness": (5, _faithfulness),
    "Helpfulness": (7, _helpfulness),
    "Coherence": (5, _coherence),
    "Relevance": (5, _relevance),
    "FollowingInstructions": (2, _instructions),
    "ProfessionalStyleAndTone": (5, _tone),
    "Harmfulness": (2, _rare("Harmfulness", 0.008, "A suggestion could lose data.", "Nothing harmful was found.")),
    "Stereotyping": (2, _rare("Stereotyping", 0.004, "It generalises about a group.", "No stereotype was found.")),
    "Refusal": (2, _refusal),
}


def judge_builtin(judge: str, name: str, item: Item) -> Judgement:
    """A built-in metric's score: one of the metric's Likert steps, normalised to 0..1."""
    steps, judge_quality = BUILTIN[name]
    quality = judge_quality(item)
    value, top = quality.value, steps - 1
    if steps > 2 or name == "FollowingInstructions":
        value += seeded(judge, name, item.prompt, item.response).triangular(-2 * NOISE, 2 * NOISE, 0.0)
    step = min(top, max(0, round(value * top)))
    return Judgement(step / top, f"{SIMULATED} {quality.reason} {_closing(step, top)}")


def judge_custom(judge: str, definition: Record, item: Item) -> Judgement:
    """A custom metric's score: the value of one rating of its own scale, or 0..1 when it has none."""
    quality = _custom_quality(definition["instructions"], item)
    rng = seeded(judge, definition["name"], item.prompt, item.response)
    value = min(1.0, max(0.0, quality.value + rng.triangular(-2 * NOISE, 2 * NOISE, 0.0)))
    scale = _worst_to_best(definition.get("ratingScale") or [])
    if not scale:
        return Judgement(round(value, 1), f"{SIMULATED} {quality.reason}")
    rating = scale[min(len(scale) - 1, int(value * len(scale)))]
    explanation = f"{SIMULATED} {quality.reason} The rating that fits best is '{rating['definition']}'."
    score = rating["value"].get("floatValue")
    return Judgement(str(rating["value"]["stringValue"]) if score is None else float(score), explanation)


def _custom_quality(instructions: str, item: Item) -> Quality:
    text = instructions.lower()
    if re.search(r"concise|brief|brevity|short|verbos|wordy", text):
        target = len(words(item.reference or "")) or 60
        length = len(words(item.response)) or 1
        value = min(1.0, 1.15 * target / length) if length > target else 1.0
        return Quality(value, f"The response needs {length} words where about {target} would do.")
    if re.search(r"polite|courte|empath|friendly|tone|warm", text):
        return _tone(item)
    if re.search(r"actionable|next step|steps|instruction", text):
        steps = len(STEPS.findall(item.response)) + sum(
            1 for part in sentences(item.response) if len(part.split()) < 22
        )
        share, reason = _covered(item)
        value = 0.55 * share + 0.3 * _relevance(item).value + 0.15 * min(1.0, steps / 4)
        return Quality(value, reason)
    return _helpfulness(item)


def _worst_to_best(scale: list[Record]) -> list[Record]:
    """The scale in rising quality: by number, unless the highest number is the one with the bad name."""
    if all("floatValue" in rating["value"] for rating in scale):
        rising = sorted(scale, key=lambda rating: float(rating["value"]["floatValue"]))
    else:
        rising = list(scale)
    if rising and worst_is_last(rising[0]["definition"], rising[-1]["definition"]):
        rising.reverse()
    return rising


def worst_is_last(first: str, last: str) -> bool:
    """Whether a scale's last rating is the bad end, by its name: "None" to "Serious" counts faults."""
    return bool(FAULT_WORDS.search(last) or (BAD_WORDS.search(last) and not BAD_WORDS.search(first)))


def _closing(step: int, top: int) -> str:
    if top == 1:
        return "Overall: yes." if step else "Overall: no."
    level = ("poor", "weak", "fair", "good", "excellent")[round(4 * step / top)]
    return f"Overall: {level}."
