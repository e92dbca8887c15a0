"""What the bytes of a block of lines say about its rows, the whole block at a time."""

from __future__ import annotations

import numpy as np

from .keys import BACKSLASH, escapes_in
from .shapes import Unproven

NEWLINE, QUOTE, OPENING, CLOSING, DELETE = b'\n"{}\x7f'


def scanned(data: bytes, *, nested: bool) -> tuple[int, int]:
    """How many rows the block must hold for each line to be one row, and how many quotes are around its strings.

    Every newline but the last has to stand before ``{``, and after ``}`` where rows may hold objects. No newline
    inside a row does, so as many rows as lines are one row in each line. Raises ``Unproven`` for other newlines and
    for control characters.
    """
    octets = np.frombuffer(data, np.uint8)
    newlines = octets == NEWLINE
    rows = int(np.count_nonzero(newlines)) + (not newlines[-1])
    between = newlines[:-1] & (octets[1:] == OPENING)
    if nested:
        between[1:] &= octets[:-2] == CLOSING
    if np.count_nonzero(between) != rows - 1 or DELETE in data:
        raise Unproven
    quotes = int(np.count_nonzero(octets == QUOTE))
    if BACKSLASH not in data:
        return rows, quotes
    follow = np.bincount(octets[np.flatnonzero(octets[:-1] == BACKSLASH) + 1], minlength=256)
    if follow[BACKSLASH] or follow[ord("u")]:
        escaped, doubtful = escapes_in(data)
    else:
        escaped, doubtful = int(follow[QUOTE]), bool(follow[ord("b")] or follow[ord("f")])
    if doubtful:
        raise Unproven
    return rows, quotes - escaped
