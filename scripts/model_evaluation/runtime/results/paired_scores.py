"""Paired scores: a score per record and model, compared metric by metric, over all records and over slices."""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from model_evaluation.runtime.statistics.adjustment import benjamini_hochberg, holm
from model_evaluation.runtime.statistics.association import length_effect
from model_evaluation.runtime.statistics.counts import Floats
from model_evaluation.runtime.statistics.differences import (
    NOTHING_COMPARED,
    compare_paired,
    metric_entry,
    model_scores_entry,
    settle_verdicts,
    withhold_interval,
)
from model_evaluation.runtime.statistics.metrics import NOT_APPLICABLE, Metric, missing_reason
from model_evaluation.runtime.summary import MetricEntry, ModelScores, Rows

from .evaluation import Side
from .records import Record
from .slices import Clusters, Places, questions_of, record_clusters, slice_groups

SEED = 20260101
RESAMPLES = 10_000
SLICE_RESAMPLES = 4_000  # there may be hundreds of cells
THREADS = 2  # numpy works outside Python's lock
SLICE_ROWS = 5  # cells with fewer pairs get no interval

Selection = Places | NDArray[np.bool_] | slice
"""Which of the records."""
Texts = NDArray[np.object_]
"""A text or ``None`` per record."""


class Scores(NamedTuple):
    """One model's scores on one metric, one place per record: a number, a label without a number, the reason why there
    is no score, or nothing of these where the model has no answer. ``labels`` and ``reasons`` are ``None`` when no
    record has any."""

    numbers: Floats
    labels: Texts | None = None
    reasons: Texts | None = None

    def at(self, where: Selection) -> Scores:
        """Those of some records."""
        labels, reasons = (None if texts is None else texts[where] for texts in (self.labels, self.reasons))
        return Scores(self.numbers[where], labels, reasons)


@dataclass(frozen=True)
class PairedScores:
    """Scores by metric and model, with what is known of the records.

    ``answered`` (n,) says per model which records it answered, ``lengths`` (n,) how many characters its answers have
    (NaN without an answer; empty when nobody counted). ``dataset_rows`` is how many rows the dataset has. ``groups``
    (n,) are equal where nobody can tell which answers belong together, -1 where that is sure.
    """

    scores: Mapping[str, Mapping[Side, Scores]]
    answered: Mapping[Side, NDArray[np.bool_]]
    dataset_rows: int
    lengths: Mapping[Side, Floats] = field(default_factory=dict)
    slices: Mapping[str, Mapping[str, Places]] = field(default_factory=dict)
    clusters: Clusters | None = None
    groups: Places | None = None
    distinct_questions: int | None = None

    @property
    def rows(self) -> Rows:
        counts = {side: int(there.sum()) for side, there in self.answered.items()}
        both = list(self.answered.values())
        paired = int((both[0] & both[1]).sum()) if len(both) == 2 else 0
        tuned, base = counts.get("tuned"), counts.get("base")
        rows: Rows = {"dataset": self.dataset_rows, "tuned": tuned, "base": base, "paired": paired}
        if self.distinct_questions is not None and self.distinct_questions < self.dataset_rows:
            rows["distinct"] = self.distinct_questions
        return rows


class ScoreComparison(NamedTuple):
    """Entries by metric and slice. ``remarks`` are what is odd about scales, directions and clusters."""

    rows: Rows
    metrics: dict[str, MetricEntry]
    slices: dict[str, dict[str, dict[str, MetricEntry]]]
    remarks: list[str]


def paired_scores(records: Sequence[Record], metrics: Sequence[Metric], sides: Sequence[Side]) -> PairedScores:
    """The scores of these records on each metric."""
    questions = questions_of(records)
    return replace(
        scored_records(records, metrics, sides, slice_groups(records)),
        clusters=record_clusters(records, questions),
        distinct_questions=len({own for own, record in zip(questions, records, strict=True) if record.row}),
    )


