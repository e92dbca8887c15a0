"""What a dataset holds, gathered while it streams by."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from struct import pack
from typing import TYPE_CHECKING, Any, NamedTuple

from model_evaluation.kernel.rows import DatasetRow

from .findings import FIRST_LINES, safe_excerpt

if TYPE_CHECKING:
    from .fastpath import CleanRows

CATEGORIES_SHOWN = 50
CATEGORIES_KEPT = 10_000
FIELDS_KEPT = 200
LENGTHS_KEPT = 100_000
_USUAL_LENGTH = 1 << 14
SAMPLE_CHARS = 160
OTHER = "(other)"
_PARTITIONS = 64
_NO_REFERENCE = hash(None)
_ONE_SET = 1 << 20  # rows whose hashes may stand in one set: 64 MiB


class Lengths:
    """How often each length occurs. Memory follows the number of different lengths, which is capped."""

    def __init__(self) -> None:
        self._usual: list[int] = []  # counts, by length; as long as was needed
        self._unusual: Counter[int] = Counter()
        self._longest = 0

    def add(self, texts: Iterable[str]) -> None:
        counts, rest = self._usual, iter(texts)
        while True:
            try:
                for text in rest:
                    counts[len(text)] += 1
            except IndexError:
                if len(text) < _USUAL_LENGTH:
                    counts.extend([0] * (len(text) + 1))
                    counts[len(text)] += 1
                else:
                    self._unusual[len(text)] += 1
            else:
                return

    def settle(self) -> None:
        """Keep memory bounded: past ``LENGTHS_KEPT`` unusual lengths, the long ones are rounded (1/64)."""
        if len(self._unusual) > LENGTHS_KEPT:
            self._longest = max(self._longest, max(self._unusual))
            rounded: Counter[int] = Counter()
            for length, count in self._unusual.items():
                grain = max(1, 1 << (length.bit_length() - 7))
                rounded[length - length % grain] += count
            self._unusual = rounded

    def summary(self) -> dict[str, float] | None:
        """``min``, ``median``, ``p95`` (the smallest length that 95 % do not exceed), ``max``; None without rows."""
        ordered = [(length, count) for length, count in enumerate(self._usual) if count]
        ordered += sorted(self._unusual.items())
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
        self.prompts.append(hash((system, prompt)))
        self.references.append(hash(reference))

    def add_columns(self, prompts: list[str], systems: list[str | None], references: list[str | None]) -> None:
        """Rows in consecutive lines."""
        if self._wanted:
            if systems[0] == systems[-1] and systems.count(systems[0]) == len(systems):
                systems = systems[:1] * len(systems)  # one object, whose hash is taken once
            layout = f"{len(prompts)}q"
            self.prompts.frombytes(pack(layout, *map(hash, zip(systems, prompts, strict=True))))
            self.references.frombytes(pack(layout, *map(hash, references)))

    def find(self) -> Repetition:
        """Group by prompt. Works through one 64th of the rows at a time, to keep memory and caches small."""
        prompts, references = self.prompts, self.references
        if len(prompts) <= _ONE_SET and len(set(prompts)) == len(prompts):
            return Repetition(0, [], 0, 0, [])
        parts = [array("L") for _ in range(_PARTITIONS)]
        append = [part.append for part in parts]
        for index, key in enumerate(prompts):
            append[key & (_PARTITIONS - 1)](index)
        duplicates = repeated = conflicts = 0
        duplicate_lines: list[int] = []
        conflict_lines: list[int] = []
        for part in parts:
            keys = [prompts[index] for index in part]
            if len(set(keys)) == len(keys):
                continue
            seen: dict[int, set[int]] = {}
            conflicting: set[int] = set()
            for index, key in zip(part, keys, strict=True):
                if key == 0:
                    continue
                reference = references[index]
                earlier = seen.get(key)
                if earlier is None:
                    seen[key] = {reference}
                    continue
                repeated += 1
                if reference in earlier:
                    duplicates += 1
                    duplicate_lines.append(index + 1)
                elif reference != _NO_REFERENCE and earlier != {_NO_REFERENCE} and key not in conflicting:
                    conflicting.add(key)
                    conflicts += 1
                    conflict_lines.append(index + 1)
                earlier.add(reference)
            duplicate_lines = sorted(duplicate_lines)[:FIRST_LINES]
            conflict_lines = sorted(conflict_lines)[:FIRST_LINES]
        return Repetition(duplicates, duplicate_lines, repeated, conflicts, conflict_lines)


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
        self._samples: dict[str, tuple[int, str, str]] = {}

    def add(self, name: str, row: DatasetRow, extra_fields: list[str]) -> None:
        """One usable row."""
        self.usable_rows += 1
        self.note_format(name, row.line)
        self.prompt_lengths.add([row.prompt])
        reference = row.reference if row.reference is not None and row.reference.strip() else None
        if reference is not None:
            self.with_reference += 1
            self.reference_lengths.add([reference])
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
        prompts, references, systems = columns.prompts, columns.references, columns.systems
        self.usable_rows += len(prompts)
        self.note_format(name, first_line, len(prompts))
        self.prompt_lengths.add(prompts)
        self.with_reference += len(columns.given_references)
        self.reference_lengths.add(columns.given_references)
        self.with_system += columns.with_system
        self.categories.update(columns.categories)
        self.without_category += columns.without_category
        self.metadata_fields.update(columns.fields)
        self.repetitions.add_columns(prompts, systems, references)
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
            "reference_chars": self.reference_lengths.summary(),
            "with_reference": self.with_reference,
            "with_system": self.with_system,
            "categories": categories,
            "without_category": self.without_category,
            "metadata_fields": {safe_excerpt(name, limit=60): n for name, n in self.metadata_fields.most_common(30)},
        }
