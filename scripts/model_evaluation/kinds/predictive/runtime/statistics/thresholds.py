"""From which score on a row counts as positive: chosen on a validation set, or on the other folds; never on the rows
that the result is reported on.

What is positive is the same everywhere: a score of at least the threshold.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypedDict

import numpy as np

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said
from model_evaluation.kinds.predictive.runtime.problem import CROSS_FIT, ThresholdRule
from model_evaluation.kinds.predictive.runtime.tables import Booleans, Codes, Floats, Texts, cut
from model_evaluation.runtime.results.evaluation import ResultsError, Side

FOLDS = 5
POINTS = 200  # of a curve, at most
SEED = 20260101
USUAL = 0.5


class ThresholdEntry(TypedDict):
    """As the summary has it: the value by model, how it came about (``cost 1 50``, ``fixed``, ``the model's own``), and
    on which rows (``validation``, ``cross-fit``, empty)."""

    value: float | None
    origin: str
    set: str
    values: dict[str, float | None]


class Chosen(NamedTuple):
    """A threshold; ``note`` says what was asked for and could not be had."""

    value: float
    note: str = ""


class Curve(NamedTuple):
    """What happens at every distinct score as the threshold, from the highest on, and first of all above all of them.

    All (k + 1,): weights of the rows that are found, and of the false alarms.
    """

    thresholds: Floats
    found: Floats
    alarms: Floats


class Decided(NamedTuple):
    """The rows with every model's predicted classes, the threshold as the summary has it, and what is to be said."""

    joined: Joined
    entry: ThresholdEntry | None
    notes: list[str]


def threshold_curve(truth: Booleans, score: Floats, weight: Floats | None = None) -> Curve:
    """Found positives and false alarms at every threshold."""
    distinct, at = np.unique(-score, return_inverse=True)
    own = np.ones(len(score)) if weight is None else weight
    found = np.cumsum(np.bincount(at, weights=own * truth, minlength=len(distinct)))
    alarms = np.cumsum(np.bincount(at, weights=own * ~truth, minlength=len(distinct)))
    values = -distinct
    # Half-way to the next lower score, so that a score that is a rounding error off is decided alike.
    between = np.append((values[:-1] + values[1:]) / 2, values[-1])
    thresholds = np.concatenate(([np.nextafter(values[0], np.inf)], between))
    return Curve(thresholds, np.concatenate(([0.0], found)), np.concatenate(([0.0], alarms)))


def choose_threshold(truth: Booleans, score: Floats, rule: ThresholdRule, weight: Floats | None = None) -> Chosen:
    """The threshold that the rule finds best on these rows.

    cost: the lowest cost, and of equal ones the highest threshold. recall: the highest threshold that meets it.
    precision: the lowest that meets it, which finds most; where none does, the one that comes nearest. Raises
    :class:`ResultsError` without a positive row, and for cost without a negative one.
    """
    own = np.ones(len(score)) if weight is None else weight
    positives, negatives = float(own[truth].sum()), float(own[~truth].sum())
    if positives == 0 or (rule.rule == "cost" and negatives == 0):
        raise ResultsError(
            f"A threshold cannot be chosen on rows without a {'positive' if positives == 0 else 'negative'} one.",
            fix="Choose it on more rows, or give a fixed threshold.",
        )
    curve = threshold_curve(truth, score, weight)
    if rule.rule == "cost":
        cost = rule.values[0] * curve.alarms + rule.values[1] * (positives - curve.found)
        return Chosen(float(curve.thresholds[int(np.argmax(cost <= cost.min() * (1 + 1e-12)))]))
    if rule.rule == "recall":
        at = int(np.argmax(curve.found >= rule.values[0] * positives - 1e-9))
        return Chosen(float(curve.thresholds[at]))
    alerts = curve.found + curve.alarms
    precision = np.divide(curve.found, alerts, out=np.zeros_like(alerts), where=alerts > 0)
    met = np.flatnonzero(precision >= rule.values[0] - 1e-12)
    if len(met):
        return Chosen(float(curve.thresholds[met[-1]]))
    best = int(np.flatnonzero(precision == precision.max())[-1])
    note = f"No threshold reaches a precision of {rule.values[0]:g} there; the highest is {precision[best]:.3g}."
    return Chosen(float(curve.thresholds[best]), note)


def decide(joined: Joined, rule: ThresholdRule, validation: Joined | None) -> Decided:
    """Every model's predicted classes, each at its own threshold; a model that gives classes only keeps them."""
    said = dict(joined.said)
    values: dict[str, float | None] = {}
    notes: list[str] = []
    for side, own in joined.said.items():
        at, values[side], remark = _threshold(side, own, joined, rule, validation)
        if own.score is not None and at is not None:
            said[side] = replace(own, codes=(own.score >= at).astype(np.int64), threshold=values[side])
        notes += [remark] if remark else []
    known = any(value is not None for value in values.values())
    if rule.source == CROSS_FIT and known:
        notes.append(
            f"The threshold was chosen by cross-fitting over {FOLDS} seeded folds of the test set: each row is decided "
            "at one that the other folds chose. The value that is shown is that of all rows, for use from now on."
        )
    origin = {"fixed": "fixed", "none": "usual" if known else "the model's own classes"}.get(rule.rule)
    entry: ThresholdEntry = {
        "value": values.get("tuned"),
        "origin": origin or " ".join([rule.rule, *(f"{value:.12g}" for value in rule.values)]),
        "set": "validation" if rule.validation else rule.source,
        "values": values,
    }
    return Decided(replace(joined, said=said), entry, notes)


def _threshold(
    side: Side, own: Said, joined: Joined, rule: ThresholdRule, validation: Joined | None
) -> tuple[float | Floats | None, float | None, str]:
    """A model's threshold (by row, where it is cross-fitted), the one to be shown, and what is to be said."""
    if own.score is None:
        text = f"The {side} predictions are classes without scores, so no threshold applies to them."
        return None, None, "" if rule.rule == "none" else text
    if rule.rule == "none":
        if own.codes is not None or not own.probabilities:
            return None, None, ""
        text = f"No threshold was set: the {side} scores count as positive from {USUAL} on."
        return USUAL, USUAL, text
    if rule.rule == "fixed":
        return rule.values[0], rule.values[0], ""
    if np.ptp(own.score) == 0:
        # The best threshold of a calibrated score (Elkan, 2001, "The foundations of cost-sensitive learning"); to meet
        # a recall or precision all rows count as positive.
        at = rule.values[0] / sum(rule.values) if rule.rule == "cost" else float(own.score[0])
        return at, at, ""
    truth, score, weight, by_row = np.asarray(joined.truth) == 1, own.score, joined.weight, None
    if rule.source == CROSS_FIT:
        by_row = _cross_fitted(joined, truth, score, rule)
    elif validation is None or side not in validation.said or (checked := validation.said[side].score) is None:
        raise ResultsError(
            f"There are no scores of the {side} model for the validation set: its threshold cannot be chosen.",
            fix="Give its predictions for the validation set, or choose cross-fit or a fixed threshold.",
        )
    else:
        truth, score, weight = np.asarray(validation.truth) == 1, checked, validation.weight
    chosen = choose_threshold(truth, score, rule, weight)
    return chosen.value if by_row is None else by_row, chosen.value, f"{side}: {chosen.note}" if chosen.note else ""


def _cross_fitted(joined: Joined, truth: Booleans, score: Floats, rule: ThresholdRule) -> Floats:
    """A threshold per row that its own fold had no part in."""
    folds = seeded_folds(joined.ids, truth, joined.clusters)
    at = np.empty(len(score))
    for fold in range(FOLDS):
        others = folds != fold
        at[~others] = choose_threshold(truth[others], score[others], rule, cut(joined.weight, others)).value
    return at


def seeded_folds(ids: Texts, truth: Booleans, clusters: Codes | None) -> Codes:
    """A fold from 0 to 4 per row, the same for the same rows in any order; classes spread evenly, groups kept whole."""
    rng = np.random.default_rng(SEED)
    folds = np.empty(len(ids), np.int64)
    order = np.argsort(np.asarray(ids, str), kind="stable")
    if clusters is not None:
        numbers = list(dict.fromkeys(clusters[order].tolist()))
        of_group = dict(zip(numbers, (rng.permutation(len(numbers)) % FOLDS).tolist(), strict=True))
        return np.array([of_group[number] for number in clusters.tolist()], np.int64)
    for own in (False, True):
        places = order[truth[order] == own]
        folds[places[rng.permutation(len(places))]] = np.arange(len(places)) % FOLDS
    return folds


class BinaryCurves(NamedTuple):
    """Curves as at most 200 points, for charts, and for the file that Pipelines and the model registry read. All
    (points,), by falling threshold: shares of negatives and positives that count as positive, and how many of those
    alerts are right. ``alerts`` is the share of all rows that count as positive."""

    thresholds: Floats
    false_positive_rates: Floats
    true_positive_rates: Floats
    precisions: Floats
    alerts: Floats


def binary_curves(truth: Booleans, score: Floats, weight: Floats | None = None) -> BinaryCurves:
    """The curves of rows that hold both classes. Corners of the ROC curve are kept first, so that little is lost."""
    curve = threshold_curve(truth, score, weight)
    found, alarms = curve.found / curve.found[-1], curve.alarms / curve.alarms[-1]
    alerts = curve.found + curve.alarms
    precision = np.divide(curve.found, alerts, out=np.ones_like(alerts), where=alerts > 0)
    if len(precision) > 1:
        precision[0] = precision[1]  # without an alert there is none; the curve starts as it goes on
    kept = np.arange(len(found))
    if len(found) > POINTS:
        walk = (found + alarms) / 2  # equal steps of either rate
        kept = np.unique(np.searchsorted(walk, np.linspace(0, 1, POINTS)).clip(0, len(found) - 1))
    return BinaryCurves(curve.thresholds[kept], alarms[kept], found[kept], precision[kept], (alerts / alerts[-1])[kept])


def cost_curve(
    truth: Booleans, score: Floats, costs: tuple[float, ...], weight: Floats | None = None
) -> tuple[Floats, Floats]:
    """Thresholds, ascending, and the mean cost per row at each; at most 200 points, evenly spread over the rows."""
    curve = threshold_curve(truth, score, weight)
    total = curve.found[-1] + curve.alarms[-1]
    cost = (costs[0] * curve.alarms + costs[1] * (curve.found[-1] - curve.found)) / total
    kept = np.unique(np.linspace(0, len(cost) - 1, POINTS).astype(int))
    return curve.thresholds[kept][::-1], cost[kept][::-1]
