"""Keys that one object names twice: ruled out without looking at keys one by one, by counting colons.

Outside texts, JSON has a colon for every key and nowhere else. So a line has as many colons as the keys and
the texts found in it account for, or it names a key twice.
"""

from __future__ import annotations

from typing import Any

import msgspec


def keys_are_unique(line: bytes, value: Any) -> bool:
    """Whether ``line``, which decodes to ``value``, is certain to name no key twice in one object."""
    if 0x5C in line and b"\\u003" in line:  # perhaps a colon that does not look like one
        return False
    return line.count(b":") == count_colons(value)


def count_colons(value: Any) -> int:
    """The colons a decoded value takes when it is written without escapes for them."""
    if isinstance(value, str):
        return value.count(":")
    if isinstance(value, dict):
        return sum(1 + key.count(":") + count_colons(item) for key, item in value.items())
    return sum(map(count_colons, value)) if isinstance(value, list) else 0


def quick_value(line: bytes, *, duplicate_keys: bool) -> Any:
    """A line's value when nothing is wrong with its JSON; raises ``DecodeError`` or what decoding raises."""
    value = msgspec.json.decode(line)
    if duplicate_keys and not keys_are_unique(line, value):
        raise msgspec.DecodeError("keys may repeat")
    return value
