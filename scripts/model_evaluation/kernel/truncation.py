"""Answers that look cut off at the token limit. The result files do not say why an answer ended, so this is a guess."""

from __future__ import annotations

import re
from collections.abc import Sequence

FEWEST_CUT = 5  # answers
CUT_SHARE = 0.02  # of a model's answers
LONG_ANSWER = 400  # characters: a limit that cuts shorter answers would be noticed at once
TOP_BAND = 0.7  # of the longest answer: the same number of tokens is up to so many fewer characters
MOSTLY_CUT = 0.8  # of the answers near the longest
RARELY_CUT = 0.2  # of the shorter ones
ENDS_LOOKED_AT = 1_000  # of either kind
# Lines that end without a full stop when they are whole: of lists, tables, headings, and "Name: value".
WHOLE_LINE = re.compile(r"\s*(?:[-*•+>|#=]|\(?\w{1,3}[.)]\s|[\w \"'/-]{1,40}[:=])")


def ends_in_the_middle(answer: str) -> bool:
    """Whether an answer's last line is running text that stops after a letter, a digit or a comma.

    In doubt it does not: a last line of a list, a table or a form counts as whole, and so does anything that ends in
    a sign, a bracket or an emoji.
    """
    text = answer[-400:].rstrip()
    if not text or not (text[-1].isalnum() or text[-1] in ",、，("):
        return False
    return not WHOLE_LINE.match(text.rpartition("\n")[2])


def truncation_warnings(answers: Sequence[str], label: str) -> list[str]:
    """A warning when a model's longest answers mostly end in the middle, all at nearly the same length, while its
    shorter answers do not. A model that never ends its sentences, terse answers and a few ragged ones are no sign."""
    lengths = [len(answer) for answer in answers]
    longest = max(lengths, default=0)
    if longest < LONG_ANSWER:
        return []
    near = [answer for answer, length in zip(answers, lengths, strict=True) if length >= TOP_BAND * longest]
    shorter = [answer for answer, length in zip(answers, lengths, strict=True) if 0 < length < TOP_BAND * longest]
    if len(near) < max(FEWEST_CUT, CUT_SHARE * len(answers)):
        return []
    if _cut_share(near) < MOSTLY_CUT or _cut_share(shorter) > RARELY_CUT:
        return []
    cut = [len(answer) for answer in near if ends_in_the_middle(answer)]
    return [
        f"{len(cut)} of {len(answers)} answers of the {label} end in the middle of a sentence, at {min(cut):,} to "
        f"{max(cut):,} characters, which no answer exceeds by much: they look cut off at the token limit. The result "
        "files do not say why an answer ended; read some of them."
    ]


def _cut_share(answers: Sequence[str]) -> float:
    """Share that ends in the middle, among at most a thousand evenly spaced ones; 0 for none."""
    some = answers[:: max(1, len(answers) // ENDS_LOOKED_AT)]
    return sum(map(ends_in_the_middle, some)) / len(some) if some else 0.0
