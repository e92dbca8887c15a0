"""Texts that are almost the same.

Candidates are pairs that share a run of four words (an exact index, no sketch); how similar they are is
measured by rapidfuzz. A run found in more than ``_COMMON`` texts says nothing and is passed over, so
that boilerplate does not make everything a candidate.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module

NEAR = 90.0  # of 100: about one character in ten differs
_RUN_WORDS = 4
_COMMON = 50
_CHARS_COMPARED = 2000  # of a longer text half from its beginning, which many may share, and half from its end
_WORD = re.compile(r"\w+|[^\w\s.,;:?!…'\"‘’“”]")  # signs count as words, but for those that end or quote sentences


def all_words(text: str) -> list[str]:
    """The words and signs in lower case: what stays when spacing and the punctuation of sentences change."""
    return _WORD.findall(text.casefold())


def words_of(text: str) -> list[str]:
    """The words that are compared with those of other texts."""
    if len(text) > _CHARS_COMPARED:
        text = f"{text[: _CHARS_COMPARED // 2]} {text[-_CHARS_COMPARED // 2 :]}"
    return all_words(text)


def similarity() -> Callable[..., float] | None:
    """rapidfuzz's ratio (0 to 100), or ``None`` when it is not installed."""
    try:
        ratio: Callable[..., float] = import_module("rapidfuzz.fuzz").ratio
    except ImportError:
        return None
    return ratio


class SimilarTexts:
    """Texts by the runs of words they hold. Memory grows with the words of the texts added."""

    def __init__(self, ratio: Callable[..., float]) -> None:
        self._ratio = ratio
        self._texts: list[str] = []
        self._runs: dict[int, array[int]] = {}

    def add(self, words: list[str]) -> int:
        """Add a text; its number counts from 0."""
        number = len(self._texts)
        self._texts.append(" ".join(words))
        for run in _runs_of(words):
            numbers = self._runs.get(run)
            if numbers is None:
                self._runs[run] = array("L", [number])
            elif len(numbers) <= _COMMON:
                numbers.append(number)
        return number

    def similar(self, words: list[str]) -> list[int]:
        """Every added text that is similar by ``NEAR`` or more (of the ``_COMMON`` that share most with it)."""
        return [number for _, number in self._scores(words)]

    def _scores(self, words: list[str]) -> Iterator[tuple[float, int]]:
        shared: Counter[int] = Counter()
        for run in _runs_of(words):
            numbers = self._runs.get(run)
            if numbers is not None and len(numbers) <= _COMMON:
                shared.update(numbers)
        text = " ".join(words)
        for number, _ in shared.most_common(_COMMON):
            score = self._ratio(text, self._texts[number], score_cutoff=NEAR)
            if score > 0:
                yield score, number


def _runs_of(words: list[str]) -> Iterator[int]:
    if len(words) <= _RUN_WORDS:
        if words:
            yield hash(tuple(words))
        return
    for start in range(len(words) - _RUN_WORDS + 1):
        yield hash(tuple(words[start : start + _RUN_WORDS]))
