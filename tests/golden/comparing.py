"""Where a result first departs from the golden one, said so that a reader sees what changed."""

from __future__ import annotations

import csv
import html.parser
import io
import itertools
import math
import re
from typing import Any

TOLERANCE = 1e-9  # relative
NEXT_TO_NOTHING = 1e-13  # what is left where numbers should cancel out
INLINE = frozenset(("abbr", "b", "bdi", "code", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "wbr"))
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)
UNSEEN = frozenset(("script", "style", "svg"))


def first_difference(expected: Any, actual: Any, place: str = "") -> str | None:
    """The first place where two JSON values differ and both values there; ``None`` when they are the same.

    Keys may stand in any order. Numbers are the same within ``TOLERANCE``; a truth value is not a number.
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        if names := expected.keys() - actual.keys():
            return f"{place or 'the whole'}: {min(names)!r} is missing"
        if names := actual.keys() - expected.keys():
            return f"{place or 'the whole'}: {min(names)!r} is new"
        pairs: Any = ((f"{place}.{name}".lstrip("."), value, actual[name]) for name, value in expected.items())
    elif isinstance(expected, list) and isinstance(actual, list):
        items = itertools.zip_longest(expected, actual, fillvalue="(nothing)")
        pairs = ((f"{place}[{number}]", *both) for number, both in enumerate(items))
    else:
        same = type(expected) is type(actual) and expected == actual
        if not same and is_number(expected) and is_number(actual):
            same = math.isclose(expected, actual, rel_tol=TOLERANCE, abs_tol=NEXT_TO_NOTHING)
        return None if same else f"{place}:\n  golden: {expected!r}\n  now:    {actual!r}"
    return next((text for pair in pairs if (text := first_difference(pair[1], pair[2], pair[0]))), None)


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def text_difference(expected: str, actual: str) -> str | None:
    """The first line that differs, with its number."""
    ours, theirs = expected.split("\n"), actual.split("\n")
    for number in range(1, max(len(ours), len(theirs)) + 1):
        lines = [own[number - 1] if number <= len(own) else "(no such line)" for own in (ours, theirs)]
        if lines[0] != lines[1]:
            return f"line {number}:\n  golden: {lines[0]}\n  now:    {lines[1]}"
    return None


def csv_difference(expected: str, actual: str) -> str | None:
    """The first cell that differs. Scores are compared as numbers; an empty cell is not an empty text in quotes."""
    if expected == actual:
        return None
    golden, now = (list(csv.DictReader(io.StringIO(text, newline=""))) for text in (expected, actual))
    difference = first_difference(list(golden[0]), list(now[0]), "columns") if golden and now else None
    difference = difference or first_difference(_cell_values(golden), _cell_values(now), "row")
    if difference is None and expected.count('""') != actual.count('""'):
        return f"an empty text became a missing one, or the other way round: {text_difference(expected, actual)}"
    return difference


def _cell_values(rows: list[dict[str, str]]) -> list[dict[str, str | float]]:
    return [{name: cell_value(name, cell) for name, cell in row.items()} for row in rows]


def cell_value(name: str, cell: str) -> str | float:
    is_score = name.endswith(("__tuned", "__base", "__difference")) and NUMBER.fullmatch(cell)
    return float(cell) if is_score else cell


class _VisibleText(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.lines = [""]
        self.unseen: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen.append(tag)
            if description := dict(attrs).get("aria-label"):
                self.lines += [f"[{description}]", ""]
        elif tag in ("td", "th"):
            self.lines[-1] += " | "
        elif tag not in INLINE:
            self.lines.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen.remove(tag)
        elif tag not in (*INLINE, "td", "th"):
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.lines[-1] += data


def visible_text(page: str) -> str:
    """What the page says: a line per paragraph, heading or row of a table, charts by their descriptions.

    How the markup is spaced makes no difference, nor what scripts would add.
    """
    reader = _VisibleText()
    reader.feed(page)
    reader.close()
    lines = (" ".join(line.split()) for line in reader.lines)
    return "\n".join(line for line in lines if line) + "\n"
