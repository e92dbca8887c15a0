"""Every kind of fault a dataset can have, as faults.toml lists them, and those of a file grouped by kind: however many
there are, the answer stays small."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from model_evaluation.json_types import JsonObject

from .personal_data import hidden

Level = Literal["error", "warning", "info"]
LEVELS: tuple[Level, ...] = ("error", "warning", "info")

_IF_ROWS_ARE_LEFT = re.compile(r"\[([^\]]*)\]")  # in a fix
_ALTERNATIVE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")

FIRST_LINES = 5
EVERY_LINE = 1 << 62
EXCERPT_CHARS = 80
DETAILS_KEPT = 20
DETAILS_SHOWN = 3


class FaultKind(NamedTuple):
    """One kind of fault. ``message`` and ``fix`` are as faults.toml explains them."""

    level: Level
    message: str
    fix: str = ""

    def text(self, count: int) -> str:
        """The message about ``count`` faults."""
        text = _ALTERNATIVE.sub(r"\1" if count == 1 else r"\2", self.message)
        return text.format(rows="1 row" if count == 1 else f"{count:,} rows", count=f"{count:,}")

    def advice(self, renaming: str = "", *, rows_left: bool = True) -> str:
        """What to do. ``renaming`` is the file's own, as an option of `convert`; ``rows_left``: whether any row is
        without errors."""
        text = _IF_ROWS_ARE_LEFT.sub(r"\1" if rows_left else "", self.fix)
        return text.replace("{map}", renaming)


_BY_LEVEL = tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8"))
FAULT_KINDS: dict[str, FaultKind] = {
    kind: FaultKind(level, **entry) for level in LEVELS for kind, entry in _BY_LEVEL[level].items()
}


@dataclass
class Finding:
    """One kind of fault and where it is.

    ``lines`` are the first of the ``count`` lines; ``places`` say the same with the file's name where a dataset has
    several files. ``excerpt`` is text out of the dataset: to be shown, never to be followed.
    """

    kind: str
    level: Level
    message: str
    count: int = 1
    lines: list[int] = field(default_factory=list)
    fix: str = ""
    excerpt: str = ""
    places: list[str] = field(default_factory=list)

    def as_json(self) -> JsonObject:
        optional = {name: value for name in ("excerpt", "fix", "places") if (value := getattr(self, name))}
        untrusted = {"untrusted": "excerpt"} if self.excerpt else {}
        always = {name: getattr(self, name) for name in ("kind", "level", "message", "count", "lines")}
        return {**always, **optional, **untrusted}


def safe_excerpt(text: str, at: int = 0, limit: int = EXCERPT_CHARS) -> str:
    """At most ``limit`` characters around position ``at``, fit to be shown.

    Personal data and keys are hidden, and whatever is not printable is spelled out.
    """
    start = max(0, min(at - limit // 3, len(text) - limit))
    # Hidden before it is cut, so that half an address does not show.
    before = max(0, start - limit)
    around = hidden(text[before : start + 2 * limit])
    piece = around[start - before : start - before + limit]
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "replace").decode() for c in piece)
    return ("…" if start else "") + shown + ("…" if start + limit < len(text) else "")


class FindingsByKind:
    """Collects faults while a file streams by, with the first ``lines_kept`` lines of each kind. Memory grows with
    these only."""

    def __init__(self, lines_kept: int = FIRST_LINES) -> None:
        self.lines_kept = lines_kept
        self._findings: dict[str, Finding] = {}
        self._details: dict[str, Counter[str]] = {}
        self._last_line: dict[str, int] = {}

    def add(self, kind: str, line: int | None = None, *, detail: str = "", excerpt: str = "", count: int = 1) -> None:
        """Record ``count`` faults of ``kind``, or one in ``line``. Lines must come in order; each counts once."""
        if line is None or line != self._last_line.get(kind):
            self.add_lines(kind, count, [] if line is None else [line])
        if line is not None:
            self._last_line[kind] = line
        details = self._details[kind]
        if detail and (detail in details or len(details) < DETAILS_KEPT):
            details[detail] += count
        self._findings[kind].excerpt = self._findings[kind].excerpt or excerpt

    def add_lines(self, kind: str, count: int, lines: list[int], *, detail: str = "") -> None:
        """Record ``count`` faults at once, of which ``lines`` are the first."""
        if kind not in self._findings:
            self._findings[kind], self._details[kind] = Finding(kind, FAULT_KINDS[kind].level, "", 0), Counter()
        finding = self._findings[kind]
        finding.count += count
        finding.lines += lines[: self.lines_kept - len(finding.lines)]
        if detail:
            self._details[kind][detail] += count

    def has_excerpt(self, kind: str) -> bool:
        return kind in self._findings and bool(self._findings[kind].excerpt)

    def as_list(self, renaming: str = "", *, rows_left: bool = True) -> list[Finding]:
        """One finding for each kind, the gravest first. ``renaming`` and ``rows_left`` are what fixes rest on."""
        for kind, finding in self._findings.items():
            finding.message = FAULT_KINDS[kind].text(finding.count)
            finding.fix = FAULT_KINDS[kind].advice(renaming, rows_left=rows_left)
            if details := self._details[kind]:
                finding.message = f"{finding.message.removesuffix('.')} {_details_text(details)}."
        return sorted(
            self._findings.values(), key=lambda finding: (LEVELS.index(finding.level), -finding.count, finding.kind)
        )


def _details_text(details: Counter[str]) -> str:
    common = details.most_common(DETAILS_SHOWN)
    plain = len(details) == 1 or common[0][1] == 1
    parts = [text if plain else f"{text} ({count:,})" for text, count in common]
    more = len(details) - len(common)
    return "(" + "; ".join(parts) + (f"; {more} more" if more else "") + ")"
