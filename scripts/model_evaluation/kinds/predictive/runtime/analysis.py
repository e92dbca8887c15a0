"""From the test set and what the models said of it to the finished analysis."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa
from markupsafe import Markup

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import Evaluation, Side
from model_evaluation.runtime.results.summary import summary_of
from model_evaluation.runtime.summary import MeasuredValue, Summary, capital

from .details import Details, details_of
from .drift import Distribution, baseline
from .joined import Joined, join
from .page.charts import drawings
from .page.evaluation_file import constraints, evaluation_json
from .page.page_parts import page_sections
from .page.words import model_labels, report_words
from .problem import PrimaryMetric, Problem, ThresholdRule
from .statistics.entries import Entries, settle, too_few
from .statistics.measures import measure
from .statistics.segments import Segments, segments
from .statistics.thresholds import Decided, ThresholdEntry, decide
from .tables import JsonObject, Predictions, TestSet
from .trust import trust_checks

if TYPE_CHECKING:
    from model_evaluation.runtime.report.charts.drawing import Chart

RESTS_ON = {
    "recall": "the positive ones",
    "specificity": "the negative ones",
    "precision": "those that count as positive, of the model with fewer",
}
"""Metrics that are a share of some rows only, and which."""
Validation = tuple[TestSet, Mapping[Side, Predictions]]
"""The rows that the threshold is chosen on, with each model's predictions for them."""


@dataclass(frozen=True)
class PredictiveAnalysis(Analysis):
    """An analysis with what its charts and files are made of; ``inputs`` are the distributions of what the model was
    given, by column."""

    joined: Joined
    problem: Problem
    rule: ThresholdRule
    primary: str
    entries: Entries
    segments: Segments
    details: Details
    threshold: ThresholdEntry | None
    validation: Joined | None
    inputs: Mapping[str, Distribution]

    @property
    def labels(self) -> Mapping[Side, str]:
        """What the models are called."""
        return model_labels(self.summary["models"]["base"])

    @property
    def evaluation(self) -> JsonObject:
        """``evaluation.json``."""
        return evaluation_json(self.entries, self.summary["verdict"], self.primary, self.joined, self.problem)

    def drawings(self) -> Mapping[str, Callable[[], Chart | None]]:
        return drawings(self)

    def sections(self) -> Sequence[tuple[str, str, Markup]]:
        return page_sections(self)

    def files(self) -> Mapping[str, str]:
        """For Pipelines and the registry, for drift of later batches, for Model Monitor."""
        contents = {
            "evaluation.json": self.evaluation,
            "baseline.json": baseline(self.joined, self.summary["created"], self.inputs),
            "constraints.json": constraints(self.problem.type, self.entries),
        }
        return {
            name: json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
            for name, content in contents.items()
            if content
        }


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
    inputs: Mapping[str, Distribution] | None = None,
) -> PredictiveAnalysis:
    """The analysis of these predictions.

    ``slices`` are the fields of ``test.slices`` that are broken down. ``evaluation.scope`` is ``compare`` where a
    reference is there (``base``: the champion, or the constant baseline, whose predictions
    :func:`.joined.constant_predictions` makes), else ``tuned``. Its ``primary_metric``, ``labels`` and the conditions
    ``problem``, ``positive`` and ``threshold`` are filled in here. ``notes`` are warnings from before: of the dataset,
    of the run; ``inputs`` are the distributions of what the model is given, for :func:`.drift.baseline`.

    Raises :class:`~model_evaluation.runtime.results.evaluation.ResultsError` where nothing can be said at all: no row
    has a truth and a prediction, or what was said is not an answer to the problem.
    """
    joined = join(test, predictions, problem)
    checked = None if validation is None else join(*validation, problem)
    decided = Decided(joined, None, [])
    if problem.type == "binary":
        decided = decide(joined, threshold, checked)
    joined = decided.joined
    entries = measure(joined, problem.type, threshold)
    settle(entries, primary)
    by_slice, remarks = segments(joined, slices, problem.type, threshold, primary)
    conditions = dict(evaluation.conditions) | {"problem": problem.type}
    if problem.type == "binary":
        conditions |= {"positive": joined.classes[1], "threshold": decided.entry}
    named = model_labels(evaluation.base)
    labels = {side: named[side] for side in joined.said}
    details = details_of(joined, problem, slices)
    checks = trust_checks(joined, predictions, entries, problem, labels, details.get("constant", {}))
    every = {str(side): name for side, name in named.items()}
    summary = summary_of(
        replace(evaluation, primary_metric=primary.name, conditions=conditions, labels=every),
        rows=joined.rows,
        metrics=entries,
        slices=by_slice,
        warnings=[*notes, *joined.notes, *decided.notes, *_few(joined), *remarks],
        fairness={"checks": checks, "sound_rows": None},
    )
    _reword(summary, entries, primary, labels)
    own = {name: value for name, value in summary.items() if name != "planned"}  # that speaks of means on a scale
    whole = cast("Summary", own | {"checks": checks} | details)
    return PredictiveAnalysis(
        whole,
        report_words(whole),
        examples_table(joined, problem),
        joined,
        problem,
        threshold,
        primary.name,
        entries,
        by_slice,
        details,
        decided.entry,
        checked,
        inputs or {},
    )


