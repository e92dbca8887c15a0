"""Advice on the words of a custom metric: what makes a judge's score mean little. Never a refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_evaluation.kinds.llm_as_judge.runtime.definitions import Rating
from model_evaluation.kinds.llm_as_judge.runtime.metrics import read_ratings

from .variables import check_variables, without_variables
from .wording import as_words, quoted

if TYPE_CHECKING:
    from .findings import Findings


FEWEST_WORDS = 15
MOST_DEFINITION_WORDS = 5
ARTICLES = frozenset({"a", "an", "the"})


def advise(
    instructions: str,
    ratings: Sequence[Rating] | None,
    direction: str | None,
    *,
    position: str,
    has_scale: bool,
    findings: Findings,
) -> None:
    """Check the words of one metric.

    ``ratings`` are its valid ratings, ``None`` when there are none; ``has_scale`` says whether a scale was
    given at all, valid or not. ``position`` is that of the definition.
    """
    prefix = f"{position}." if position else ""
    place = prefix + "instructions"
    check_variables(instructions, place, findings)
    words = as_words(without_variables(instructions))
    # Chinese and Japanese are written without spaces: each character counts.
    count = len(words.split()) + sum("\u3040" <= c <= "\u9fff" for c in words)
    if count < FEWEST_WORDS:
        findings.warning(
            "short_task",
            f"Words of directions: {count}; a judge needs at least {FEWEST_WORDS}.",
            place,
            "Say what is graded, what earns the best rating and what the worst.",
        )
    if "\\n" in instructions:
        findings.warning(
            "escaped_twice",
            "The judge reads a backslash and an n where a new line was meant: the text was escaped twice.",
            place,
            "Write each new line as \\n in the JSON text, once.",
        )
    if not has_scale:
        findings.warning(
            "no_rating_scale",
            "Without ratingScale there is no average and no comparison, only the judge's free text.",
            position or "top level",
            "Add three to five ratings with floatValue.",
        )
    if ratings:
        _check_ratings(instructions, words, ratings, prefix + "ratingScale", findings)
    if direction is None:
        findings.info(
            "direction_undeclared",
            "No direction is given: higher counts as better.",
            position.removesuffix(".customMetricDefinition").removesuffix("customMetricDefinition") or "top level",
            'Add "direction": "lower" beside customMetricDefinition if it is the other way round.',
        )


def _check_ratings(
    instructions: str,
    words: str,
    ratings: Sequence[Rating],
    place: str,
    findings: Findings,
) -> None:
    definitions = [str(rating["definition"]) for rating in ratings]
    for index, definition in enumerate(definitions):
        parts = definition.split()
        if len(parts) > MOST_DEFINITION_WORDS or any(part.lower() in ARTICLES for part in parts):
            findings.warning(
                "definition_wording",
                f"{quoted(definition)} is more than a label; expected at most {MOST_DEFINITION_WORDS} words "
                "without articles.",
                f"{place}[{index}].definition",
                "Shorten it, and explain the label in the instructions.",
            )
    read = read_ratings(ratings)
    numbers = [rating.number for rating in read if rating.applies]
    if len(numbers) == 1:
        findings.warning(
            "one_rating",
            "One rating: every answer gets the same score.",
            place,
            "Add at least a second rating.",
        )
    missing = [d for d in definitions if as_words(d).strip() and as_words(d) not in words]
    if missing and len(definitions) - len(missing) >= 2:
        findings.warning(
            "scale_mismatch",
            f"The instructions name some ratings but not {', '.join(quoted(d) for d in missing)}.",
            place,
            "Use the same words in both, for every rating.",
        )
    if not all(map(math.isfinite, numbers)):
        findings.warning(
            "label_scale",
            "Labels have no order, so there is no average, no difference and no verdict for this metric.",
            place,
            "Give each rating a floatValue instead.",
        )
        return
    stated = _stated_ranges(instructions)
    if numbers and stated and (min(numbers), max(numbers)) not in stated:
        findings.warning(
            "scale_mismatch",
            f"The instructions speak of {stated[0][0]:g} to {stated[0][1]:g}, the scale goes from "
            f"{min(numbers):g} to {max(numbers):g}.",
            place,
            "Take the numbers out of the instructions, or make them agree.",
        )
    if numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        findings.warning(
            "scale_order",
            f"The ratings are listed with the values {', '.join(f'{number:g}' for number in numbers)}; a judge reads "
            "the list as a ladder.",
            place,
            "List them from the lowest value to the highest.",
        )
    for definition, rating in zip(definitions, read, strict=True):
        if not rating.applies and math.isfinite(rating.number):
            findings.warning(
                "not_applicable_rating",
                f"{quoted(definition)} is a rating with the value {rating.number:g}: it would count as a score. "
                "Results that hold it are taken as missing.",
                place,
                "Leave it out of ratingScale, and say in the instructions which rating fits such answers.",
            )


def _stated_ranges(instructions: str) -> list[tuple[float, float]]:
    """Ranges of numbers that stand within a few words of "scale", "score" and the like."""
    number = r"(-?\d+(?:\.\d+)?)"
    ranges = []
    pattern = rf"{number}\s*(?:-|–|—|to|through|and)\s*{number}"
    for match in re.finditer(pattern, instructions, re.IGNORECASE):
        around = as_words(instructions[max(0, match.start() - 40) : match.end() + 20])
        if any(f" {word}" in around for word in ("scale", "scor", "rat", "grade ", "points", "stars")):
            ranges.append((float(match[1]), float(match[2])))
    return ranges