def scored_records(
    records: Sequence[Record],
    metrics: Sequence[Metric],
    sides: Sequence[Side],
    slices: Mapping[str, Mapping[str, Places]],
) -> PairedScores:
    """The same where questions that are worded alike count as different ones."""
    answers = {side: [record.answers.get(side) for record in records] for side in sides}
    return PairedScores(
        {metric.name: {side: model_scores(metric, records, side) for side in sides} for metric in metrics},
        {side: np.array([answer is not None for answer in own], bool) for side, own in answers.items()},
        sum(record.row is not None for record in records),
        {side: np.array([len(a.response) if a else math.nan for a in own], float) for side, own in answers.items()},
        slices,
        groups=np.array([record.group for record in records], np.int64),
    )


def model_scores(metric: Metric, records: Sequence[Record], side: Side) -> Scores:
    """One model's scores. A label counts as a score, except on a numeric scale that lacks it: there it is missing, and
    so is a number that says that the metric does not apply."""
    numbers = np.full(len(records), math.nan)
    labels, reasons = np.full(len(records), None, object), np.full(len(records), None, object)
    for at, record in enumerate(records):
        answer = record.answers.get(side)
        if answer is None:
            continue
        score = answer.scores.get(metric.name)
        if score is None:
            reasons[at] = answer.missing.get(metric.name, "absent")
        elif math.isfinite(number := metric.number(score) if isinstance(score, str) else score):
            if metric.is_inapplicable(number):
                reasons[at] = NOT_APPLICABLE
            else:
                numbers[at] = number
        elif metric.limits:
            reasons[at] = missing_reason(str(score))
        else:
            labels[at] = score
    return Scores(numbers, labels, reasons)


def with_unknown_metrics(metrics: Sequence[Metric], records: Sequence[Record]) -> list[Metric]:
    """The metrics, each once, and those that only the results name."""
    names = {name for record in records for answer in record.answers.values() for name in answer.scores}
    known = {metric.name: metric for metric in reversed(metrics)}
    named = dict.fromkeys((*(metric.name for metric in metrics), *sorted(names)))
    return [known.get(name) or Metric(name, chosen=False) for name in named]


def compare_scores(paired: PairedScores, metrics: Sequence[Metric], *, resamples: int = RESAMPLES) -> ScoreComparison:
    """Every metric's entry, the same for the same data in any order."""
    metrics, remarks = _settled_metrics(metrics, paired.scores)
    clusters = paired.clusters
    if clusters is not None and len(paired.answered) == 2:
        numbers = clusters.numbers
        remarks.append(
            f"Rows with {clusters.reason} are taken as one cluster ({len(numbers)} rows, {len(np.unique(numbers))} "
            "clusters): they are not independent, and the intervals allow for that."
        )
    cells = [(name, value, metric) for name, own in paired.slices.items() for value in own for metric in metrics]
    with ThreadPoolExecutor(THREADS) as pool:
        whole = pool.map(lambda metric: _metric_entry(metric, paired, resamples), metrics)
        parts = list(pool.map(lambda cell: _slice_entry(paired, *cell, resamples=resamples), cells))
    table = {metric.name: entry for metric, entry in zip(metrics, whole, strict=True)}
    for own in (metrics, [metric for metric in metrics if metric.chosen]):
        settle_verdicts([table[metric.name] for metric in own], own, holm)
    slices: dict[str, dict[str, dict[str, MetricEntry]]] = {}
    for (name, value, metric), entry in zip(cells, parts, strict=True):
        slices.setdefault(name, {}).setdefault(value, {})[metric.name] = entry
    settle_verdicts(parts, [metric for *_, metric in cells], benjamini_hochberg)
    return ScoreComparison(paired.rows, table, slices, remarks)


def _settled_metrics(
    metrics: Sequence[Metric], scores: Mapping[str, Mapping[Side, Scores]]
) -> tuple[list[Metric], list[str]]:
    """The metrics, without a scale that the scores do not keep to, and remarks on what is odd about them."""
    settled, remarks = [], []
    for metric in metrics:
        low, high = metric.limits or (-math.inf, math.inf)
        numbers = np.concatenate([own.numbers for own in scores[metric.name].values()])
        outside = np.count_nonzero((numbers < low - metric.tolerance) | (numbers > high + metric.tolerance))
        if outside and metric.scores_on == "declared":
            remarks.append(
                f"{metric.name}: scores outside its scale of {low:g} to {high:g}: {outside}. "
                "The scale is not relied on, so equivalence is not claimed."
            )
        if not metric.chosen:
            remarks.append(f"{metric.name}: not one of the chosen metrics, but present in the results.")
        elif not metric.declared:
            remarks.append(f"{metric.name}: no direction was declared; higher counts as better.")
        settled.append(replace(metric, limits=None) if outside or metric.scores_on in ("unclear", "both") else metric)
    return settled, remarks


