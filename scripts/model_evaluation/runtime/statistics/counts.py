"""Distinct values and how often each occurs: what everything that resamples works on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
MASKED_VALUES = 32  # this many distinct values are counted one by one, which beats sorting
RESAMPLED_VALUES = 256  # with more distinct values there are so many rows that the normal limit is as good
FIRST_VALUES = 4096  # they nearly always tell what values there are


def distinct_counts(values: Floats, counts: Counts | None = None) -> tuple[Floats, Counts | None]:
    """The distinct values, ascending, and how often each occurs; equal to twelve decimals counts as equal.

    ``counts`` (n,) say how often each of the ``values`` stands for; ``None``: once. A million values are not sorted:
    few distinct ones are counted, and where the first few thousand have more than twice ``RESAMPLED_VALUES``, which
    nothing resamples, all values come back in their order, with ``None`` for their counts.
    """
    rounded = np.round(values, 12) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    if counts is not None and (rounded[1:] > rounded[:-1]).all():
        return rounded, counts
    if counts is not None:
        distinct, at = np.unique(rounded, return_inverse=True)
        return distinct, np.bincount(at, weights=counts, minlength=len(distinct)).astype(np.int64)
    few = np.unique(rounded[:FIRST_VALUES])
    if len(few) > 2 * RESAMPLED_VALUES and len(rounded) > FIRST_VALUES:
        return rounded, None
    if len(few) <= MASKED_VALUES < len(rounded):
        counts = np.array([np.count_nonzero(rounded == value) for value in few], dtype=np.int64)
        if counts.sum() == len(rounded):
            return few, counts
    distinct, counts = np.unique(rounded, return_counts=True)
    return distinct, counts


def only_values(values: Floats, allowed: Sequence[float]) -> bool:
    """Whether there are no other values, to twelve decimals; the first ones nearly always tell."""
    return all(bool(np.isin(np.round(part, 12), allowed).all()) for part in (values[:FIRST_VALUES], values))


def number_of(values: Floats, counts: Counts | None) -> int:
    """How many values there are that occur so often."""
    return len(values) if counts is None else int(counts.sum())


def total(values: Floats | NDArray[np.bool_], counts: Counts | None) -> float:
    """The sum of values that occur so often."""
    return float(values.sum() if counts is None else values @ counts)
