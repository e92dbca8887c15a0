"""Advice on the words of a custom metric: what makes a judge's score mean little. Only a wrong variable, which hides
from the judge what it is to grade, is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from model_evaluation.kinds.llm_as_judge.metrics.definitions import Rating
from model_evaluation.kinds.llm_as_judge.runtime.metrics import read_ratings

from .definitions import Findings, as_words, quoted

VARIABLES = ("prompt", "prediction", "ground_truth")
FEWEST_WORDS = 15
MOST_DEFINITION_WORDS = 5
ARTICLES = frozenset({"a", "an", "the"})
_DOUBLE_BRACES = re.compile(r"\{\{([^{}]*)\}\}")
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_RANGE = re.compile(rf"{_NUMBER}\s*(?:-|–|—|to|through|and)\s*{_NUMBER}", re.IGNORECASE)


def advise(
    instructions: str, ratings: Sequence[Rating] | None, position: str, *, has_scale: bool, findings: Findings
) -> None:
    """Check the words of one metric, whose definition stands at ``position``.

    ``ratings`` are its valid ratings, ``None`` when there are none; ``has_scale`` says whether a scale was
    given at all, valid or not.
    """
    place = f"{position}.instructions"
    _check_variables(instructions, place, findings)
    words = as_words(_DOUBLE_BRACES.sub(" ", instructions))
    # Chinese and Japanese are written without spaces: each character counts.
    count = len(words.split()) + sum("\u3040" <= c <= "\u9fff" for c in words)
    if count < FEWEST_WORDS:
        findings.add("short_task", place, count=count)
    if "\\n" in instructions:
        findings.add("escaped_twice", place)
    if not has_scale:
        findings.add("no_rating_scale", position)
    if ratings:
        _check_ratings(instructions, words, ratings, f"{position}.ratingScale", findings)


def _check_variables(instructions: str, place: str, findings: Findings) -> None:
    """Report unknown and misplaced variables, and those that are missing."""
    variables: set[str] = set()
    end_of_last = len(instructions)
    for match in _DOUBLE_BRACES.finditer(instructions):
        name, braces = match[1].strip(), quoted(match[0])
        if name in VARIABLES:
            variables.add(name)
            end_of_last = match.end()
            if name != match[1]:
                findings.add("variable_spacing", place, braces=braces)
        elif re.fullmatch(r"[^\W\d][\w -]*", name):
            variables.add(name)
            findings.add("unknown_variable", place, braces=braces)
        else:
            findings.add("literal_braces", place, braces=braces)
    single = re.search(r"(?<!\{)\{\s*(prompt|prediction|ground_truth)\s*\}(?!\})", instructions)
    if single:
        findings.add("single_brace", place, braces=quoted(single[0]))
    if variables <= {"ground_truth"}:
        findings.add("no_variables", place)
    elif variables <= {"ground_truth", "prompt"}:
        findings.add("missing_prediction", place)
    if any(map(str.isalnum, re.sub(r"</[^<>]*>", " ", instructions[end_of_last:]))):
        findings.add("variable_not_last", place)


def _check_ratings(instructions: str, words: str, ratings: Sequence[Rating], place: str, findings: Findings) -> None:
    definitions = [rating["definition"] for rating in ratings]
    for index, definition in enumerate(definitions):
        parts = definition.lower().split()
        if len(parts) > MOST_DEFINITION_WORDS or ARTICLES & {*parts}:
            findings.add("definition_wording", f"{place}[{index}].definition", definition=quoted(definition))
    missing = [quoted(text) for text in definitions if as_words(text).strip() and as_words(text) not in words]
    if missing and len(definitions) - len(missing) >= 2:
        findings.add("scale_mismatch", place, stated="some ratings only", scale=f"{', '.join(missing)} too")
    items = read_ratings(ratings)
    numbers = [item.number for item in items if item.applies]
    if len(numbers) == 1:
        findings.add("one_rating", place)
    if not all(map(math.isfinite, numbers)):
        findings.add("label_scale", place)
        return
    stated = _stated_ranges(instructions)
    if numbers and stated and (min(numbers), max(numbers)) not in stated:
        low, high = stated[0]
        scale = f"{min(numbers):g} to {max(numbers):g}"
        findings.add("scale_mismatch", place, stated=f"{low:g} to {high:g}", scale=scale)
    if numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        findings.add("scale_order", place, values=", ".join(f"{number:g}" for number in numbers))
    for definition, item in zip(definitions, items, strict=True):
        if not item.applies and math.isfinite(item.number):
            findings.add("not_applicable_rating", place, definition=quoted(definition), number=item.number)


def _stated_ranges(instructions: str) -> list[tuple[float, float]]:
    """Ranges of numbers that stand within a few words of "scale", "score" and the like."""
    ranges = []
    for match in _RANGE.finditer(instructions):
        around = as_words(instructions[max(0, match.start() - 40) : match.end() + 20])
        if any(f" {word}" in around for word in ("scale", "scor", "rat", "grade ", "points", "stars")):
            ranges.append((float(match[1]), float(match[2])))
    return ranges