def _few(joined: Joined) -> list[str]:
    """What is told of a class that is too rare, or of a row or group that outweighs the others."""
    few = too_few(joined)
    if few is None:
        return []
    sound = f", except of {' and '.join(sorted(few.sound))}" if few.sound else ""
    return [f"{capital(few.reason)}, and nothing is claimed{sound}."]


def _reword(summary: Summary, entries: Entries, primary: PrimaryMetric, labels: Mapping[Side, str]) -> None:
    """Sentences about one model, and about a metric that does not exist for one of the two."""
    name, entry, verdict = primary.name, entries.get(primary.name), summary["verdict"]
    values = {side: own for side in labels if entry and (own := entry[side])}
    absent = {side: own["method"].removeprefix("none: ") for side, own in values.items() if own["value"] is None}
    if summary["scope"] != "compare":
        side: Side = "base" if summary["scope"] == "base" else "tuned"
        told = f"Only the {labels[side]} was evaluated"
        if side in values and side not in absent:
            told += f": its {name} is {value_words(values[side])}, over {values[side]['n']:,} rows. "
            verdict["sentence"] = f"{told}There is nothing to compare it with."
        else:
            verdict["sentence"] = f"{told}, and its {name} does not exist: {absent.get(side, 'it was not computed')}."
    elif entry is not None and entry["difference"] is not None:
        of = f"{entry['n_paired']} of {summary['rows']['dataset']} rows"
        if name in RESTS_ON and entry["n_paired"] < summary["rows"]["dataset"]:
            verdict["sentence"] = verdict["sentence"].replace(f"{of} scored for both", f"{of}: {RESTS_ON[name]}")
        if caution := entry["difference"].get("caution"):
            verdict["sentence"] += f" {capital(caution)}."
    else:
        why = "; ".join(f"{labels[side]}: {reason}" for side, reason in absent.items())
        why = why or "it is not a metric of this problem, or costs were not given"
        told = f"The models cannot be compared on {name}, because it does not exist ({why})."
        summary["verdict"] = {"decision": "invalid", "sentence": told}


def value_words(own: MeasuredValue) -> str:
    """``0.913 (95% CI 0.880 to 0.938)``."""
    value, low, high = own["value"], own["ci_low"], own["ci_high"]
    assert value is not None
    if low is None:
        return f"{value:.4g}"
    digits = max(0, 3 - len(f"{abs(value):.0f}")) + (1 if abs(value) < 1 else 0)
    return f"{value:.{digits}f} (95% CI {low:.{digits}f} to {high:.{digits}f})"


def examples_table(joined: Joined, problem: Problem) -> pa.Table:
    """An Arrow table of the rows: ``record_id``, ``label``, then by model ``score`` and ``prediction`` (and the score
    of each class where there are up to 20), whether it was right or its error, and the slices' fields."""
    columns: dict[str, object] = {"record_id": joined.ids}
    names, truth = np.array(joined.classes, object), joined.truth
    if truth is not None:
        columns["label"] = truth if problem.type == "regression" else names[np.asarray(truth, np.int64)]
    for side, said in joined.said.items():
        if said.score is not None and said.score.ndim == 1:
            columns[f"{side}_score"] = said.score
        elif said.score is not None and said.score.shape[1] <= 20:
            columns |= {f"{side}_score_{name}": own for name, own in zip(joined.classes, said.score.T, strict=True)}
        if problem.type == "regression":
            columns[f"{side}_prediction"] = said.score
            columns[f"{side}_error"] = np.asarray(said.score) - np.asarray(truth)
        elif said.codes is not None and problem.type == "clustering":
            columns[f"{side}_prediction"] = said.codes
        elif said.codes is not None:
            columns[f"{side}_prediction"] = names[said.codes]
            columns[f"{side}_correct"] = said.codes == truth
    for own, values in joined.slices.items():
        name = own
        while name in columns:
            name = f"slice_{name}"
        columns[name] = np.asarray(values, object)
    arrays = {name: np.ascontiguousarray(own) for name, own in columns.items()}
    return pa.table({name: pa.array(own, pa.string() if own.dtype == object else None) for name, own in arrays.items()})
