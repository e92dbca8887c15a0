"""Keys that one object names twice: ruled out without looking at keys one by one, by counting quotes.

Every key and every text takes two quotes that are not escaped, and JSON has no others. So a line has twice as
many of them as keys and texts are found in it, or it names a key twice.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from .decoding import MAX_DEPTH

BACKSLASH = 0x5C
# What an escape may stand for that matters here: a quote, a control character other than tab and line ends. A
# backslash that stands for itself must not be taken for the beginning of an escape.
_ESCAPES = re.compile(rb'\\(["\\bf]|u00(?:[01]|7[fF]))')


def escapes_in(data: bytes) -> tuple[int, bool]:
    """How many quotes are written with a backslash, and whether there may be escaped control characters."""
    found = _ESCAPES.findall(data)
    quotes = found.count(b'"')
    return quotes, len(found) > quotes + found.count(b"\\")


def keys_are_unique(line: bytes, value: Any) -> bool:
    """Whether ``line``, which decodes to ``value``, names no key twice in one object."""
    escaped = escapes_in(line)[0] if BACKSLASH in line else 0
    return line.count(b'"') - escaped == 2 * count_strings(value)


def count_strings(value: Any) -> int:
    """The keys and texts in a decoded value."""
    if isinstance(value, str):
        return 1
    if isinstance(value, dict):
        return sum(1 + count_strings(item) for item in value.values())
    return sum(map(count_strings, value)) if isinstance(value, list) else 0


def refuse_deep(values: list[Any], levels: int) -> None:
    """Raises ``RecursionError`` when one of the values has more than ``levels`` objects and arrays within another."""
    for _ in range(levels + 1):
        values = [value for value in values if isinstance(value, list | dict)]
        if not values:
            return
        values = [item for value in values for item in (value.values() if isinstance(value, dict) else value)]
    raise RecursionError


def quick_value(line: bytes, *, duplicate_keys: bool) -> Any:
    """A line's value when nothing is wrong with its JSON; raises ``DecodeError`` or what decoding raises."""
    value = msgspec.json.decode(line)
    if line.count(b"[") + line.count(b"{") > MAX_DEPTH:
        refuse_deep([value], MAX_DEPTH)
    if duplicate_keys and not keys_are_unique(line, value):
        raise msgspec.DecodeError("a key repeats")
    return value
