"""Rows that repeat an earlier one, and prompts with several reference answers."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from heapq import nsmallest

from .findings import FindingsByKind
from .profile import Profile
from .rows.blocks import RowBlock

TEXTS_KEPT = 10_000  # reference answers, which are compared by what they say; those of later rows as they are
CHARS_KEPT = 2_000
_WORD = re.compile(r"-?\d+(?:[.,]\d+)*|[^\W\d_]+|[^\w\s.,;:!?'\"‘’“”()*`]")
_SAYS_NOTHING = frozenset(["the", "a", "an", "is", "are", "it", "its", "s", "answer", "final", "so", "therefore"])
_MANY_ROWS = 1 << 14  # worth loading numpy for
_NO_REFERENCE = hash(None)


class Repetitions:
    """Finds repeated prompts from 24 bytes per row: its line and two 64-bit hashes, of prompt with system text and of
    reference.

    The hash is Python's own (SipHash with a random key per process), so nobody can craft collisions;
    among a million rows one is expected with a chance of 3 in 100 million.
    """

    def __init__(self) -> None:
        self._lines = array("q")
        self._prompts = array("q")
        self._references = array("q")
        self._texts: list[str | None] = []  # reference answers of the first rows

    def see(self, rows: RowBlock) -> None:
        hashes = list(map(hash, zip(rows.prompts, rows.systems, strict=True)))
        for at, content in rows.unseen.items():  # another picture makes another question
            hashes[at] = hash((hashes[at], content))
        self._lines.extend(rows.lines)
        self._prompts.fromlist(hashes)
        self._references.fromlist(list(map(hash, rows.references)))
        if len(self._texts) < TEXTS_KEPT:
            self._texts += [text and text[:CHARS_KEPT] for text in rows.references]

    def conclude(self, findings: FindingsByKind, profile: Profile) -> None:
        """Compare each row with the earlier ones of the same prompt: count those that say what an earlier one says, and
        prompts whose reference answers differ in substance, with the line of one and of one that contradicts it."""
        duplicates = array("q")
        pairs: list[tuple[int, int]] = []
        prompt: int | None = None
        earlier: dict[int, int] = {}  # reference answers, and where they are first given
        conflicting = False
        for index in _by_prompt(self._prompts):
            reference = self._references[index]
            if self._prompts[index] != prompt:
                prompt, earlier, conflicting = self._prompts[index], {reference: index}, False
                continue
            profile.repeated_prompts += 1
            if reference in earlier:
                duplicates.append(self._lines[index])
            elif reference != _NO_REFERENCE and not conflicting:
                others = (at for answer, at in earlier.items() if answer != _NO_REFERENCE)
                contradicted = next((at for at in others if self._differ(at, index)), None)
                if contradicted is not None:
                    conflicting = True
                    pairs.append((self._lines[index], self._lines[contradicted]))
            earlier.setdefault(reference, index)
        profile.duplicates, profile.conflicting_references = len(duplicates), len(pairs)
        if duplicates:
            findings.add_lines("duplicate_row", len(duplicates), nsmallest(findings.lines_kept, duplicates))
        if pairs:
            lines = [line for pair in sorted(pairs) for line in reversed(pair)]
            findings.add_lines("conflicting_reference", len(pairs), lines)

    def _differ(self, one: int, other: int) -> bool:
        """Whether two different reference answers say different things; of rows beyond the first ones they do."""
        if max(one, other) >= len(self._texts):
            return True
        return substance(self._texts[one] or "") != substance(self._texts[other] or "")


def substance(text: str) -> tuple[str, ...]:
    """What a reference answer says: its words and numbers, without capitals, punctuation, articles and "the answer
    is"."""
    words = _WORD.findall(text.casefold())
    told = tuple(_number(word) for word in words if word not in _SAYS_NOTHING)
    return told or tuple(words) or (text.strip(),)


def _number(word: str) -> str:
    """ "1,000.50" and "1000.5" are one number."""
    if not word[-1].isdigit():
        return word
    digits = word.replace(",", "")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def _by_prompt(prompts: array[int]) -> Iterator[int]:
    """Positions in the order of their prompts, then of their lines; of a prompt that occurs once it may be left out."""
    if len(prompts) < _MANY_ROWS:
        yield from sorted(range(len(prompts)), key=prompts.__getitem__)
        return
    import numpy as np

    keys = np.frombuffer(prompts, np.int64)
    ordered = np.sort(keys)
    if not (ordered[1:] == ordered[:-1]).any():
        return
    del ordered
    order = np.argsort(keys, kind="stable")
    same = keys[order[1:]] == keys[order[:-1]]
    order = order[np.append(same, False) | np.append(False, same)]
    for start in range(0, len(order), _MANY_ROWS):
        yield from order[start : start + _MANY_ROWS].tolist()
