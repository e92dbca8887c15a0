"""How long texts are, of any number of them in little memory."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTHS_KEPT = 100_000
_USUAL_LENGTH = 1 << 14


class Lengths:
    """How often each length occurs. Memory follows the number of different lengths, which is capped."""

    def __init__(self) -> None:
        self._usual: Any = None  # counts by length, of whole columns
        self._counts: Counter[int] = Counter()
        self._longest = 0

    def add(self, text: str) -> None:
        self._counts[len(text)] += 1

    def add_column(self, lengths: NDArray[np.int64]) -> None:
        import numpy as np

        if lengths.max(initial=0) >= _USUAL_LENGTH:
            self._counts.update(lengths[lengths >= _USUAL_LENGTH].tolist())
            lengths = lengths[lengths < _USUAL_LENGTH]
        if self._usual is None:
            self._usual = np.zeros(_USUAL_LENGTH, np.int64)
        counts = np.bincount(lengths)
        self._usual[: len(counts)] += counts

    def settle(self) -> None:
        """Keep memory bounded: past ``LENGTHS_KEPT`` different lengths, the long ones are rounded (1/64)."""
        if len(self._counts) > LENGTHS_KEPT:
            self._longest = max(self._longest, max(self._counts))
            rounded: Counter[int] = Counter()
            for length, count in self._counts.items():
                grain = max(1, 1 << (length.bit_length() - 7)) if length >= _USUAL_LENGTH else 1
                rounded[length - length % grain] += count
            self._counts = rounded

    def summary(self) -> dict[str, float] | None:
        """``min``, ``median``, ``p95`` (the smallest length that 95 % do not exceed), ``max``; None without rows."""
        counts = self._counts.copy()
        if self._usual is not None:
            seen = self._usual.nonzero()[0]
            counts.update(dict(zip(seen.tolist(), self._usual[seen].tolist(), strict=True)))
        ordered = sorted(counts.items())
        total = sum(count for _, count in ordered)
        if not total:
            return None
        low, high = _at_rank(ordered, (total - 1) // 2), _at_rank(ordered, total // 2)
        return {
            "min": ordered[0][0],
            "median": low if low == high else (low + high) / 2,
            "p95": _at_rank(ordered, -(-total * 95 // 100) - 1),
            "max": max(self._longest, ordered[-1][0]),
        }


def _at_rank(ordered: list[tuple[int, int]], rank: int) -> int:
    """The value at 0-based ``rank`` of a sorted list given as (value, count)."""
    seen = 0
    for value, count in ordered:
        seen += count
        if seen > rank:
            return value
    raise IndexError(rank)
