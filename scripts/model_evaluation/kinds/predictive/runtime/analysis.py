"""From the test set and what the models said of it to the finished analysis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import Evaluation, ResultsError, Side

from .problem import PrimaryMetric, Problem, ThresholdRule
from .tables import Predictions, TestSet

Validation = tuple[TestSet, Mapping[Side, Predictions]]
"""The rows that the threshold is chosen on, with each model's predictions for them."""


def analyse_predictions(
    test: TestSet,
    predictions: Mapping[Side, Predictions],
    *,
    problem: Problem,
    threshold: ThresholdRule,
    primary: PrimaryMetric,
    slices: Sequence[str],
    evaluation: Evaluation,
    validation: Validation | None = None,
    notes: Sequence[str] = (),
) -> Analysis:
    """The analysis of these predictions.

    ``slices`` are the fields of ``test.slices`` that are broken down. ``evaluation.scope`` is ``compare`` where a
    reference is there (``base``: the champion, or the constant baseline), else ``tuned``; its ``primary_metric`` and
    ``conditions`` are filled in here. ``notes`` are warnings from before: of the dataset, of the run.

    Raises :class:`ResultsError` where nothing can be said at all: no row has a truth and a prediction.
    """
    raise ResultsError("No predictions can be analysed yet.")
