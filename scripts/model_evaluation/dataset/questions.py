"""How many different questions the prompts ask: rows that ask the same in other words are no further evidence."""

from __future__ import annotations

from model_evaluation.runtime.results.similar_prompts import TooMuchAlike, prompt_clusters

from .findings import FindingsByKind
from .profile import CATEGORIES_SHOWN, Profile, by_name
from .rows.reading import UsableRows

ROWS_COMPARED = 5_000
ROWS_COMPARED_DEEP = 20_000
PAIRS_PER_ROW = 50  # that are compared; far fewer unless most prompts are made of the same few words
_CHARS_COMPARED = 20_000  # of a longer prompt half from its beginning, which many may share, and half from its end


class Questions:
    """Keeps the prompts of usable rows, as long as there are no more than are compared."""

    def __init__(self, *, deep: bool = False) -> None:
        self._most = ROWS_COMPARED_DEEP if deep else ROWS_COMPARED
        self._pairs_per_row = 100 * PAIRS_PER_ROW if deep else PAIRS_PER_ROW
        self._rows = 0
        self._lines: list[int] = []
        self._prompts: list[str] = []
        self._categories: list[str | None] = []

    def see(self, rows: UsableRows) -> None:
        self._rows += len(rows.prompts)
        if self._rows > self._most:
            self._prompts = []
            return
        self._lines += rows.lines
        self._prompts += [_both_ends(prompt) for prompt in rows.prompts]
        self._categories += rows.categories

    def conclude(self, findings: FindingsByKind, profile: Profile) -> None:
        """Count the questions, and name the rows that ask what an earlier row asks in other words."""
        if not self._rows:
            return
        if not self._prompts:
            detail = f"datasets of up to {self._most:,} rows are"
            findings.add("near_not_checked", detail=detail, count=self._rows)
            return
        different = list(dict.fromkeys(self._prompts))
        try:
            found = prompt_clusters(different, most_pairs=self._pairs_per_row * len(different))
        except TooMuchAlike:
            findings.add("near_not_checked", detail="their words are too much alike", count=self._rows)
            return
        number_of = dict(zip(different, found, strict=True))
        numbers = [number_of[prompt] for prompt in self._prompts]
        profile.distinct_questions = len(set(found))
        per_category: dict[str, set[int]] = {}
        for number, category in zip(numbers, self._categories, strict=True):
            if category is not None:
                per_category.setdefault(str(category), set()).add(number)
        counts = {name: len(asked) for name, asked in per_category.items()}
        if len(counts) <= CATEGORIES_SHOWN:
            profile.category_questions = by_name(counts.items(), 80)
        first: dict[int, int] = {}
        seen: set[str] = set()
        others = []
        for line, number, prompt in zip(self._lines, numbers, self._prompts, strict=True):
            if number in first and prompt not in seen:  # the same words again are told as such
                others.append((line, first[number]))
            first.setdefault(number, line)
            seen.add(prompt)
        if others:
            shown = "; ".join(f"line {line} asks what line {earlier} asks" for line, earlier in others[:3])
            detail = f"{len(first):,} different question{'s' if len(first) > 1 else ''}; {shown}"
            findings.add_lines("near_duplicate", len(others), [line for line, _ in others], detail=detail)


def _both_ends(prompt: str) -> str:
    if len(prompt) <= _CHARS_COMPARED:
        return prompt
    return f"{prompt[: _CHARS_COMPARED // 2]} {prompt[-_CHARS_COMPARED // 2 :]}"
