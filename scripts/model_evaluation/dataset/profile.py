"""What a dataset holds, gathered while it streams by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field

from model_evaluation.json_types import JsonObject

from .findings import FIRST_LINES, safe_excerpt
from .rows.reading import RowBlock, UsableRows
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

    def __init__(self, lines_kept: int = FIRST_LINES) -> None:
        self._lines_kept = lines_kept
        self.formats: Counter[str] = Counter()
        self.first_lines: dict[str, list[int]] = {}  # of each format
        self.usable_rows = 0
        self._prompt_lengths: Counter[int] = Counter()
        self._reference_lengths: Counter[int] = Counter()
        self._categories: Counter[str] = Counter()
        self._fields: Counter[str] = Counter()
        self._with_system = 0
        self._without_category = 0
        self._longest = (0, 0)  # characters, tokens
        self._samples: dict[str, Sample] = {}

    def add(self, rows: RowBlock) -> None:
        columns = rows.usable()
        if not columns.prompts:
            return
        lengths = list(map(len, columns.prompts))
        self._prompt_lengths.update(lengths)
        longest = lengths.index(max(lengths))
        if lengths[longest] > self._longest[0]:
            text = (columns.systems[longest] or "") + columns.prompts[longest]
            self._longest = lengths[longest], estimated_tokens(text)
        self._reference_lengths.update([len(text) for text in columns.references if text is not None])
        self._with_system += len(lengths) - columns.systems.count(None)
        categories = Counter(columns.categories)
        self._without_category += categories.pop(None, 0)
        for name, count in categories.items():
            self._categories[str(name)[:NAME_CHARS]] += count
        self._fields.update(rows.fields)
        for name in dict.fromkeys(columns.formats):
            self._note_format(name, columns.formats.count(name), columns)
        self._take_samples(rows, columns.lines)
        self.usable_rows += len(lengths)
        self._forget_the_rare()

    def _note_format(self, name: str, count: int, columns: UsableRows) -> None:
        self.formats[name] += count
        first = self.first_lines.setdefault(name, [])
        if len(first) < self._lines_kept:
            lines = [line for line, own in zip(columns.lines, columns.formats, strict=True) if own == name]
            first.extend(lines[: self._lines_kept - len(first)])

    def _forget_the_rare(self) -> None:
        """Keep every counter within its bound."""
        if len(self._categories) > 2 * CATEGORIES_KEPT:
            kept = dict(self._categories.most_common(CATEGORIES_KEPT))
            self._categories = Counter(kept) + Counter({OTHER: self._categories.total() - sum(kept.values())})
        if len(self._fields) > 2 * FIELDS_KEPT:
            self._fields = Counter(dict(self._fields.most_common(FIELDS_KEPT)))

    def _take_samples(self, rows: RowBlock, lines: Sequence[int]) -> None:
        """Keep the first row, the last, and one in between: of the block with which the number of rows last doubled."""
        if not self.usable_rows:
            self._samples["first"] = _sample(rows, lines[0] - rows.first_line)
        if (self.usable_rows + len(lines)).bit_length() > self.usable_rows.bit_length():
            self._samples["middle"] = _sample(rows, lines[len(lines) // 2] - rows.first_line)
        self._samples["last"] = _sample(rows, lines[-1] - rows.first_line)

    def samples(self) -> list[Sample]:
        """At most three rows, in the order of the file."""
        return sorted(set(self._samples.values()), key=lambda sample: sample.line)

    def describe(self, profile: Profile) -> None:
        """Write what was counted into ``profile``."""
        shown = self._categories.most_common(CATEGORIES_SHOWN)
        categories = by_name(shown, 80)
        rest = self._categories.total() - sum(count for _, count in shown)
        if rest:
            categories[OTHER] = categories.get(OTHER, 0) + rest
        formats = self.formats.most_common()
        profile.usable_rows = self.usable_rows
        profile.format = formats[0][0] if formats else None
        profile.formats = dict(formats)
        profile.prompt_chars = _summary(self._prompt_lengths)
        profile.longest_prompt_tokens = self._longest[1]
        profile.reference_chars = _summary(self._reference_lengths)
        profile.with_reference = self._reference_lengths.total()
        profile.with_system = self._with_system
        profile.categories = categories
        profile.without_category = self._without_category
        profile.metadata_fields = by_name((+self._fields).most_common(FIELDS_SHOWN), 60)


def _sample(rows: RowBlock, at: int) -> Sample:
    prompt, reference = rows.prompts[at] or "", rows.references[at]
    return Sample(rows.first_line + at, prompt[: 2 * SAMPLE_CHARS], reference and reference[: 2 * SAMPLE_CHARS])


def by_name(counts: Iterable[tuple[str, int]], limit: int) -> dict[str, int]:
    """Names fit to be shown; those that look the same then are counted together."""
    shown: Counter[str] = Counter()
    for name, count in counts:
        shown[safe_excerpt(name, limit=limit)] += count
    return dict(shown.most_common())


def _summary(lengths: Counter[int]) -> dict[str, float] | None:
    """``min``, ``median``, ``p95`` (the smallest length that 95 % do not exceed), ``max``; None without texts."""
    ordered = sorted(lengths.items())
    total = lengths.total()
    if not total:
        return None
    low, high = _at_rank(ordered, (total - 1) // 2), _at_rank(ordered, total // 2)
    return {
        "min": ordered[0][0],
        "median": low if low == high else (low + high) / 2,
        "p95": _at_rank(ordered, -(-total * 95 // 100) - 1),
        "max": ordered[-1][0],
    }


def _at_rank(ordered: list[tuple[int, int]], rank: int) -> int:
    """The value at 0-based ``rank`` of a sorted list of (value, count)."""
    seen = 0
    for value, count in ordered:
        seen += count
        if seen > rank:
            return value
    raise IndexError(rank)
