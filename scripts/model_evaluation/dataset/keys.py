"""Keys that one object names twice: ruled out without looking at keys one by one, by counting quotes.

Every key and every text that was found in a row takes two quotes, and every quote inside a text one more
(written ``\\"``). A repeated key would leave quotes in the line that nothing accounts for.
"""

from __future__ import annotations

from typing import Any

import msgspec


def keys_are_unique(line: bytes, value: Any) -> bool:
    """Whether ``line``, which decodes to ``value``, is certain to name no key twice in one object."""
    if b"\\" in line:
        # A quote may be written \u0022, and the sum no longer tells.
        return b"\\u0022" not in line and line.count(b'"') == count_quotes(value)
    return line.count(b'"') == count_quotes(value)


def count_quotes(value: Any) -> int:
    """The quotes a decoded value takes when its texts are written with ``\\"`` for a quote."""
    if isinstance(value, str):
        return 2 + value.count('"')
    if isinstance(value, dict):
        return sum(2 + key.count('"') + count_quotes(item) for key, item in value.items())
    return sum(map(count_quotes, value)) if isinstance(value, list) else 0


def quick_value(line: bytes, *, duplicate_keys: bool) -> Any:
    """A line's value when nothing is wrong with its JSON; raises ``DecodeError`` or what decoding raises."""
    value = msgspec.json.decode(line)
    if duplicate_keys and not keys_are_unique(line, value):
        raise msgspec.DecodeError("keys may repeat")
    return value
