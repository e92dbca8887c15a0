"""Paired labels: the truth, and each model's prediction for the same record. A kind measures them in its own way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from model_evaluation.runtime.statistics.confusion import averaged, per_class
from model_evaluation.runtime.statistics.entries import MeasuredEntry, Rows
from model_evaluation.runtime.statistics.proportions import wilson_interval

from .evaluation import Evaluation, ResultsError, Side
from .slices import Clusters, Places
from .summary import Slices, Summary, summary_of

NO_CLASS = "(none)"
"""Stands for predictions without a readable value."""


@dataclass(frozen=True)
class PairedLabels:
    """Records with a known truth that every evaluated model predicted.

    ``ids``, ``truth`` and each model's ``predictions`` have shape (n,); ``scores`` are (n,), the positive class's, or
    (n, classes), where the models give any. ``rows`` counts what there was before pairing.
    """

    ids: Sequence[Hashable]
    truth: NDArray[np.generic]
    predictions: Mapping[Side, NDArray[np.generic]]
    rows: Rows
    scores: Mapping[Side, NDArray[np.float64]] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, Places]] = field(default_factory=dict)
    clusters: Clusters | None = None


Measure = Callable[[PairedLabels], Mapping[str, MeasuredEntry]]
"""A kind's metrics of some records: accuracy, mean error and so on, each with interval and verdict."""


def pair_labels(
    truth: Mapping[Hashable, object], predictions: Mapping[Side, Mapping[Hashable, object]]
) -> PairedLabels:
    """The records that have a truth and a prediction of every model, in the truth's order: by id, never by position.

    Raises :class:`ResultsError` when there is no such record.
    """
    ids = [record for record in truth if all(record in own for own in predictions.values())]
    if not ids:
        raise ResultsError(
            f"No record has a truth ({len(truth)} have) and a prediction of each of {len(predictions)} models.",
            fix="Check that the predictions name their records as the dataset does.",
        )
    counts = {side: len(own) for side, own in predictions.items()}
    rows: Rows = {
        "dataset": len(truth),
        "tuned": counts.get("tuned"),
        "base": counts.get("base"),
        "paired": len(ids) if len(predictions) == 2 else 0,
    }
    return PairedLabels(
        ids,
        np.array([truth[record] for record in ids]),
        {side: np.array([own[record] for record in ids]) for side, own in predictions.items()},
        rows,
    )


def labels_summary(
    evaluation: Evaluation,
    labels: PairedLabels,
    measure: Measure,
    *,
    slices: Slices | None = None,
    warnings: Sequence[str] = (),
) -> Summary:
    """The summary of what ``measure`` makes of the records."""
    return summary_of(evaluation, rows=labels.rows, metrics=measure(labels), slices=slices, warnings=warnings)


class Proportion(TypedDict):
    """A share of ``n`` with Wilson's interval; ``None`` throughout for n = 0."""

    value: float | None
    ci_low: float | None
    ci_high: float | None
    n: int


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


def proportion(hits: int, n: int) -> Proportion:
    if not n:
        return {"value": None, "ci_low": None, "ci_high": None, "n": 0}
    low, high = wilson_interval(hits / n, n)
    return {"value": hits / n, "ci_low": low, "ci_high": high, "n": n}