def metric_rng(seed: int, *where: str) -> np.random.Generator:
    """The random numbers of a metric, or of one in a slice: the same for the same data in any order."""
    return np.random.default_rng([seed, zlib.crc32("\x1f".join(where).encode("utf-8", "replace"))])


def _metric_entry(metric: Metric, paired: PairedScores, resamples: int) -> MetricEntry:
    entry = _entry(metric, paired, slice(None), metric_rng(SEED, metric.name), resamples)
    if metric.scale is not None:
        low, high = metric.scale.ends
        declared = list(metric.scale.values)
        entry["scale"] = {"declared": declared, "lowest": low, "highest": high, "scores_on": metric.scores_on}
    numbers, entry["length_effect"] = {side: own.numbers for side, own in paired.scores[metric.name].items()}, None
    if len(numbers) == 2 and len(paired.lengths) == 2:
        differences, lengths = (
            np.subtract(*matched(own["tuned"], own["base"], paired.groups)) for own in (numbers, paired.lengths)
        )
        known = np.isfinite(differences) & np.isfinite(lengths)
        clusters = len(np.unique(paired.clusters.numbers[known])) if paired.clusters is not None else None
        entry["length_effect"] = length_effect(differences, lengths, clusters=clusters)
    return entry


def _slice_entry(paired: PairedScores, name: str, value: str, metric: Metric, *, resamples: int) -> MetricEntry:
    """A metric in a slice; with fewer than five pairs it has no interval and no p-value."""
    rng = metric_rng(SEED, name, value, metric.name)
    entry = _entry(metric, paired, paired.slices[name][value], rng, min(resamples, SLICE_RESAMPLES))
    difference = entry["difference"]
    if difference is not None and entry["n_paired"] < SLICE_ROWS:
        withhold_interval(difference, f"none: fewer than {SLICE_ROWS} pairs")
    return entry


def _entry(
    metric: Metric, paired: PairedScores, where: Selection, rng: np.random.Generator, resamples: int
) -> MetricEntry:
    """A metric's entry over the records ``where``."""
    own = {side: scores.at(where) for side, scores in paired.scores[metric.name].items()}
    comparison = NOTHING_COMPARED
    if len(own) == 2:
        clusters = paired.clusters.numbers[where] if paired.clusters is not None else None
        groups = paired.groups[where] if paired.groups is not None else None
        tuned, base = matched(own["tuned"].numbers, own["base"].numbers, groups)
        comparison = compare_paired(metric, tuned, base, rng=rng, clusters=clusters, resamples=resamples)
    return metric_entry(metric, {side: _model_scores(scores) for side, scores in own.items()}, comparison)


def matched(tuned: Floats, base: Floats, groups: Places | None) -> tuple[Floats, Floats]:
    """The models' numbers (n,) so that they can be subtracted: where it is not sure which of them belong together, each
    model's mean over the group takes their place, as often as both have a number."""
    if groups is None or (groups < 0).all():
        return tuned, base
    tuned, base = tuned.copy(), base.copy()
    for group in np.unique(groups[groups >= 0]):
        places = np.flatnonzero(groups == group)
        known = [own[places][np.isfinite(own[places])] for own in (tuned, base)]
        pairs = min(map(len, known))
        for own, numbers in zip((tuned, base), known, strict=True):
            own[places] = math.nan
            own[places[:pairs]] = numbers.mean() if pairs else math.nan
    return tuned, base


def _model_scores(scores: Scores) -> ModelScores:
    known = np.isfinite(scores.numbers)
    numbers = scores.numbers[known]
    reasons, labels = (_tally(texts, known) for texts in (scores.reasons, scores.labels))
    return model_scores_entry(float(numbers.mean()) if len(numbers) else None, len(numbers), reasons, labels)


def _tally(texts: Texts | None, known: NDArray[np.bool_]) -> dict[str, int]:
    """How often each text occurs among the records that have no number, in alphabetical order."""
    own = [] if texts is None else texts[~known].tolist()
    return dict(sorted(Counter(text for text in own if text is not None).items()))
