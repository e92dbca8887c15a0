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


def right_of(cells: Cells) -> Cells:
    """How many rows are right, of each class (..., K)."""
    return np.diagonal(cells, axis1=-2, axis2=-1)


def accuracy(cells: Cells) -> Cells:
    return divided(right_of(cells).sum(-1), cells.sum((-2, -1)))


def per_class(name: str) -> Function:
    """``precision``, ``recall`` or ``f1`` of every class (..., K)."""

    def function(cells: Cells) -> Cells:
        right, truth, predicted = right_of(cells), cells.sum(-1), cells.sum(-2)
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
        truth = cells.sum(-1)
        share = truth if weighted else (truth > 0).astype(float)
        return divided((np.where(truth > 0, each(cells), 0) * share).sum(-1), share.sum(-1))

    return function
