"""Columns of text without a Python string each: Python's repr taken off, and what texts are compared by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from .blocks import as_mask

Keys = NDArray[np.uint64]
SPACE = r"[\s\x0b\x1c-\x1f\x85\p{Z}]*"  # what str.strip() takes away
MAY_BE_SPACE = (np.arange(256) <= ord(" ")) | (np.arange(256) > ord("~"))  # the first byte of a character
KEY_STEP = np.uint64(0x9E3779B97F4A7C15)
WHITE_ESCAPES = (("\\n", "\n"), ("\\r", "\r"), ("\\t", "\t"))
REPR_ESCAPES = (("\\'", "'"), ('\\"', '"'), *WHITE_ESCAPES)
JSON_ESCAPES = (('\\"', '"'), ("\\/", "/"), ("\\b", "\b"), ("\\f", "\f"), *WHITE_ESCAPES)
NO_TEXT = np.uint64(0)  # the key of an empty text: Python's hash of it
ESCAPED_SLASH = "\x00"  # stands for a backslash while the other escapes are undone


def texts_without_repr(texts: Any, forms: Sequence[tuple[str, str]], parse: Callable[[str], str]) -> Any:
    """The texts inside Python's repr. ``forms`` are what stands before and after a quoted text; ``parse`` takes the
    texts that begin like a repr and are in none of these forms. Other texts come back as they are."""
    for before, after in forms:
        if pc.all(pc.and_(pc.starts_with(texts, before), pc.ends_with(texts, after))).as_py():
            inner = _inside(texts, before, after)
            if not _holds_any(inner, after[0] + "\\\r\n\x00"):
                return inner
    found = texts
    left = pc.invert(pc.match_substring_regex(texts, r"^[!-Z\\-~]"))  # a space or a letter of any script may come first
    if not pc.any(left).as_py():
        return texts
    for before, after in forms:
        quote = after[0]
        inside = rf"^{_literal(before)}(?:[^{quote}\\\x00\r\n]|\\[\\'\"nrt])*{_literal(after)}$"
        match = pc.match_substring_regex(texts, inside)
        if not pc.any(match).as_py():
            continue
        inner = _inside(texts, before, after)
        if _holds_any(inner, "\\"):
            inner = pc.if_else(pc.match_substring(inner, "\\"), unescaped_texts(inner, REPR_ESCAPES), inner)
        found = inner if pc.all(match).as_py() else pc.if_else(match, inner, found)
        left = pc.and_not(left, match)
        if not pc.any(left).as_py():
            return found
    return pc.replace_with_mask(found, left, pa.array([parse(t) for t in texts.filter(left).to_pylist()], pa.string()))


def _inside(texts: Any, before: str, after: str) -> Any:
    return pc.binary_slice(texts.cast(pa.binary()), len(before), -len(after)).view(pa.string())


def _holds_any(texts: Any, characters: str) -> bool:
    """Whether any text has any of these ASCII characters."""
    data = _bytes(texts)
    return any(bool((data == ord(character)).any()) for character in characters)


def _bytes(texts: Any) -> NDArray[np.uint8]:
    """The bytes of a column of text, one text after the other, and maybe those of texts it no longer has."""
    buffer = texts.buffers()[2]
    return np.frombuffer(buffer if buffer is not None else b"", np.uint8)


def _literal(text: str) -> str:
    return "".join(f"\\{c}" if c in "[]{}" else c for c in text)


def unescaped_texts(texts: Any, escapes: Sequence[tuple[str, str]]) -> Any:
    """The texts with these escapes, and that of the backslash, undone; they hold no others."""
    data = _bytes(texts)
    used = set(np.unique(data[1:][data[:-1] == ord("\\")]).tolist())  # what follows a backslash anywhere
    if not used:
        return texts
    texts = pc.replace_substring(texts, "\\\\", ESCAPED_SLASH)
    for escape, character in escapes:
        if ord(escape[1]) in used:
            texts = pc.replace_substring(texts, escape, character)
    return pc.replace_substring(texts, ESCAPED_SLASH, "\\")


def blank_texts(texts: Any) -> NDArray[np.bool_]:
    """Whether each text is empty or white space; nulls are not among them."""
    return matching_texts(texts, f"^{SPACE}$", MAY_BE_SPACE[outer_bytes(texts)[0]])


def text_keys(texts: Any) -> Keys:
    """A 64-bit number per text, equal for texts that differ only in line ends and the white space around them.

    Python's own keyed hash (SipHash), so nobody can choose texts that collide, and the numbers differ from process
    to process. Among a million texts some two unequal ones share a number with a probability of about 3e-8.
    """
    return _hashes(_trimmed(texts))


def exact_keys(texts: Any) -> Keys:
    """As :func:`text_keys`, of the texts as they are."""
    return _hashes(texts.to_pylist())


def _hashes(texts: list[str]) -> Keys:
    return np.fromiter(map(hash, texts), np.int64, len(texts)).view(np.uint64)


def _trimmed(texts: Any) -> list[str]:
    """The texts, nulls not among them, with ``\\n`` as line end and no white space around them."""
    found: list[str] = texts.to_pylist()
    outer = np.concatenate(outer_bytes(texts))
    if (MAY_BE_SPACE[outer] & (outer > 0)).any() or _holds_any(texts, "\r"):
        return [text.replace("\r\n", "\n").strip() for text in found]
    return found


def outer_bytes(texts: Any) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The first and the last byte of each text, nulls not among them; 0 where it is empty."""
    bounds = np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
    first, last = (np.zeros(len(texts), np.uint8) for _ in range(2))
    filled = bounds[1:] > bounds[:-1]
    first[filled] = _bytes(texts)[bounds[:-1][filled]]
    last[filled] = _bytes(texts)[bounds[1:][filled] - 1]
    return first, last


def matching_texts(texts: Any, pattern: str, possible: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which texts match, asked only of the ``possible`` ones."""
    found = possible.copy()
    if found.any():
        found[possible] = as_mask(pc.match_substring_regex(texts.filter(pa.array(possible)), pattern))
    return found


def joined_keys(first: Keys, second: Keys) -> Keys:
    """One number for each pair of numbers; the first where the second is 0."""
    return first + second * KEY_STEP
