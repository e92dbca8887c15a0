"""JSON values as Python source literals.

This is the only way a value enters a notebook, so whatever a user, a bucket or a dataset supplies stays data:
``ast.literal_eval`` of the text gives the value back, every string token lies on one line, and the displayed
source shows what the kernel will read (control characters, invisible characters and the marks that reorder
text on screen are written as escapes).
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator

WIDTH = 88  # columns a literal aims at; a single unbreakable token may be wider
INDENT = "    "
MAX_DEPTH = 50  # CPython's parser gives up at about 200 nested brackets


def python_literal(value: object) -> str:
    """Source text that evaluates to ``value``: ``None``, booleans, numbers, strings, lists, dictionaries.

    Short containers stay on one line, longer ones take a line per item; a long string is split into adjacent
    tokens inside parentheses. Raises ``ValueError`` for NaN and infinities (JSON has none, and they have no
    literal), for keys that are not strings, for more than 50 levels of nesting, and ``TypeError`` for
    anything that is not a JSON value.
    """
    return _literal(value, "", 0)


def _literal(value: object, indent: str, depth: int) -> str:
    if isinstance(value, str):
        return _string_literal(value, indent)
    if isinstance(value, list | dict):
        if depth >= MAX_DEPTH:
            raise ValueError(f"a value may have at most {MAX_DEPTH} levels of nesting")
        return _container_literal(value, indent, depth)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"expected a finite number, received {value!r}")
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise TypeError(f"expected a JSON value, received {type(value).__name__}")


def _container_literal(value: list[object] | dict[object, object], indent: str, depth: int) -> str:
    opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
    inner = indent + INDENT
    items: list[str] = []
    if isinstance(value, list):
        items = [_literal(item, inner, depth + 1) for item in value]
    else:
        for key, item in value.items():
            if not isinstance(key, str):
                raise ValueError(f"expected a string as key, received {type(key).__name__}")
            items.append(f"{_one_token(key)}: {_literal(item, inner, depth + 1)}")
    on_one_line = opening + ", ".join(items) + closing
    if "\n" not in on_one_line and len(indent) + len(on_one_line) <= WIDTH:
        return on_one_line
    return f"{opening}\n" + "".join(f"{inner}{item},\n" for item in items) + f"{indent}{closing}"


def _string_literal(text: str, indent: str) -> str:
    whole = _one_token(text)
    if len(indent) + len(whole) <= WIDTH:
        return whole
    inner = indent + INDENT
    pieces = list(_pieces(text, WIDTH - len(inner)))
    if len(pieces) == 1:
        return whole
    quote = _quote_for(text)
    return "(\n" + "".join(f"{inner}{_token(piece, quote)}\n" for piece in pieces) + f"{indent})"


def _one_token(text: str) -> str:
    return _token(text, _quote_for(text))


def _token(text: str, quote: str) -> str:
    return quote + "".join(_escaped(character, quote) for character in text) + quote


def _quote_for(text: str) -> str:
    """The quote that needs fewer escapes; JSON text reads best in single quotes."""
    return "'" if text.count('"') > text.count("'") else '"'


def _escaped(character: str, quote: str) -> str:
    """Python's own escape of whatever is not printable: control and format characters (among them every bidirectional
    control), lone surrogates, private and unassigned code points, and all separators but the space."""
    return "\\" + character if character == quote else repr(character)[1:-1]


def _pieces(text: str, room: int) -> Iterator[str]:
    """``text`` cut after newlines, and at spaces (else anywhere) where a piece's token would exceed ``room``."""
    quote = _quote_for(text)
    for line in text.splitlines(keepends=True):
        # Escapes are wider than what they stand for.
        width = max(1, (room - 2) * len(line) // sum(len(_escaped(character, quote)) for character in line))
        wrapper = textwrap.TextWrapper(width, drop_whitespace=False, replace_whitespace=False, expand_tabs=False)
        wrapper.break_on_hyphens = False
        yield from wrapper.wrap(line)
