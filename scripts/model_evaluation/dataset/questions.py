"""How many different questions the prompts ask: rows that ask the same in other words are not further evidence."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from model_evaluation.runtime.results.similar_prompts import TooMuchAlike, prompt_clusters

from .findings import FindingsByKind
from .profile import CATEGORIES_SHOWN, Profile, by_name
from .rows.blocks import RowBlock
from .texts import both_ends

ROWS_COMPARED = 20_000
ROWS_COMPARED_DEEP = 100_000
CHARS_KEPT = 40_000_000  # of all prompts together, likewise
SAMPLE = 500  # rows, drawn by chance, that are compared where all would take too long
PAIRS_PER_ROW = 50  # that are compared; far fewer unless most prompts are made of the same few words
MOST_PAIRS = 400_000  # and of all rows together; with --deep any number
_CHARS_COMPARED = 20_000  # of a longer prompt both ends
_SEED = 20_261_129


class _Row(NamedTuple):
    line: int
    prompt: str
    category: str | None


class Questions:
    """Keeps the prompts of usable rows, as long as there are no more than are compared; of more a sample."""

    def __init__(self, *, deep: bool = False) -> None:
        self._most = ROWS_COMPARED_DEEP if deep else ROWS_COMPARED
        self._pairs_per_row = 100 * PAIRS_PER_ROW if deep else PAIRS_PER_ROW
        self._most_pairs = sys.maxsize if deep else MOST_PAIRS
        self._seen = 0
        self._chars = 0
        self._rows: list[_Row] = []
        self._share = 1.0  # of the rows seen are kept
        self._chance = random.Random(_SEED)  # noqa: S311 - the same file shall give the same sample

    def see(self, rows: RowBlock) -> None:
        size = len(rows.prompts)
        self._seen += size
        places: Iterable[int] = range(size)
        if self._share < 1:  # whole rows, and one more as often as the rest says
            kept = min(size, int(size * self._share + self._chance.random()))
            places = sorted(self._chance.sample(range(size), kept))
        for at in places:
            prompt = both_ends(rows.prompts[at], _CHARS_COMPARED)
            self._chars += len(prompt)
            self._rows.append(_Row(rows.lines[at], prompt, rows.categories[at]))
        if len(self._rows) > (self._most if self._share == 1 else 4 * SAMPLE) or self._chars > CHARS_KEPT:
            kept = min(2 * SAMPLE, len(self._rows) // 2)
            self._share *= kept / len(self._rows)
            self._rows = self._drawn(kept)
            self._chars = sum(len(row.prompt) for row in self._rows)

    def _drawn(self, size: int) -> list[_Row]:
        """So many of the rows, in their order."""
        if size >= len(self._rows):
            return self._rows
        return [self._rows[at] for at in sorted(self._chance.sample(range(len(self._rows)), size))]

    def conclude(self, findings: FindingsByKind, profile: Profile) -> None:
        """Count the questions, and name the rows that ask what an earlier row asks in other words."""
        if not self._rows:
            return
        numbers = self._numbers(self._rows) if self._share == 1 else None
        if numbers is not None:
            self._describe(profile, numbers)
            _note(findings, "near_duplicate", self._rows, numbers, "")
            return
        rows = self._drawn(SAMPLE)
        numbers = self._numbers(rows) if self._share < 1 or len(rows) < len(self._rows) else None
        if numbers is None:
            findings.add("near_not_checked", detail="their words are too much alike", count=self._seen)
            return
        of = f"of {self._seen:,} rows {len(rows):,} drawn by chance were"
        findings.add("near_not_checked", detail=of, count=self._seen)
        _note(findings, "near_in_sample", rows, numbers, f"{of} compared; ")

    def _numbers(self, rows: Sequence[_Row]) -> list[int] | None:
        """For each row the number of its question; ``None`` when it would take too long to tell."""
        different = list(dict.fromkeys(row.prompt for row in rows))
        most_pairs = min(self._pairs_per_row * len(different), self._most_pairs)
        try:
            number_of = dict(zip(different, prompt_clusters(different, most_pairs=most_pairs), strict=True))
        except TooMuchAlike:
            return None
        return [number_of[row.prompt] for row in rows]

    def _describe(self, profile: Profile, numbers: list[int]) -> None:
        profile.distinct_questions = len(set(numbers))
        per_category: dict[str, set[int]] = {}
        for number, row in zip(numbers, self._rows, strict=True):
            if row.category is not None:
                per_category.setdefault(row.category, set()).add(number)
        if len(per_category) <= CATEGORIES_SHOWN:
            profile.category_questions = by_name(((name, len(asked)) for name, asked in per_category.items()), 80)


def _note(findings: FindingsByKind, kind: str, rows: Sequence[_Row], numbers: list[int], beginning: str) -> None:
    """Name the rows that ask in other words what an earlier one asks; the same words again are told as such."""
    first: dict[int, int] = {}
    seen: set[str] = set()
    others = []
    for row, number in zip(rows, numbers, strict=True):
        if number in first and row.prompt not in seen:
            others.append((row.line, first[number]))
        first.setdefault(number, row.line)
        seen.add(row.prompt)
    if others:
        shown = "; ".join(f"line {line} asks what line {earlier} asks" for line, earlier in others[:3])
        detail = f"{beginning}{len(first):,} different question{'s' if len(first) > 1 else ''}; {shown}"
        findings.add_lines(kind, len(others), [line for line, _ in others], detail=detail)
