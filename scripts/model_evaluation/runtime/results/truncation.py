"""Answers that look cut off at the token limit. The result files do not say why an answer ended, so this is a guess."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEWEST_CUT = 5  # answers
CUT_SHARE = 0.02  # of a model's answers
LONG_ANSWER = 400  # characters: a limit that cuts shorter answers would be noticed at once
TOP_BAND = 0.7  # of the longest answer: the same number of tokens is up to so many fewer characters
MOSTLY_CUT = 0.8  # of the answers near the longest
RARELY_CUT = 0.2  # of the shorter ones
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


def truncation_warnings(lengths: NDArray[np.integer[Any]], ragged: NDArray[np.bool_], label: str) -> list[str]:
    """A warning when a model's longest answers mostly end in the middle, all at nearly the same length, while its
    shorter answers do not. A model that never ends its sentences, terse answers and a few ragged ones are no sign.

    ``lengths`` (n,) are in characters, ``ragged`` (n,) what :func:`ends_in_the_middle` says.
    """
    longest = int(lengths.max(initial=0))
    if longest < LONG_ANSWER:
        return []
    near = lengths >= TOP_BAND * longest
    shorter = ~near & (lengths > 0)
    if np.count_nonzero(near) < max(FEWEST_CUT, CUT_SHARE * len(lengths)):
        return []
    if ragged[near].mean() < MOSTLY_CUT or (shorter.any() and ragged[shorter].mean() > RARELY_CUT):
        return []
    cut = lengths[near & ragged]
    found = (
        f"{len(cut)} of {len(lengths)} answers of the {label} end in the middle of a sentence, at {cut.min():,} to "
        f"{cut.max():,} characters, which no answer exceeds by much: they look cut off at the token limit. The result "
        "files do not say why an answer ended; read some of them."
    )
    return [found]
