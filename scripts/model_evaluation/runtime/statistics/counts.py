"""Distinct values and how often each occurs: what everything that resamples works on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
MASKED_VALUES = 32  # this many distinct values are counted one by one, which beats sorting
RESAMPLED_VALUES = 256  # with more distinct values there are so many rows that the normal limit is as good


def distinct_counts(values: Floats, counts: Counts | None = None) -> tuple[Floats, Counts]:
    """The distinct values, ascending, and how often each occurs; equal to twelve decimals counts as equal.

    ``counts`` (n,) say how often each of the ``values`` stands for; ``None``: once. Few-valued data are counted
    without sorting, so a million scores cost little more than a thousand.
    """
    rounded = np.round(values, 12) + 0.0  # + 0.0 makes -0.0 and 0.0 one value
    if counts is not None and (rounded[1:] > rounded[:-1]).all():
        return rounded, counts
    if counts is not None:
        distinct, at = np.unique(rounded, return_inverse=True)
        return distinct, np.bincount(at, weights=counts, minlength=len(distinct)).astype(np.int64)
    few = np.unique(rounded[:4096])
    if len(few) <= MASKED_VALUES < len(rounded):
        counts = np.array([np.count_nonzero(rounded == value) for value in few], dtype=np.int64)
        if counts.sum() == len(rounded):
            return few, counts
    distinct, counts = np.unique(rounded, return_counts=True)
    return distinct, counts


def only_values(values: Floats, allowed: Sequence[float]) -> bool:
    """Whether there are no other values, to twelve decimals; the first rows nearly always tell."""
    return all(bool(np.isin(np.round(part, 12), allowed).all()) for part in (values[:4096], values))
