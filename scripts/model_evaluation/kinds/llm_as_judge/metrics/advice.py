"""Advice on the words of a custom metric: what makes a judge's score mean little. Never a refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .rating_scale import numeric_values
from .variables import check_variables, without_variables
from .wording import as_words, quoted

if TYPE_CHECKING:
    from .findings import Findings


FEWEST_WORDS = 15
MOST_DEFINITION_WORDS = 5


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_LEADING = (
    "obviously, clearly better, clearly superior, clearly worse, be generous, be lenient, be harsh, "
    "benefit of the doubt, give a high score, give high scores, give a low score, give low scores, "
    "fine tuned model, finetuned model, tuned model, base model, our model, our new model, new model, "
    "should be rated, should score, we believe, we expect, as you know"
)
_FORMATTING = (
    "respond in json, reply in json, answer in json, return json, return a json, return the json, "
    "output json, output a json, output your, output only, return only, only return, only output, "
    "format your, respond with only, respond only with, respond with a number, respond with one, "
    "reply only with, reply with only, answer only with, answer with only, answer with a number, "
    "reply with a number, single number, single digit, a number between, a number from, return a score, "
    "return the score, return a number, your output must, your output should, your answer must be, "
    "your response must be, give your answer as, give your rating as, output format"
)
_VAGUE = (
    "how good, overall quality, general quality, quality of the answer, quality of the response, good or bad, "
    "is good enough, as you see fit, use your judgment, use your judgement, use your own judgment, in your opinion, "
    "and so on, and so forth, etc, if necessary, as appropriate, where appropriate, when appropriate"
)
_GOOD = _words("excellent good great perfect best high correct right yes true pass polite clear helpful safe complete")
_BAD = _words(
    "poor bad terrible worst awful low incorrect wrong no false fail rude unclear unhelpful unsafe incomplete"
)
_DEGREES = _words("very mostly somewhat fully completely rather quite entirely")
_LOWER_IS_BETTER = (
    "harm, toxic, error, hallucinat, bias, rude, refus, violat, risk, leak, unsafe, offens, mistake, omission"
)
_ARTICLES = _words("a an the")
_RATE = _words("rate score assess evaluate judge grade measure check")
_JOINED_BY = _words("and or")
_BEFORE_PAIR = _words("how both")
_BE = _words("is are be being")
_ASKING = _words("whether if should must")
_NO_CRITERION = _words("not nothing to the a an whether if how then so it its does only")


def advise(
    name: str,
    instructions: str,
    ratings: Sequence[Mapping[str, Any]] | None,
    direction: str | None,
    *,
    position: str,
    has_scale: bool,
    found: Findings,
) -> None:
    """Check the words of one metric.

    ``ratings`` are its valid ratings, ``None`` when there are none; ``has_scale`` says whether a scale was
    given at all, valid or not. ``position`` is that of the definition.
    """
    prefix = f"{position}." if position else ""
    place = prefix + "instructions"
    check_variables(instructions, place, found)
    words = as_words(without_variables(instructions))
    _check_task(name, words, place, prefix + "name", found)
    if has_scale:
        phrase = _first_phrase(words, _FORMATTING)
        if phrase:
            found.warning(
                "output_format",
                f'"{phrase}" describes the form of the answer; Bedrock adds that itself from ratingScale.',
                place,
                "Remove it, and leave the form to the rating scale.",
            )
    else:
        found.warning(
            "no_rating_scale",
            "Without ratingScale there is no average and no comparison, only the judge's free text.",
            position or "top level",
            "Add three to five ratings with floatValue.",
        )
    if ratings:
        _check_ratings(instructions, words, ratings, direction, prefix + "ratingScale", found)
    if direction is None:
        _advise_direction(name, position, found)


def _check_task(name: str, words: str, place: str, name_place: str, found: Findings) -> None:
    # Chinese and Japanese are written without spaces: each character counts.
    count = len(words.split()) + sum("\u3040" <= c <= "\u9fff" for c in words)
    if count < FEWEST_WORDS:
        found.warning(
            "short_task",
            f"Words of directions: {count}; a judge needs at least {FEWEST_WORDS}.",
            place,
            "Say what is graded, what earns the best rating and what the worst.",
        )
    phrase = _first_phrase(words, _LEADING)
    if phrase:
        found.warning(
            "leading_wording",
            f'"{phrase}" tells the judge what to find, or which model it looks at.',
            place,
            "Describe the criterion alone.",
        )
    phrase = _first_phrase(words, _VAGUE)
    if phrase:
        found.warning(
            "vague_wording",
            f'"{phrase}" leaves the criterion to the judge, which may read it otherwise from row to row.',
            place,
            "Say what can be seen in the answer: what it states, does or leaves out.",
        )
    if _pair_in_name(name):
        found.warning(
            "two_criteria",
            f"{quoted(name)} joins two criteria; one score cannot say which of them moved.",
            name_place,
            "Make two metrics of it.",
        )
        return
    pair = _pair_in_text(words.split())
    if pair:
        found.warning(
            "two_criteria",
            f"{quoted(pair)} joins two criteria; one score cannot say which of them moved.",
            place,
            "Make two metrics of it, or say that only both together count.",
        )


def _first_phrase(words: str, phrases: str) -> str | None:
    return next((phrase for phrase in phrases.split(", ") if f" {phrase} " in words), None)


def _pair_in_name(name: str) -> bool:
    spaced = "".join(f" {c}" if c.isupper() else c for c in name)
    parts = as_words(spaced).split()
    return any(part in _JOINED_BY for part in parts[1:-1])


def _pair_in_text(words: list[str]) -> str | None:
    """Two criteria joined, as in "how polite and firm" or "whether it is correct and complete"."""
    for i in range(2, len(words) - 1):
        if words[i] not in _JOINED_BY:
            continue
        after = i + 2 if words[i + 1] in _JOINED_BY else i + 1  # "and/or"
        if after >= len(words) or words[after] in _NO_CRITERION or words[i - 1] in _NO_CRITERION:
            continue
        before = words[i - 2]
        rated = before in _RATE or (before == "the" and i >= 3 and words[i - 3] in _RATE)
        # A rating is explained with "is" as well ("is hedged or vague"); only a question or demand joins criteria.
        asked = before in _BE and any(word in _ASKING for word in words[max(0, i - 8) : i - 2])
        if rated or asked or before in _BEFORE_PAIR:
            return " ".join(words[i - 1 : after + 1])
    return None


def _check_ratings(
    instructions: str,
    words: str,
    ratings: Sequence[Mapping[str, Any]],
    direction: str | None,
    place: str,
    found: Findings,
) -> None:
    definitions = [str(rating["definition"]) for rating in ratings]
    for index, definition in enumerate(definitions):
        parts = definition.split()
        if len(parts) > MOST_DEFINITION_WORDS or any(part.lower() in _ARTICLES for part in parts):
            found.warning(
                "definition_wording",
                f"{quoted(definition)} is more than a label; expected at most {MOST_DEFINITION_WORDS} words "
                "without articles.",
                f"{place}[{index}].definition",
                "Shorten it, and explain the label in the instructions.",
            )
    if len(ratings) == 1:
        found.warning(
            "one_rating",
            "One rating: every answer gets the same score.",
            place,
            "Add at least a second rating.",
        )
    missing = [d for d in definitions if as_words(d).strip() and as_words(d) not in words]
    if missing and len(definitions) - len(missing) >= 2:
        found.warning(
            "scale_mismatch",
            f"The instructions name some ratings but not {', '.join(quoted(d) for d in missing)}.",
            place,
            "Use the same words in both, for every rating.",
        )
    numbers = numeric_values(ratings)
    if numbers is None:
        found.warning(
            "label_scale",
            "Labels have no order, so there is no average, no difference and no verdict for this metric.",
            place,
            "Give each rating a floatValue instead.",
        )
        return
    stated = _stated_ranges(instructions)
    if stated and (min(numbers), max(numbers)) not in stated:
        found.warning(
            "scale_mismatch",
            f"The instructions speak of {stated[0][0]:g} to {stated[0][1]:g}, the scale goes from "
            f"{min(numbers):g} to {max(numbers):g}.",
            place,
            "Take the numbers out of the instructions, or make them agree.",
        )
    if numbers not in (sorted(numbers), sorted(numbers, reverse=True)):
        found.warning(
            "scale_order",
            f"The ratings are listed with the values {', '.join(f'{number:g}' for number in numbers)}; a judge reads "
            "the list as a ladder.",
            place,
            "List them from the lowest value to the highest.",
        )
    _check_ends(definitions, numbers, direction, place, found)


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


def _check_ends(
    definitions: list[str], numbers: list[float], direction: str | None, place: str, found: Findings
) -> None:
    good = [n for d, n in zip(definitions, numbers, strict=True) if _meaning(d) > 0]
    bad = [n for d, n in zip(definitions, numbers, strict=True) if _meaning(d) < 0]
    if not good or not bad:
        return
    higher_is_good = min(good) > max(bad)
    lower_is_good = max(good) < min(bad)
    if (direction == "lower" and higher_is_good) or (direction != "lower" and lower_is_good):
        found.warning(
            "scale_direction",
            f"Good ratings have the {'higher' if higher_is_good else 'lower'} values, but "
            f"{'lower' if direction == 'lower' else 'higher'} counts as better.",
            place,
            'Turn the values round, or set "direction" beside customMetricDefinition.',
        )


def _meaning(definition: str) -> int:
    """1 for a label that plainly praises, -1 for one that plainly blames, 0 for the rest."""
    parts = [part for part in as_words(definition).split() if part not in _DEGREES]
    if len(parts) != 1:
        return 0
    return (parts[0] in _GOOD) - (parts[0] in _BAD)


def _advise_direction(name: str, position: str, found: Findings) -> None:
    where = position.removesuffix(".customMetricDefinition").removesuffix("customMetricDefinition")
    folded = name.lower()
    if any(part in folded for part in _LOWER_IS_BETTER.split(", ")):
        found.warning(
            "direction_undeclared",
            f"{quoted(name)} sounds as if less were better; without a direction, higher counts as better.",
            where or "top level",
            'Add "direction": "lower" beside customMetricDefinition, or "higher" to settle it.',
        )
    else:
        found.info(
            "direction_undeclared",
            "No direction is given: higher counts as better.",
            where or "top level",
            'Add "direction": "lower" beside customMetricDefinition if it is the other way round.',
        )
