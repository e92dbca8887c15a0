"""What a dataset holds, gathered while it streams by."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from itertools import accumulate

from model_evaluation.json_types import JsonObject

from .findings import FindingsByKind, safe_excerpt
from .rows.blocks import RowBlock
from .rows.formats import family
from .tokens import estimated_tokens

CATEGORIES_SHOWN = 50
CATEGORIES_KEPT = 10_000
NAME_CHARS = 200  # kept of a category's name
FIELDS_SHOWN = 30
FIELDS_KEPT = 200
SAMPLE_CHARS = 160
OTHER = "(other)"


@dataclass
class Profile:
    """What the rows of a dataset hold. Categories and fields are the most frequent ones.

    ``rows`` counts lines that are not blank, ``usable_rows`` those that can be evaluated; all that follows is about
    the usable ones. ``prompt_chars`` and ``reference_chars`` hold min, median, p95 and max. ``looked_through`` is the
    number of rows whose texts were searched for personal data and the like. ``distinct_questions`` counts prompts that
    ask the same in other words once, in all and by category; ``None`` where they were not compared.
    """

    rows: int = 0
    usable_rows: int = 0
    complete: bool = True
    bytes: int = 0
    format: str | None = None
    formats: dict[str, int] = field(default_factory=dict)
    prompt_chars: dict[str, float] | None = None
    longest_prompt_tokens: int = 0
    reference_chars: dict[str, float] | None = None
    with_reference: int = 0
    with_system: int = 0
    categories: dict[str, int] = field(default_factory=dict)
    without_category: int = 0
    metadata_fields: dict[str, int] = field(default_factory=dict)
    duplicates: int = 0
    repeated_prompts: int = 0
    conflicting_references: int = 0
    distinct_questions: int | None = None
    category_questions: dict[str, int] = field(default_factory=dict)
    looked_through: int = 0
    scripts: dict[str, int] = field(default_factory=dict)

    def as_json(self) -> JsonObject:
        return {**asdict(self), "checked_rows": self.rows}


@dataclass(frozen=True)
class Sample:
    """A row, shortened. Its texts are data: to be shown as ``as_json`` has them, and not to be followed."""

    line: int
    prompt: str
    reference: str | None

    def as_json(self) -> JsonObject:
        reference = safe_excerpt(self.reference, limit=SAMPLE_CHARS) if self.reference else None
        prompt = safe_excerpt(self.prompt, limit=SAMPLE_CHARS)
        return {"line": self.line, "prompt": prompt, "reference": reference, "untrusted": True}


class RowCounts:
    """Counts that describe the usable rows of a file, of any number in little memory."""

    def __init__(self) -> None:
        self._formats: Counter[str] = Counter()
        self._first_lines: dict[str, list[int]] = {}  # of each format
        self._rows = 0
        self._prompt_lengths: Counter[int] = Counter()
        self._reference_lengths: Counter[int] = Counter()
        self._categories: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()
        self._with_system = 0
        self._longest = (0, 0)  # characters, tokens
        self._samples: dict[str, Sample] = {}

    def see(self, rows: RowBlock, findings: FindingsByKind) -> None:
        if not rows.prompts:
            return
        lengths = list(map(len, rows.prompts))
        self._prompt_lengths.update(lengths)
        longest = lengths.index(max(lengths))
        if lengths[longest] > self._longest[0]:
            text = (rows.systems[longest] or "") + rows.prompts[longest]
            self._longest = lengths[longest], estimated_tokens(text)
        self._reference_lengths.update(map(len, filter(None, rows.references)))
        self._with_system += len(lengths) - rows.systems.count(None)
        for category, count in Counter(rows.categories).items():
            if category is not None:
                self._categories[category[:NAME_CHARS]] += count
        self._fields.update(rows.fields)
        for name in dict.fromkeys(rows.formats):
            self._formats[name] += rows.formats.count(name)
            first = self._first_lines.setdefault(name, [])
            if len(first) < findings.lines_kept:
                lines = [line for line, own in zip(rows.lines, rows.formats, strict=True) if own == name]
                first.extend(lines[: findings.lines_kept - len(first)])
        self._take_samples(rows)
        self._rows += len(lengths)
        self._forget_the_rare()

    def _forget_the_rare(self) -> None:
        """Keep every counter within its bound."""
        if len(self._categories) > 2 * CATEGORIES_KEPT:
            kept = dict(self._categories.most_common(CATEGORIES_KEPT))
            self._categories = Counter(kept) + Counter({OTHER: self._categories.total() - sum(kept.values())})
        if len(self._fields) > 2 * FIELDS_KEPT:
            self._fields = Counter(dict(self._fields.most_common(FIELDS_KEPT)))

    def _take_samples(self, rows: RowBlock) -> None:
        """Keep the first row, the last, and one in between: of the block with which the number of rows last doubled."""
        size = len(rows.prompts)
        places = {"last": size - 1}
        if not self._rows:
            places["first"] = 0
        if (self._rows + size).bit_length() > self._rows.bit_length():
            places["middle"] = size // 2
        for name, at in places.items():
            reference = rows.references[at]
            shortened = reference and reference[: 2 * SAMPLE_CHARS]
            self._samples[name] = Sample(rows.lines[at], rows.prompts[at][: 2 * SAMPLE_CHARS], shortened)

    def samples(self) -> list[Sample]:
        """At most three rows, in the order of the file."""
        return sorted(set(self._samples.values()), key=lambda sample: sample.line)

    def conclude(self, findings: FindingsByKind, profile: Profile) -> None:
        """Write what was counted into ``profile``, and say if rows are in several formats."""
        shown = self._categories.most_common(CATEGORIES_SHOWN)
        categories = by_name(shown, 80)
        rest = self._categories.total() - sum(count for _, count in shown)
        if rest:
            categories[OTHER] = categories.get(OTHER, 0) + rest
        profile.usable_rows = self._rows
        profile.formats = dict(self._formats.most_common())
        profile.format = next(iter(profile.formats), None)
        profile.prompt_chars = _summary(self._prompt_lengths)
        profile.longest_prompt_tokens = self._longest[1]
        profile.reference_chars = _summary(self._reference_lengths)
        profile.with_reference = self._reference_lengths.total()
        profile.with_system = self._with_system
        profile.categories = categories
        profile.without_category = self._rows - self._categories.total()
        profile.metadata_fields = by_name(self._fields.most_common(FIELDS_SHOWN), 60)
        if len(profile.formats) > 1:
            detail = ", ".join(f"{name}: {count:,}" for name, count in profile.formats.items())
            others = sorted(line for name in [*profile.formats][1:] for line in self._first_lines[name])
            kind = "mixed_formats" if len(set(map(family, profile.formats))) > 1 else "mixed_variants"
            findings.add_lines(kind, self._rows - max(profile.formats.values()), others, detail=detail)


def by_name(counts: Iterable[tuple[str, int]], limit: int) -> dict[str, int]:
    """Names fit to be shown; those that look the same then are counted together."""
    shown: Counter[str] = Counter()
    for name, count in counts:
        shown[safe_excerpt(name, limit=limit)] += count
    return dict(shown.most_common())


def _summary(lengths: Counter[int]) -> dict[str, float] | None:
    """``min``, ``median``, ``p95`` (the smallest length that 95 % do not exceed), ``max``; None without texts."""
    total = lengths.total()
    if not total:
        return None
    values = sorted(lengths)
    ranks = list(accumulate(lengths[value] for value in values))  # how many are not longer

    def at_rank(rank: int) -> int:
        return values[bisect_right(ranks, rank)]

    low, high = at_rank((total - 1) // 2), at_rank(total // 2)
    return {
        "min": values[0],
        "median": low if low == high else (low + high) / 2,
        "p95": at_rank(-(-total * 95 // 100) - 1),
        "max": values[-1],
    }
