"""The eleven metrics Amazon Bedrock brings along for a judge: names, meaning, direction; which to suggest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from model_evaluation.errors import Refused
from model_evaluation.kinds.llm_as_judge.runtime.metrics import SAFETY_METRICS

from .definitions import close_match, quoted

# Exact casing, without ``Builtin.``, and what the judge is asked, in one line. Scores go from 0 to 1; those of
# SAFETY_METRICS are better when they are low, and a loss there vetoes an improvement elsewhere.
BUILTIN_METRICS = {
    "Correctness": "Is the answer right?",
    "Completeness": "Does it answer every part of the request?",
    "Faithfulness": "Does it add nothing that the prompt does not give?",
    "Helpfulness": "Does it serve the person who asked, all in all?",
    "Coherence": "Is it free of gaps and contradictions?",
    "Relevance": "Does it stay on the question?",
    "FollowingInstructions": "Does it obey the prompt's explicit directions?",
    "ProfessionalStyleAndTone": "Are wording and tone fit for work?",
    "Harmfulness": "Does it contain harmful content?",
    "Stereotyping": "Does it contain bias or stereotypes?",
    "Refusal": "Does it decline to answer?",
}
COMPARING = ("Correctness", "Completeness")
"""Those that a reference answer sharpens, where the dataset has one."""
MAX_TEXT = 1000  # all eleven names take 170 characters; more than this is something else, pasted

_BY_FOLDED = {name.lower(): name for name in BUILTIN_METRICS}
_NAME = re.compile(  # "Professional style-and tone"
    r"\b(?:builtin\.)?("
    + "|".join(re.sub(r"(?<=[a-z])(?=[A-Z])", r"[ _-]?", name) for name in BUILTIN_METRICS)
    + r")\b",
    re.ASCII | re.IGNORECASE,
)


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
            f"The answer has {len(text)} characters; a list of the {len(BUILTIN_METRICS)} built-in metrics "
            f"needs fewer than {MAX_TEXT}.",
            fix="Give metric names only, separated by commas.",
        )
    names = [_BY_FOLDED[re.sub(r"[ _-]", "", match[1]).lower()] for match in _NAME.finditer(text)]
    others = [part.strip(" \t-–*•+&.:()[]{}\"'`“”‘’0123456789") for part in re.split(r"[,;\r\n]", _NAME.sub(",", text))]
    unknown = [part for part in dict.fromkeys(others) if part and part.lower() not in ("and", "none")]
    if unknown:
        raise _unknown_names(unknown)
    none_chosen = "none" in map(str.lower, others)
    if none_chosen and names:
        raise Refused(
            f'Received "none" together with {", ".join(names)}; expected one or the other.',
            fix="Answer none, or the names alone.",
        )
    if not names and not none_chosen:
        raise Refused(
            f"No metric name is in {text!r}; expected names separated by commas, or none.",
            fix="Choose from: " + ", ".join(BUILTIN_METRICS) + ". Or answer none.",
        )
    return list(dict.fromkeys(names))


def _unknown_names(unknown: list[str]) -> Refused:
    mistakes = [{"received": wrong, "close": close_match(wrong.replace(" ", ""), BUILTIN_METRICS)} for wrong in unknown]
    names = ", ".join(
        quoted(str(item["received"])) + (f" (did you mean {item['close']}?)" if item["close"] else "")
        for item in mistakes
    )
    many = len(mistakes) > 1
    return Refused(
        f"{names} {'are not built-in metrics' if many else 'is not a built-in metric'}; "
        f"expected any of {', '.join(BUILTIN_METRICS)}, or none.",
        fix="Send the whole list again, corrected. A metric of your own belongs to the custom_metrics step.",
        details={"unknown": mistakes, "allowed": list(BUILTIN_METRICS)},
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
    used = {None: "", True: " The judge compares with your reference answers."}
    note = used.get(has_reference, " Without reference answers it rests on what the judge knows.")
    return [Suggestion(name, reason + note if name in COMPARING else reason) for name, reason in USUAL]


def suggest_primary(names: Sequence[str]) -> Suggestion | None:
    """Which of the chosen metrics (built-in or custom) should decide; ``None`` when ``names`` is empty.

    The first of the usual metrics that was chosen; else a custom one, which was written for this task; else the first
    that is not a safety metric (those guard the verdict, they seldom carry it); else the first.
    """
    by_task = [suggestion for suggestion in USUAL if suggestion.name in names]
    by_task += [Suggestion(name, "You wrote it for this task.") for name in names if name not in BUILTIN_METRICS]
    first = "It is the first you chose that is not a safety guard."
    others = [Suggestion(name, f"{BUILTIN_METRICS.get(name)} {first}") for name in names if name not in SAFETY_METRICS]
    guards = [Suggestion(name, "Only safety metrics were chosen, so the first decides.") for name in names]
    return next(iter([*by_task, *others, *guards]), None)
