"""Metrics of predicted classes that follow from a confusion matrix: accuracy, and those of every class.

``cells`` is a confusion matrix (..., truth, prediction) of counts or weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Cells = NDArray[Any]
Function = Callable[[Cells], Cells]
"""From cells (..., K, K) to the metric (...), NaN where it does not exist."""


def divided(upper: Cells, lower: Cells) -> Cells:
    """The quotient, NaN where the lower part is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(lower > 0, upper / np.where(lower > 0, lower, 1), np.nan)


# Sums over so few elements are several times as fast by einsum.
def rows_of(cells: Cells) -> Cells:
    """How many rows there are of each class (..., K)."""
    return np.asarray(np.einsum("...ij->...i", cells))


def columns_of(cells: Cells) -> Cells:
    """How often each class is predicted (..., K)."""
    return np.asarray(np.einsum("...ij->...j", cells))


def total_of(cells: Cells) -> Cells:
    return np.asarray(np.einsum("...ij->...", cells))


def right_of(cells: Cells) -> Cells:
    return np.asarray(np.einsum("...ii->...", cells))


def last_of(values: Cells) -> Cells:
    """The sum over the last axis."""
    return np.asarray(np.einsum("...i->...", values))


def accuracy(cells: Cells) -> Cells:
    return divided(right_of(cells), total_of(cells))


def per_class(name: str) -> Function:
    """``precision``, ``recall`` or ``f1`` of every class (..., K)."""

    def function(cells: Cells) -> Cells:
        right = np.diagonal(cells, axis1=-2, axis2=-1)
        truth, predicted = rows_of(cells), columns_of(cells)
        if name == "recall":
            return divided(right, truth)
        if name == "precision":  # a class that is there and never predicted has none found
            return np.where(predicted > 0, divided(right, predicted), np.where(truth > 0, 0.0, np.nan))
        return divided(2 * right, truth + predicted)

    return function


def averaged(name: str, *, weighted: bool) -> Function:
    """The mean of a per-class metric over the classes that occur in the truth; ``weighted`` by how often."""
    each = per_class(name)

    def function(cells: Cells) -> Cells:
        truth = rows_of(cells)
        share = truth if weighted else (truth > 0).astype(float)
        return divided(last_of(np.where(truth > 0, each(cells), 0) * share), last_of(share))

    return function
