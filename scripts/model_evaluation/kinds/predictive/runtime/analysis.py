"""From the test set and what the models said of it to the finished analysis."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pyarrow as pa

from model_evaluation.runtime.analysis import Analysis
from model_evaluation.runtime.results.evaluation import Evaluation, Side
from model_evaluation.runtime.results.summary import summary_of
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import Fairness, Summary

from .drift import Distribution, baseline, constraints
from .joined import Joined, join
from .page.charts import drawings
from .page.evaluation_file import evaluation_json
from .page.page_parts import page_sections
from .page.words import model_labels, report_words
from .problem import PrimaryMetric, Problem, ThresholdRule
from .statistics import cells
from .statistics.calibration import calibration
from .statistics.entries import Entries, settle, too_few
from .statistics.estimates import mean_estimate
from .statistics.measures import class_aucs, measure
from .statistics.segments import gaps, segments
from .statistics.thresholds import Decided, decide
from .tables import Floats, JsonObject, Predictions, TestSet
from .trust import trust_checks

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
    """An analysis with what its charts are drawn from. The summary holds more than other kinds' do."""

    summary: Any
    joined: Joined
    problem: Problem
    rule: ThresholdRule
    validation: Joined | None = None
    inputs: Mapping[str, Distribution] = field(default_factory=dict)
    """What the model was given, by column."""

    @property
    def found(self) -> Mapping[str, Any]:
        """The summary with what only this kind's has: prevalence, calibration, classes and so on."""
        return cast("Mapping[str, Any]", self.summary)

    @property
    def labels(self) -> Mapping[str, str]:
        """What the models are called."""
        return model_labels(self.summary["models"]["base"])

    @property
    def evaluation(self) -> JsonObject:
        """``evaluation.json``."""
        return evaluation_json(self.summary, self.joined, self.problem)

    def drawings(self) -> Mapping[str, Callable[[], Any]]:
        return drawings(self)

    def sections(self) -> Sequence[tuple[str, str, Any]]:
        return page_sections(self)

    def files(self) -> Mapping[str, str]:
        """For Pipelines and the registry, for drift of later batches, for Model Monitor."""
        contents = {
            "evaluation.json": self.evaluation,
            "baseline.json": baseline(self.joined, self.summary["created"], self.inputs),
            "constraints.json": constraints(self.summary),
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
    has a truth and a prediction, or what was said is no answer to the problem.
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
    labels = {side: name for side, name in named.items() if side in joined.said}
    checks = trust_checks(joined, predictions, entries, problem, labels)
    fairness: Fairness = {"checks": checks, "sound_rows": None}
    summary: Any = dict(
        summary_of(
            replace(evaluation, primary_metric=primary.name, conditions=conditions, labels=named),
            rows=joined.rows,
            metrics=entries,
            slices=by_slice,
            warnings=[*notes, *joined.notes, *decided.notes, *_few(joined, problem), *remarks],
            fairness=fairness,
        )
    )
    summary.pop("planned", None)  # it speaks of means of scores on a scale
    summary["checks"] = checks
    _reword(summary, entries, primary, labels)
    summary |= _details(joined, problem, slices)
    whole = cast("Summary", summary)
    return PredictiveAnalysis(
        whole, report_words(whole), examples_table(joined, problem), joined, problem, threshold, checked, inputs or {}
    )


def _few(joined: Joined, problem: Problem) -> list[str]:
    """What is told of a class that is too rare."""
    few = too_few(joined) if problem.type == "binary" else None
    if few is None:
        return []
    sound = " and ".join(sorted(few.sound))
    return [f"{few.reason[0].upper()}{few.reason[1:]}, and nothing is claimed, except of {sound}."]


def _reword(summary: dict[str, Any], entries: Entries, primary: PrimaryMetric, labels: Mapping[str, str]) -> None:
    """Sentences about one model, and about a metric that does not exist for one of the two."""
    entry = entries.get(primary.name)
    if summary["scope"] != "compare":
        own = None if entry is None else entry["tuned" if summary["scope"] == "tuned" else "base"]
        label = labels[summary["scope"]]
        if own is None or own["value"] is None:
            reason = "it was not computed" if own is None else own["method"].removeprefix("none: ")
            sentence = f"Only the {label} was evaluated, and its {primary.name} does not exist: {reason}."
        else:
            sentence = (
                f"Only the {label} was evaluated: its {primary.name} is {value_words(own)}, over {own['n']:,} rows. "
                "There is nothing to compare it with."
            )
        summary["verdict"]["sentence"] = sentence
    elif entry is not None and entry["difference"] is not None:
        total = summary["rows"]["dataset"]
        told = summary["verdict"]["sentence"]
        if primary.name in RESTS_ON and entry["n_paired"] < total:
            of = f"{entry['n_paired']} of {total} rows"
            told = told.replace(f"{of} scored for both", f"{of}: {RESTS_ON[primary.name]}")
        if caution := entry["difference"].get("caution"):
            told += f" {caution[0].upper()}{caution[1:]}."
        summary["verdict"]["sentence"] = told
    else:
        reasons = [
            f"{labels[side]}: {own['method'].removeprefix('none: ')}"
            for side, own in (("tuned", entry and entry["tuned"]), ("base", entry and entry["base"]))
            if own and own["value"] is None
        ]
        why = "; ".join(reasons) or "it is no metric of this problem, or costs were not given"
        summary["verdict"] = {
            "decision": "invalid",
            "sentence": f"The models cannot be compared on {primary.name}, because it does not exist ({why}).",
        }


def value_words(own: Mapping[str, Any]) -> str:
    """``0.913 (95% CI 0.880 to 0.938)``."""
    if own["value"] is None:
        return "–"
    if own["ci_low"] is None:
        return f"{own['value']:.4g}"
    digits = max(0, 3 - len(f"{abs(own['value']):.0f}")) + (1 if abs(own["value"]) < 1 else 0)
    return f"{own['value']:.{digits}f} (95% CI {own['ci_low']:.{digits}f} to {own['ci_high']:.{digits}f})"


def _details(joined: Joined, problem: Problem, slices: Sequence[str]) -> dict[str, Any]:
    """What the summary of this kind has beside metrics: prevalence, the constant baseline, confusion, calibration."""
    if problem.type == "regression":
        return {"constant": _constant(joined, problem), "errors": _errors(joined)}
    if problem.type == "clustering":
        sizes = {}
        for side, said in joined.said.items():
            assert said.codes is not None
            sizes[side] = sorted(np.bincount(said.codes).tolist(), reverse=True)
        return {"cluster_sizes": sizes}
    truth = np.asarray(joined.truth, np.int64)
    classes = len(joined.classes)
    details: dict[str, Any] = {"constant": _constant(joined, problem), "confusion": {}}
    for side, said in joined.said.items():
        if said.codes is not None:
            counted = cells.table(truth, {side: said.codes}, classes).cells(side)
            details["confusion"][side] = {
                "classes": list(joined.classes),
                "counts": counted.astype(int).tolist(),
            }
    counts = np.bincount(truth, minlength=classes)
    if problem.type == "binary":
        positives, n = int(counts[1]), len(truth)
        low, high = wilson_interval(positives / n, n)
        details["prevalence"] = {"value": positives / n, "ci_low": low, "ci_high": high, "n": n}
        details["calibration"] = {
            side: calibration(truth, said.score, joined.weight)
            for side, said in joined.said.items()
            if said.score is not None and said.probabilities
        }
        details["gaps"] = gaps(joined, slices)
        return details
    details["prevalence"] = {name: int(count) / len(truth) for name, count in zip(joined.classes, counts, strict=True)}
    details["classes"] = _per_class(joined, counts.tolist())
    return details


def _constant(joined: Joined, problem: Problem) -> dict[str, float | None]:
    """What the best constant answer would reach on the same rows."""
    weight = np.ones(len(joined)) if joined.weight is None else joined.weight
    if problem.type == "regression":
        truth = np.asarray(joined.truth, float)
        mean = float(np.average(truth, weights=weight))
        errors = truth - mean
        square = float(np.average(np.square(errors), weights=weight))
        return {
            "prediction": mean,
            "mean_absolute_error": float(np.average(np.abs(errors), weights=weight)),
            "mean_squared_error": square,
            "root_mean_squared_error": square**0.5,
            "r2": 0.0 if square > 0 else None,
        }
    codes = np.asarray(joined.truth, np.int64)
    shares = np.bincount(codes, weights=weight, minlength=len(joined.classes)) / weight.sum()
    known = shares[shares > 0]
    constant: dict[str, float | None] = {
        "accuracy": float(shares.max()),
        "balanced_accuracy": 1 / len(known),
        "log_loss": float(-(known * np.log(known)).sum()),
    }
    if problem.type == "binary":
        constant |= {
            "roc_auc": 0.5 if len(known) == 2 else None,
            "average_precision": float(shares[1]) if shares[1] > 0 else None,
            "brier_score": float(shares[1] * (1 - shares[1])),
        }
    return constant


def _errors(joined: Joined) -> dict[str, Any]:
    """Bias and spread of a regression's errors, predicted minus true, by model."""
    truth = np.asarray(joined.truth, float)
    errors: dict[str, Any] = {}
    for side, said in joined.said.items():
        error = np.asarray(said.score) - truth
        total = float(np.abs(truth).sum())
        errors[side] = {
            "bias": mean_estimate(error, joined.weight, joined.clusters).measured(),
            "quantiles": {f"{share:g}": float(np.quantile(error, share)) for share in (0.05, 0.25, 0.5, 0.75, 0.95)},
            "weighted_absolute_percentage_error": float(np.abs(error).sum()) / total if total > 0 else None,
            "intervals": _interval_coverage(truth, said.bounds),
        }
    return errors


def _interval_coverage(truth: Floats, bounds: Floats | None) -> dict[str, Any] | None:
    """How often the number lies within the interval that the model gives, and how wide that is on average; ``None``
    where it gives none."""
    if bounds is None:
        return None
    known = np.isfinite(bounds).all(axis=1)
    inside = (bounds[known, 0] <= truth[known]) & (truth[known] <= bounds[known, 1])
    width = float((bounds[known, 1] - bounds[known, 0]).mean()) if known.any() else None
    return {"coverage": _share(int(inside.sum()), int(known.sum())), "mean_width": width}


def _per_class(joined: Joined, counts: Sequence[int]) -> dict[str, Any]:
    """Precision, recall, F1 and AUC of each class, by model."""
    truth = np.asarray(joined.truth, np.int64)
    classes: dict[str, Any] = {name: {"n": count} for name, count in zip(joined.classes, counts, strict=True)}
    for side, said in joined.said.items():
        assert said.codes is not None
        own = cells.table(truth, {side: said.codes}, len(joined.classes)).cells(side)
        right, actual, predicted = np.diag(own), own.sum(axis=1), own.sum(axis=0)
        aucs = class_aucs(joined, side) if len(joined.classes) <= 50 else None
        for code, name in enumerate(joined.classes):
            tp, fn, fp = right[code], actual[code] - right[code], predicted[code] - right[code]
            classes[name][side] = {
                "recall": _share(tp, tp + fn),
                "precision": _share(tp, tp + fp),
                "f1": _f1(tp, fp, fn),
                "roc_auc": None if aucs is None else aucs[code].measured(),
            }
    return classes


def _share(hits: float, n: float) -> dict[str, Any]:
    low, high = wilson_interval(hits / n, n) if n else (None, None)
    method = "Wilson" if n else "none: no such row"
    return {"value": hits / n if n else None, "ci_low": low, "ci_high": high, "n": int(n), "method": method}


def _f1(tp: float, fp: float, fn: float) -> dict[str, Any]:
    share = _share(tp, tp + fp + fn)
    for key in ("value", "ci_low", "ci_high"):
        if share[key] is not None:
            share[key] = 2 * share[key] / (1 + share[key])
    return share | {"method": "Wilson of tp / (tp + fp + fn)"}


def examples_table(joined: Joined, problem: Problem) -> Any:
    """An Arrow table of the rows: ``record_id``, ``label``, then by model ``score`` and ``prediction`` (and the score
    of each class where there are up to 20), whether it was right or its error, and the slices' fields."""
    columns: dict[str, Any] = {"record_id": pa.array(joined.ids, pa.string())}
    names = np.array(joined.classes, object)
    if problem.type == "regression":
        columns["label"] = pa.array(np.asarray(joined.truth, float))
    elif joined.truth is not None:
        columns["label"] = pa.array(names[np.asarray(joined.truth, np.int64)], pa.string())
    for side, said in joined.said.items():
        if said.score is not None and said.score.ndim == 1:
            columns[f"{side}_score"] = pa.array(said.score)
        elif said.score is not None and said.score.shape[1] <= 20:
            for code, name in enumerate(joined.classes):
                columns[f"{side}_score_{name}"] = pa.array(np.ascontiguousarray(said.score[:, code]))
        if problem.type == "regression":
            columns[f"{side}_prediction"] = pa.array(np.asarray(said.score))
            columns[f"{side}_error"] = pa.array(np.asarray(said.score) - np.asarray(joined.truth, float))
        elif said.codes is not None and problem.type == "clustering":
            columns[f"{side}_prediction"] = pa.array(said.codes)
        elif said.codes is not None:
            columns[f"{side}_prediction"] = pa.array(names[said.codes], pa.string())
            columns[f"{side}_correct"] = pa.array(said.codes == joined.truth)
    for own, values in joined.slices.items():
        name = own
        while name in columns:
            name = f"slice_{name}"
        columns[name] = pa.array(np.asarray(values, object), pa.string())
    return pa.table(columns)
