"""The eleven metrics Amazon Bedrock brings along for a judge: names, meaning, direction; which to suggest."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from model_evaluation.errors import Refused

from .findings import close_match, quoted


@dataclass(frozen=True)
class BuiltinMetric:
    """One built-in metric.

    ``name``            exact casing, without ``Builtin.``
    ``meaning``         what the judge is asked, in one line
    ``direction``       "higher" or "lower": which end of the 0-1 score is better
    ``ground_truth``    "optional" (sharpens the score when the dataset has it) or "unused"
    ``safety``          whether a regression vetoes an improvement elsewhere
    """

    name: str
    meaning: str
    direction: str
    ground_truth: str
    safety: bool


BUILTIN_METRICS = (
    BuiltinMetric("Correctness", "Is the answer right?", "higher", "optional", False),
    BuiltinMetric("Completeness", "Does it answer every part of the request?", "higher", "optional", False),
    BuiltinMetric("Faithfulness", "Does it add nothing that the prompt does not give?", "higher", "unused", False),
    BuiltinMetric("Helpfulness", "Does it serve the person who asked, all in all?", "higher", "unused", False),
    BuiltinMetric("Coherence", "Is it free of gaps and contradictions?", "higher", "unused", False),
    BuiltinMetric("Relevance", "Does it stay on the question?", "higher", "unused", False),
    BuiltinMetric("FollowingInstructions", "Does it obey the prompt's explicit directions?", "higher", "unused", False),
    BuiltinMetric("ProfessionalStyleAndTone", "Are wording and tone fit for work?", "higher", "unused", False),
    BuiltinMetric("Harmfulness", "Does it contain harmful content?", "lower", "unused", True),
    BuiltinMetric("Stereotyping", "Does it contain bias or stereotypes?", "lower", "unused", True),
    BuiltinMetric("Refusal", "Does it decline to answer?", "lower", "unused", True),
)
BUILTIN_NAMES = tuple(metric.name for metric in BUILTIN_METRICS)

MAX_TEXT = 1000  # all eleven names take 170 characters; more than this is something else, pasted

# Words people use for a metric of another name; the first word is compared letter by letter.
_OTHER_WORDS = {
    "accuracy": "Correctness",
    "accurate": "Correctness",
    "exactmatch": "Correctness",
    "logicalcoherence": "Coherence",
    "fluency": "Coherence",
    "hallucination": "Faithfulness",
    "hallucinations": "Faithfulness",
    "groundedness": "Faithfulness",
    "coverage": "Completeness",
    "usefulness": "Helpfulness",
    "toxicity": "Harmfulness",
    "safety": "Harmfulness",
    "harm": "Harmfulness",
    "bias": "Stereotyping",
    "fairness": "Stereotyping",
    "refusals": "Refusal",
    "tone": "ProfessionalStyleAndTone",
    "style": "ProfessionalStyleAndTone",
    "professionalism": "ProfessionalStyleAndTone",
    "format": "FollowingInstructions",
    "instructionfollowing": "FollowingInstructions",
}
_BY_FOLDED = {name.lower(): name for name in BUILTIN_NAMES}
_LONGEST_NAME = 4  # words: "professional style and tone"
_QUOTES_AND_BRACKETS = str.maketrans(dict.fromkeys("[](){}\"'`“”‘’", " "))
_BULLETS = frozenset(["-", "–", "*", "•", "+", "&"])


def builtin_metric(name: str) -> BuiltinMetric | None:
    """The built-in metric with exactly this name, or ``None``."""
    return next((metric for metric in BUILTIN_METRICS if metric.name == name), None)


def is_builtin_name(name: str) -> bool:
    """Whether ``name``, in any case and with or without ``Builtin.``, belongs to a built-in metric."""
    return name.lower().removeprefix("builtin.") in _BY_FOLDED


def parse_builtin(text: str) -> list[str]:
    """The metrics named in ``text``, in exact casing, in the order given, each once.

    Names stand between commas, semicolons, spaces or lines, in any case, with or without ``Builtin.``;
    words inside a name may be joined by spaces, hyphens or underscores ("following instructions").
    ``none`` gives an empty list.

    Raises
    ------
    Refused
        For empty or over-long text, ``none`` among other names, and unknown names: all of them at once,
        under ``details`` as ``{"unknown": [{"received", "close"}], "allowed": [...]}``.
    """
    if len(text) > MAX_TEXT:
        raise Refused(
            f"The answer has {len(text)} characters; a list of the {len(BUILTIN_NAMES)} built-in metrics "
            f"needs fewer than {MAX_TEXT}.",
            fix="Give metric names only, separated by commas.",
        )
    names: list[str] = []
    unknown: list[str] = []
    none_chosen = False
    separated = text.translate(_QUOTES_AND_BRACKETS).replace(";", ",").replace("\n", ",").replace("\r", ",")
    for segment in separated.split(","):
        words = [word for word in segment.split() if not _is_bullet(word)]
        position = 0
        while position < len(words):
            name, count = _longest_name(words, position)
            if name:
                names.append(name)
            elif _folded(words[position]) == "none":
                none_chosen = True
            elif words[position].lower() != "and":
                wrong, count = _unknown_name(words, position)
                unknown.append(wrong)
            position += count
    if unknown:
        raise _unknown_names(unknown)
    if none_chosen and names:
        raise Refused(
            f'Received "none" together with {", ".join(names)}; expected one or the other.',
            fix="Answer none, or the names alone.",
        )
    if not names and not none_chosen:
        raise Refused(
            f"No metric name is in {text!r}; expected names separated by commas, or none.",
            fix="Choose from: " + ", ".join(BUILTIN_NAMES) + ". Or answer none.",
        )
    return list(dict.fromkeys(names))


def _is_bullet(word: str) -> bool:
    return word in _BULLETS or word.rstrip(".)").isdigit()


def _folded(word: str) -> str:
    bare = word.lower().removeprefix("builtin.").rstrip(".:")
    return bare.replace("-", "").replace("_", "").replace(" ", "")


def _longest_name(words: list[str], start: int) -> tuple[str | None, int]:
    """The name that the words from ``start`` spell, and how many words it took (1 if none)."""
    for count in range(min(_LONGEST_NAME, len(words) - start), 0, -1):
        name = _BY_FOLDED.get(_folded(" ".join(words[start : start + count])))
        if name:
            return name, count
    return None, 1


def _unknown_name(words: list[str], start: int) -> tuple[str, int]:
    """How many of the words from ``start`` belong to one misspelt name: those most like a real name."""
    best, longest = 0.75, 1
    for count in range(1, min(_LONGEST_NAME, len(words) - start) + 1):
        spelling = _folded(" ".join(words[start : start + count]))
        for candidate in _BY_FOLDED:
            ratio = difflib.SequenceMatcher(None, spelling, candidate).ratio()
            if ratio > best:
                best, longest = ratio, count
    return " ".join(words[start : start + longest]), longest


def _unknown_names(unknown: list[str]) -> Refused:
    mistakes = []
    for wrong in dict.fromkeys(unknown):
        close = _OTHER_WORDS.get(_folded(wrong)) or close_match(_folded(wrong), BUILTIN_NAMES)
        mistakes.append({"received": wrong, "close": close})
    names = ", ".join(
        quoted(str(item["received"])) + (f" (did you mean {item['close']}?)" if item["close"] else "")
        for item in mistakes
    )
    many = len(mistakes) > 1
    return Refused(
        f"{names} {'are not built-in metrics' if many else 'is not a built-in metric'}; "
        f"expected any of {', '.join(BUILTIN_NAMES)}, or none.",
        fix="Send the whole list again, corrected. A metric of your own belongs to the custom_metrics step.",
        details={"unknown": mistakes, "allowed": list(BUILTIN_NAMES)},
    )


class Suggestion(NamedTuple):
    """A metric worth choosing, and the reason in one sentence."""

    name: str
    reason: str


# A set that fits most tasks. Which metrics fit a certain task better stands in references/builtin-metrics.md, for the
# assistant, who knows the task.
USUAL = (
    Suggestion("Correctness", "Whatever the task, a wrong answer is a bad one."),
    Suggestion("Completeness", "An answer that leaves parts out is easy to overlook."),
    Suggestion("Helpfulness", "It sums up how a person would judge the answer."),
    Suggestion("FollowingInstructions", "Tuning can cost obedience to the prompt."),
)


def suggest_builtin(has_reference: bool | None = None) -> list[Suggestion]:
    """Four metrics that fit most tasks, the one that should decide first.

    ``has_reference`` says whether the dataset has ground truth (``None``: not known yet); the reasons for
    the metrics that use it say so.
    """
    return [Suggestion(name, _with_reference(reason, name, has_reference)) for name, reason in USUAL]


def _with_reference(reason: str, name: str, has_reference: bool | None) -> str:
    metric = builtin_metric(name)
    if metric is None or metric.ground_truth == "unused" or has_reference is None:
        return reason
    if has_reference:
        return reason + " The judge compares with your reference answers."
    return reason + " Without reference answers it rests on what the judge knows."


def suggest_primary(names: Sequence[str]) -> Suggestion | None:
    """Which of the chosen metrics (built-in or custom) should decide; ``None`` when ``names`` is empty.

    The first of the usual metrics that was chosen; else a custom one, which was written for this task; else the first
    that is not a safety metric (those guard the verdict, they seldom carry it); else the first.
    """
    for suggestion in USUAL:
        if suggestion.name in names:
            return suggestion
    for name in names:
        if builtin_metric(name) is None:
            return Suggestion(name, "You wrote it for this task.")
    for name in names:
        metric = builtin_metric(name)
        if metric is not None and not metric.safety:
            return Suggestion(name, f"{metric.meaning} It is the first you chose that is not a safety guard.")
    return Suggestion(names[0], "Only safety metrics were chosen, so the first decides.") if names else None
