"""On which scale scores lie: on the declared one, or on its image in 0 to 1, to which some services map it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from model_evaluation.runtime.statistics.metrics import Metric

from .records import Record


class RecognisedMetric(NamedTuple):
    """A metric whose limits and labels are those of its results; ``remark`` says what is odd about that."""

    metric: Metric
    remark: str = ""


def recognise_scales(records: Sequence[Record], metrics: Sequence[Metric]) -> list[RecognisedMetric]:
    """Each metric as its results have it, by all scores of both models: where every score fits both scales, nobody can
    tell which it is, and the limits are not relied on."""
    answers = [answer for record in records for answer in record.answers.values()]
    scores = {metric.name: [answer.scores.get(metric.name) for answer in answers] for metric in metrics}
    return [
        _recognised(metric, [float(score) for score in scores[metric.name] if isinstance(score, int | float)])
        for metric in metrics
    ]


def _recognised(metric: Metric, numbers: Sequence[float]) -> RecognisedMetric:
    scale = metric.scale
    if scale is None or (unit := scale.on_unit_scale()) == scale or not numbers:
        return RecognisedMetric(metric)
    low, high = scale.ends
    span = f"{low:g} to {high:g}"
    fits = [(scale.holds(number), unit.holds(number)) for number in numbers]
    only_declared, only_unit = fits.count((True, False)), fits.count((False, True))
    if only_declared and only_unit:
        remark = (
            f"{metric.name}: {only_unit} scores lie on a scale of 0 to 1 and {only_declared} on the declared one of "
            f"{span}: they cannot be compared."
        )
        return RecognisedMetric(replace(metric, scores_on="both"), remark)
    within_unit = all(-unit.tolerance <= number <= 1 + unit.tolerance for number in numbers)
    if only_unit or (within_unit and not only_declared and min(numbers) < low - scale.tolerance):
        remark = (
            f"{metric.name}: the scores lie on a scale of 0 to 1 and not on the declared one of {span}; means, margin "
            "and charts are on the scale of the scores."
        )
        labels = {label: (number - low) / (high - low) for label, number in metric.labels.items()}
        limits = unit.values[0], unit.values[-1]
        return RecognisedMetric(replace(metric, limits=limits, labels=labels, scores_on="unit"), remark)
    if only_declared or not within_unit:
        return RecognisedMetric(metric)
    remark = (
        f"{metric.name}: every score fits both the declared scale of {span} and its image in 0 to 1, so it is not "
        "known on which of them the scores lie; equivalence is not claimed."
    )
    return RecognisedMetric(replace(metric, scores_on="unclear"), remark)
