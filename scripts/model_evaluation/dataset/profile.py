"""What a dataset holds, gathered while it streams by."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from model_evaluation.runtime.rows import DatasetRow

from .findings import FIRST_LINES, safe_excerpt
from .lengths import Lengths
from .repetition import Repetitions
from .tokens import estimated_tokens

if TYPE_CHECKING:
    from .fastpath import CleanRows

CATEGORIES_SHOWN = 50
CATEGORIES_KEPT = 10_000
NAME_CHARS = 200  # kept of a category's name
FIELDS_KEPT = 200
SAMPLE_CHARS = 160
OTHER = "(other)"


class Profile:
    """Counts that describe the usable rows."""

    def __init__(self, *, duplicate_rows: bool = True) -> None:
        self.formats: Counter[str] = Counter()
        self.first_lines: dict[str, list[int]] = {}  # of each format
        self.prompt_lengths = Lengths()
        self.reference_lengths = Lengths()
        self.categories: Counter[str] = Counter()
        self.without_category = 0
        self.metadata_fields: Counter[str] = Counter()
        self.repetitions = Repetitions(wanted=duplicate_rows)
        self.with_reference = 0
        self.with_system = 0
        self.usable_rows = 0
        self._longest = (0, 0)  # characters, tokens
        self._samples: dict[str, tuple[int, str, str]] = {}

    def add(self, name: str, row: DatasetRow, extra_fields: list[str]) -> None:
        """One usable row."""
        self.usable_rows += 1
        self.note_format(name, row.line)
        self.prompt_lengths.add(row.prompt)
        self._see_length(row.prompt, row.system)
        reference = row.reference if row.reference is not None and row.reference.strip() else None
        if reference is not None:
            self.with_reference += 1
            self.reference_lengths.add(reference)
        if row.system is not None:
            self.with_system += 1
        if row.category is None:
            self.without_category += 1
        else:
            self.categories[row.category[:NAME_CHARS]] += 1
        self.metadata_fields.update(extra_fields)
        self.metadata_fields.update(f"metadata.{key}" for key in row.metadata)
        self.repetitions.add(row.prompt, row.system, reference)
        self._sample(self.usable_rows, row.line, row.prompt, reference)

    def add_columns(self, name: str, first_line: int, columns: CleanRows) -> None:
        """Usable rows in consecutive lines from ``first_line``."""
        prompts, references = columns.prompts, columns.references
        self.usable_rows += len(prompts)
        self.note_format(name, first_line, len(prompts))
        self.prompt_lengths.add_column(columns.prompt_lengths)
        longest = int(columns.prompt_lengths.argmax())
        self._see_length(prompts[longest], columns.systems[longest])
        self.with_reference += len(columns.reference_lengths)
        self.reference_lengths.add_column(columns.reference_lengths)
        self.with_system += columns.with_system
        for category, count in columns.categories.items():
            self.categories[category[:NAME_CHARS]] += count
        self.without_category += columns.without_category
        self.metadata_fields.update(columns.fields)
        if columns.keys is not None:
            self.repetitions.add_columns(*columns.keys)
        before = self.usable_rows - len(prompts)
        for ordinal in sorted({1, 1 << (self.usable_rows.bit_length() - 1), self.usable_rows}):
            at = ordinal - before - 1
            if 0 <= at < len(prompts):
                self._sample(ordinal, first_line + at, prompts[at], references[at])

    def note_format(self, name: str, line: int, rows: int = 1) -> None:
        """``rows`` rows in one format, in consecutive lines from ``line``."""
        self.formats[name] += rows
        first = self.first_lines.setdefault(name, [])
        if len(first) < FIRST_LINES:
            first.extend(range(line, line + min(rows, FIRST_LINES - len(first))))

    def settle(self) -> None:
        """Called now and then: keeps every counter within its bound."""
        self.prompt_lengths.settle()
        self.reference_lengths.settle()
        if len(self.categories) > 2 * CATEGORIES_KEPT:
            kept = dict(self.categories.most_common(CATEGORIES_KEPT))
            self.categories = Counter(kept) + Counter({OTHER: self.categories.total() - sum(kept.values())})
        if len(self.metadata_fields) > 2 * FIELDS_KEPT:
            self.metadata_fields = Counter(dict(self.metadata_fields.most_common(FIELDS_KEPT)))

    def _see_length(self, prompt: str, system: str | None) -> None:
        if len(prompt) > self._longest[0]:
            self._longest = len(prompt), estimated_tokens((system or "") + prompt)

    def _sample(self, ordinal: int, line: int, prompt: str, reference: str | None) -> None:
        """Offer the ``ordinal``-th usable row as an example."""
        shortened = (line, prompt[: 2 * SAMPLE_CHARS], (reference or "")[: 2 * SAMPLE_CHARS])
        if ordinal == 1:
            self._samples["first"] = shortened
        elif ordinal.bit_count() == 1:  # the last power of two lies past the middle
            self._samples["middle"] = shortened
        self._samples["last"] = shortened

    def samples(self) -> list[dict[str, Any]]:
        """At most three rows, shortened: the first, the last, and one in between."""
        return [
            {
                "line": line,
                "prompt": safe_excerpt(prompt, limit=SAMPLE_CHARS),
                "reference": safe_excerpt(reference, limit=SAMPLE_CHARS) if reference else None,
                "untrusted": True,
            }
            for line, prompt, reference in sorted(set(self._samples.values()))
        ]

    def as_json(self) -> dict[str, Any]:
        """The part of the profile that describes rows; categories and fields largest first, bounded."""
        shown = self.categories.most_common(CATEGORIES_SHOWN)
        categories = _by_name(shown, 80)
        left = self.categories.total() - sum(count for _, count in shown)
        if left:
            categories[OTHER] = categories.get(OTHER, 0) + left
        return {
            "formats": dict(self.formats.most_common()),
            "prompt_chars": self.prompt_lengths.summary(),
            "longest_prompt_tokens": self._longest[1],
            "reference_chars": self.reference_lengths.summary(),
            "with_reference": self.with_reference,
            "with_system": self.with_system,
            "categories": categories,
            "without_category": self.without_category,
            "metadata_fields": _by_name(self.metadata_fields.most_common(30), 60),
        }


def _by_name(counts: list[tuple[str, int]], limit: int) -> dict[str, int]:
    """Names fit to be shown; those that look the same then are counted together."""
    shown: Counter[str] = Counter()
    for name, count in counts:
        shown[safe_excerpt(name, limit=limit)] += count
    return dict(shown.most_common())
