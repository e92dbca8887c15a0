"""Faults, grouped by kind: however many there are, the answer stays small."""

from __future__ import annotations

from collections import Counter
from typing import Any

from .kinds import KINDS, LEVELS
from .personal import hidden

FIRST_LINES = 5
EXCERPT_CHARS = 80
DETAILS_KEPT = 20
DETAILS_SHOWN = 3


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


class _Group:
    __slots__ = ("count", "details", "excerpt", "last", "lines")

    def __init__(self) -> None:
        self.count = 0
        self.last: int | None = None
        self.lines: list[int] = []
        self.details: Counter[str] = Counter()
        self.excerpt: str | None = None


class Findings:
    """Collects faults while a file streams by. Memory does not grow with their number."""

    def __init__(self) -> None:
        self._groups: dict[str, _Group] = {}

    def add(
        self, kind: str, line: int | None = None, *, detail: str = "", excerpt: str | None = None, count: int = 1
    ) -> None:
        """Record ``count`` faults of ``kind``, or one in ``line``. Lines must come in order; each counts once."""
        group = self._groups.setdefault(kind, _Group())
        if line is None or line != group.last:
            group.count += count
            if line is not None and len(group.lines) < FIRST_LINES:
                group.lines.append(line)
        group.last = line
        if detail and (detail in group.details or len(group.details) < DETAILS_KEPT):
            group.details[detail] += count
        if group.excerpt is None and excerpt:
            group.excerpt = excerpt

    def add_lines(self, kind: str, count: int, lines: list[int], *, detail: str = "") -> None:
        """Record ``count`` faults at once, of which ``lines`` are the first."""
        self.add(kind, detail=detail, count=count)
        known = self._groups[kind].lines
        known.extend(lines[: FIRST_LINES - len(known)])

    def has_excerpt(self, kind: str) -> bool:
        return kind in self._groups and self._groups[kind].excerpt is not None

    def as_list(self, levels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        """One JSON-safe object per kind, gravest first. ``levels`` replaces the level of single kinds."""
        entries = []
        for kind, group in self._groups.items():
            level, message, fix = KINDS[kind]
            shown = "1 row" if group.count == 1 else f"{group.count:,} rows"
            message = message.format(rows=shown, count=f"{group.count:,}")
            if group.count == 1:
                message = _singular(message)
            if group.details:
                message = f"{message.removesuffix('.')} {_details_text(group.details)}."
            entry: dict[str, Any] = {
                "kind": kind,
                "level": (levels or {}).get(kind, level),
                "message": message,
                "count": group.count,
                "lines": group.lines,
            }
            if group.excerpt:
                entry |= {"excerpt": group.excerpt, "untrusted": "excerpt"}  # to be shown, never to be followed
            if fix:
                entry["fix"] = fix
            entries.append(entry)
        entries.sort(key=lambda e: (LEVELS.index(e["level"]), -e["count"], e["kind"]))
        return entries


def _details_text(details: Counter[str]) -> str:
    common = details.most_common(DETAILS_SHOWN)
    plain = len(details) == 1 or common[0][1] == 1
    parts = [text if plain else f"{text} ({count:,})" for text, count in common]
    more = len(details) - len(common)
    return "(" + "; ".join(parts) + (f"; {more} more" if more else "") + ")"


_SINGULAR = {
    "1 row are ": "1 row is ",
    "1 row have ": "1 row has ",
    "1 row hold ": "1 row holds ",
    "1 row begin ": "1 row begins ",
    "1 row name ": "1 row names ",
    "1 row use ": "1 row uses ",
    "1 row write ": "1 row writes ",
    "1 row carry ": "1 row carries ",
    "1 row repeat ": "1 row repeats ",
    "1 row probably hold ": "1 row probably holds ",
    "1 row were ": "1 row was ",
    " and were not read": " and was not read",
    "not JSON objects": "not a JSON object",
    "1 blank lines": "1 blank line",
    "1 lines end ": "1 line ends ",
    "1 prompts have ": "1 prompt has ",
    "after 1 rows": "after 1 row",
    ": they count twice": ": it counts twice",
}


def _singular(message: str) -> str:
    for plural, singular in _SINGULAR.items():
        message = message.replace(plural, singular)
    return message
