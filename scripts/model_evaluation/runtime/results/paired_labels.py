"""Paired labels: the truth, and each model's prediction for the same record. A kind measures them in its own way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from model_evaluation.runtime.statistics.entries import MeasuredEntry, Rows

from .evaluation import Evaluation, ResultsError, Side
from .slices import Clusters, Places
from .summary import Slices, Summary, summary_of


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
