"""What a dataset holds, gathered while it streams by."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from model_evaluation.kernel.rows import DatasetRow

from .findings import FIRST_LINES, safe_excerpt
from .tokens import estimated_tokens

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .fastpath import CleanRows

CATEGORIES_SHOWN = 50
CATEGORIES_KEPT = 10_000
FIELDS_KEPT = 200
LENGTHS_KEPT = 100_000
_USUAL_LENGTH = 1 << 14
SAMPLE_CHARS = 160
OTHER = "(other)"
_NO_REFERENCE = hash(None)
_MANY_ROWS = 1 << 14  # worth loading numpy for


class Lengths:
    """How often each length occurs. Memory follows the number of different lengths, which is capped."""

    def __init__(self) -> None:
        self._usual: Any = None  # counts by length, of whole columns
        self._counts: Counter[int] = Counter()
        self._longest = 0

    def add(self, text: str) -> None:
        self._counts[len(text)] += 1

    def add_column(self, lengths: NDArray[np.int64]) -> None:
        import numpy as np

        if lengths.max(initial=0) >= _USUAL_LENGTH:
            self._counts.update(lengths[lengths >= _USUAL_LENGTH].tolist())
            lengths = lengths[lengths < _USUAL_LENGTH]
        if self._usual is None:
            self._usual = np.zeros(_USUAL_LENGTH, np.int64)
        counts = np.bincount(lengths)
        self._usual[: len(counts)] += counts

    def settle(self) -> None:
        """Keep memory bounded: past ``LENGTHS_KEPT`` different lengths, the long ones are rounded (1/64)."""
        if len(self._counts) > LENGTHS_KEPT:
            self._longest = max(self._longest, max(self._counts))
            rounded: Counter[int] = Counter()
            for length, count in self._counts.items():
                grain = max(1, 1 << (length.bit_length() - 7)) if length >= _USUAL_LENGTH else 1
                rounded[length - length % grain] += count
            self._counts = rounded

    def summary(self) -> dict[str, float] | None:
        """``min``, ``median``, ``p95`` (the smallest length that 95 % do not exceed), ``max``; None without rows."""
        counts = self._counts.copy()
        if self._usual is not None:
            counts.update({length: count for length, count in enumerate(self._usual.tolist()) if count})
        ordered = sorted(counts.items())
        total = sum(count for _, count in ordered)
        if not total:
            return None
        low, high = _at_rank(ordered, (total - 1) // 2), _at_rank(ordered, total // 2)
        return {
            "min": ordered[0][0],
            "median": low if low == high else (low + high) / 2,
            "p95": _at_rank(ordered, -(-total * 95 // 100) - 1),
            "max": max(self._longest, ordered[-1][0]),
        }


def _at_rank(ordered: list[tuple[int, int]], rank: int) -> int:
    """The value at 0-based ``rank`` of a sorted list given as (value, count)."""
    seen = 0
    for value, count in ordered:
        seen += count
        if seen > rank:
            return value
    raise IndexError(rank)


class Repetition(NamedTuple):
    """``duplicates`` rows say what an earlier row says; ``conflicts`` prompts have several reference answers."""

    duplicates: int
    duplicate_lines: list[int]
    repeated_prompts: int
    conflicts: int
    conflict_lines: list[int]

    def as_json(self) -> dict[str, int]:
        return {
            "duplicates": self.duplicates,
            "repeated_prompts": self.repeated_prompts,
            "conflicting_references": self.conflicts,
        }


class Repetitions:
    """Finds repeated prompts from 16 bytes per row: two 64-bit hashes, of prompt and of reference answer.

    The hash is Python's own (SipHash with a random key per process), so nobody can craft collisions;
    among a million rows one is expected with a chance of 3 in 100 million. Position in the arrays is
    the line number, so unusable lines take a place too.
    """

    def __init__(self, *, wanted: bool = True) -> None:
        self._wanted = wanted
        self.prompts = array("q")
        self.references = array("q")

    def skip(self, lines: int = 1) -> None:
        """Lines without a usable row."""
        if not self._wanted:
            return
        self.prompts.extend([0] * lines)
        self.references.extend([0] * lines)

    def add(self, prompt: str, system: str | None, reference: str | None) -> None:
        if not self._wanted:
            return
        self.prompts.append(hash(prompt) ^ hash(system) >> 1)  # shifted, so that which is which matters
        self.references.append(hash(reference))

    def add_columns(self, prompts: NDArray[np.int64], references: NDArray[np.int64]) -> None:
        """The numbers of rows in consecutive lines."""
        self.prompts.frombytes(prompts.tobytes())
        self.references.frombytes(references.tobytes())

    def find(self) -> Repetition:
        """Compare each row with the earlier ones of the same prompt."""
        duplicates = repeated = conflicts = 0
        duplicate_lines: list[int] = []
        conflict_lines: list[int] = []
        prompt = 0
        earlier: set[int] = set()  # reference answers
        conflicting = False
        for index in _by_prompt(self.prompts):
            reference = self.references[index]
            if self.prompts[index] != prompt or not prompt:
                prompt, earlier, conflicting = self.prompts[index], {reference}, False
                continue
            repeated += 1
            if reference in earlier:
                duplicates += 1
                _keep_first(duplicate_lines, index + 1)
            elif reference != _NO_REFERENCE and earlier != {_NO_REFERENCE} and not conflicting:
                conflicting = True
                conflicts += 1
                _keep_first(conflict_lines, index + 1)
            earlier.add(reference)
        return Repetition(duplicates, sorted(duplicate_lines), repeated, conflicts, sorted(conflict_lines))


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


def _keep_first(lines: list[int], line: int) -> None:
    """Keep the ``FIRST_LINES`` smallest."""
    lines.append(line)
    if len(lines) > FIRST_LINES:
        lines.remove(max(lines))


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
            self.categories[row.category] += 1
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
        self.categories.update(columns.categories)
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
        categories = {safe_excerpt(name): count for name, count in shown}
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
            "metadata_fields": {safe_excerpt(name, limit=60): n for name, n in self.metadata_fields.most_common(30)},
        }
