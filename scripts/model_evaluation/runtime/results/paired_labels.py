"""Paired labels: the truth and what a model said of the same records, counted by class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np

from model_evaluation.runtime.statistics.confusion import averaged, per_class
from model_evaluation.runtime.statistics.proportions import proportion
from model_evaluation.runtime.summary import Proportion

NO_CLASS = "(none)"
"""Stands for predictions without a readable value."""


class ClassEntry(TypedDict):
    """Of one class. Precision is over the answers that name it, recall over the rows whose truth it is; F1 is their
    harmonic mean, 0 where both are, and ``None`` for a class that neither truth nor answers have."""

    precision: Proportion
    recall: Proportion
    f1: float | None


class ClassTable(TypedDict):
    """``confusion`` counts by truth (rows) and answer (columns), both in the order of ``classes``. ``macro_f1`` is the
    mean of F1 over the classes of the truth."""

    n: int
    classes: list[str]
    confusion: list[list[int]]
    per_class: dict[str, ClassEntry]
    macro_f1: float | None


def class_table(pairs: Mapping[tuple[str, str | None], int]) -> ClassTable:
    """From how many rows have each truth and answer; an answer without a value counts as one of another class."""
    truths = sorted({truth for truth, _ in pairs})
    classes = [*truths, *sorted({NO_CLASS if answer is None else answer for _, answer in pairs} - set(truths))]
    place = {name: at for at, name in enumerate(classes)}
    confusion = [[0] * len(classes) for _ in classes]
    for (truth, answer), rows in pairs.items():
        confusion[place[truth]][place[NO_CLASS if answer is None else answer]] += rows
    cells = np.array(confusion)
    right, said, true = np.diagonal(cells), cells.sum(axis=0), cells.sum(axis=1)
    scores = per_class("f1")(cells)
    entries: dict[str, ClassEntry] = {
        name: {
            "precision": proportion(int(right[at]), int(said[at])),
            "recall": proportion(int(right[at]), int(true[at])),
            "f1": float(scores[at]) if np.isfinite(scores[at]) else None,
        }
        for name, at in place.items()
        if name != NO_CLASS
    }
    macro = averaged("f1", weighted=False)(cells) if truths else np.nan
    return {
        "n": sum(pairs.values()),
        "classes": classes,
        "confusion": confusion,
        "per_class": entries,
        "macro_f1": float(macro) if np.isfinite(macro) else None,
    }
