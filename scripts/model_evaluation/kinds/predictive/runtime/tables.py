"""The two tables that everything is computed from: held-out rows with their truth, and what a model said of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.int64]
Booleans = NDArray[np.bool_]
Texts = NDArray[np.object_]
"""An array of objects that are ``str``."""
JsonObject = dict[str, object]
Scalar = TypeVar("Scalar", bound=np.generic)


def cut(array: NDArray[Scalar] | None, places: Booleans | Codes) -> NDArray[Scalar] | None:
    """The places of an array, where there is one."""
    return None if array is None else array[places]


@dataclass(frozen=True)
class TestSet:
    """Held-out rows. Every array has one place per row, in the same order; ids are unique.

    ``label`` holds texts as :func:`.labels.canonical_labels` writes them for classes, numbers for regression, and is
    ``None`` for clustering without a truth. ``weight`` is at least 0, ``group`` equal where rows belong together; each
    ``None`` where no column has that role. ``slices`` are texts by field. ``features`` (n, columns) are there for
    clustering only. ``notes`` say what was changed or left out on the way here.
    """

    __test__ = False  # not a test, whatever pytest makes of the name

    ids: Texts
    label: Texts | Floats | None
    weight: Floats | None = None
    group: Texts | None = None
    slices: Mapping[str, Texts] = field(default_factory=dict)
    features: Floats | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)


@dataclass(frozen=True)
class Predictions:
    """What one model said, one place per id; ids are unique, in any order.

    ``score``: (n,) the positive class's score or the predicted number of a regression, or (n, classes) with one column
    per name in ``classes``, in that order; NaN where it was not a number; ``None`` where the model gives classes only.
    ``prediction``: the class or cluster as text, ``None`` where only scores are given. ``classes`` are empty where the
    order is not known. ``bounds`` (n, 2), of a regression that gives them: the lower and upper end within which
    the model says that the number lies.

    Counts: ``missing`` rows that were sent and have no answer, ``duplicate`` answers beyond the first for an id (the
    first counts), ``surplus`` answers for ids that were never sent, ``unparsable`` answers that are there and not
    understood. ``notes`` say what was mapped or odd.
    """

    ids: Texts
    score: Floats | None = None
    prediction: Texts | None = None
    classes: tuple[str, ...] = ()
    missing: int = 0
    duplicate: int = 0
    surplus: int = 0
    unparsable: int = 0
    notes: tuple[str, ...] = ()
    bounds: Floats | None = None

    def __len__(self) -> int:
        return len(self.ids)

    def at(self, places: Booleans | Codes) -> Predictions:
        """The answers at these places; counts and notes stay."""
        return replace(
            self,
            ids=self.ids[places],
            score=cut(self.score, places),
            prediction=cut(self.prediction, places),
            bounds=cut(self.bounds, places),
        )
