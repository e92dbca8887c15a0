"""Advice on the words of a custom metric: what makes a judge's score mean little. Only a wrong variable, which hides
from the judge what it is to grade, is refused."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from model_evaluation.kinds.llm_as_judge.metrics.definitions import Rating
from model_evaluation.kinds.llm_as_judge.runtime.metrics import read_ratings

from .findings import as_words, close_match, quoted

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


VARIABLES = ("prompt", "prediction", "ground_truth")
RAG_VARIABLES = ("context", "reference_contexts", "reference_context", "contexts")

_OTHER_VARIABLES = {
    **dict.fromkeys(
        ("response", "model_response", "output", "completion", "answer", "generation", "result"), "prediction"
    ),
    **dict.fromkeys(("input", "question", "query", "instruction", "user_prompt", "request"), "prompt"),
    **dict.fromkeys(
        ("reference", "reference_response", "referenceresponse", "reference_answer", "expected",
         "expected_output", "label", "target", "gold", "groundtruth"),
        "ground_truth",
    ),
}  # fmt: skip
_DOUBLE_BRACES = re.compile(r"\{\{([^{}]*)\}\}")


def without_variables(instructions: str) -> str:
    """The instructions with a space in place of everything in double braces."""
    return _DOUBLE_BRACES.sub(" ", instructions)


def check_variables(instructions: str, place: str, findings: Findings) -> None:
    """Report unknown, misspelt and misplaced variables, and those that are missing."""
    variables: set[str] = set()
    reported: set[str] = set()
    end_of_last = -1
    for match in _DOUBLE_BRACES.finditer(instructions):
        inner = match[1]
        name = inner.strip()
        exact = name if name in VARIABLES else None
        meant = exact or _meant(name)
        if meant:
            variables.add(meant)
            end_of_last = match.end()
        if inner == exact or match[0] in reported:
            continue
        reported.add(match[0])
        braces = quoted(match[0])
        if exact:
            findings.warning(
                "variable_spacing",
                f"{braces} has spaces inside; the documented form has none.",
                place,
                f"Write {{{{{exact}}}}}.",
            )
        elif name.lower() in RAG_VARIABLES:
            findings.error(
                "rag_variable",
                f"{braces} exists only in evaluations of retrieval; here there are {_listed()}.",
                place,
                "Remove it; what the model was given is in {{prompt}}.",
            )
        elif meant or (inner == name and name.isidentifier()):
            fix = f"Write {{{{{meant}}}}}." if meant else f"Use {_listed()}, or remove the double braces."
            if name.lower() in ("system", "system_prompt"):
                fix = "Remove it; no variable carries the system prompt."
            findings.error("unknown_variable", f"{braces} is no variable; expected {_listed()}.", place, fix)
        else:
            findings.warning(
                "literal_braces",
                f"{braces} is no variable and reaches the judge as it stands.",
                place,
                f"Leave it if that is meant; the variables are {_listed()}.",
            )
    single = re.search(r"(?<!\{)\{\s*(prompt|prediction|ground_truth)\s*\}(?!\})", instructions)
    if single:
        findings.warning(
            "single_brace",
            f"{quoted(single[0])} has single braces and is not replaced.",
            place,
            f"Write {{{{{single[1]}}}}}.",
        )
    if not variables & {"prompt", "prediction"}:
        findings.error(
            "no_variables",
            "Neither {{prompt}} nor {{prediction}} occurs; the judge would see nothing to grade.",
            place,
            "End with the inputs, for example: Prompt: {{prompt}} Response: {{prediction}}",
        )
    elif "prediction" not in variables:
        findings.warning(
            "missing_prediction",
            "{{prediction}} does not occur; the judge grades without seeing the model's answer.",
            place,
            "Add {{prediction}} at the end.",
        )
    if end_of_last >= 0 and _has_words(instructions[end_of_last:]):
        findings.warning(
            "variable_not_last",
            "Text follows the last variable; that can spoil the scores.",
            place,
            "Move all directions before the variables.",
        )


def _meant(name: str) -> str | None:
    if name.lower() in RAG_VARIABLES:
        return None
    folded = name.lower().replace(" ", "_").replace("-", "_")
    return _OTHER_VARIABLES.get(folded) or close_match(folded, VARIABLES)


def _listed() -> str:
    return ", ".join(f"{{{{{name}}}}}" for name in VARIABLES)


def _has_words(tail: str) -> bool:
    without_tags = re.sub(r"</[^<>]*>", " ", tail)
    return any(character.isalnum() for character in without_tags)
