"""Every metric of the four types of problems, for each model and for both on the same rows."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence

import numpy as np
from scipy.stats import norm

from model_evaluation.kinds.predictive.runtime.joined import Joined
from model_evaluation.kinds.predictive.runtime.problem import ProblemType, ThresholdRule
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import Function, accuracy, averaged
from model_evaluation.runtime.statistics.differences import difference_entry, withhold_interval
from model_evaluation.runtime.statistics.intervals import Interval
from model_evaluation.runtime.statistics.permutation import PValue
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import Difference

from . import cells, losses
from .cells import ClassMetric
from .entries import Entries, EntryList, Estimates, outcomes_of, too_few
from .estimates import Contributions, Estimate, absent, by_contributions, difference_of, mean_estimate
from .ranking import areas, average_precision, roc_auc
from .shapes import Compared, agreement_metrics, shape_metrics, stability

SEED = 20260101
NO_SCORES = "the model gives no scores"
NO_PROBABILITIES = "the scores are not probabilities"
NO_CLASSES = "the model gives scores and there is no threshold"


def measure(joined: Joined, problem: ProblemType, rule: ThresholdRule, only: Collection[str] | None = None) -> Entries:
    """The entries of these rows; ``only`` the named ones. Verdicts are still open."""
    entries = EntryList(joined, only, too_few(joined))
    if problem == "binary":
        _binary(joined, rule, entries)
    else:
        {"multiclass": _multiclass, "regression": _regression, "clustering": _clustering}[problem](joined, entries)
    return entries.entries


def _counted(joined: Joined) -> cells.Table | None:
    codes = {side: said.codes for side, said in joined.said.items() if said.codes is not None}
    if len(codes) < len(joined.said):
        return None
    truth = np.asarray(joined.truth, np.int64)
    return cells.table(truth, codes, len(joined.classes), joined.weight, joined.clusters)


def _add_class_metrics(
    counted: cells.Table, metrics: Mapping[str, ClassMetric], paired: cells.Draws | None, entries: EntryList
) -> None:
    for name, metric in metrics.items():
        if not entries.wants(name):
            continue
        estimates = {side: metric.estimate(counted, side) for side in counted.predicted}
        gap = outcomes = None
        if len(estimates) == 2:
            gap = metric.difference(counted, estimates["tuned"], estimates["base"], paired)
            if metric.right and gap and counted.weight is None:
                outcomes = cells.right_outcomes(counted, metric.within)
        entries.add(name, estimates, gap, outcomes)


def _binary(joined: Joined, rule: ThresholdRule, entries: EntryList) -> None:
    counted = _counted(joined)
    costs = rule.values if rule.rule == "cost" else None
    drawn = paired = None
    if counted is not None and entries.wants("matthews_corrcoef"):
        drawn = cells.joint_draws(counted, np.random.default_rng(SEED))
    resampled = ("balanced_accuracy", "precision", "f1", "f0_5", "f2", "matthews_corrcoef")
    if counted is not None and entries.wants(*resampled):
        paired = cells.paired_draws(counted, np.random.default_rng(SEED))
    row, column = np.array([[0, 0], [1, 1]]), np.array([[0, 1], [0, 1]])
    either = np.maximum(row, column)
    metrics = {
        "accuracy": ClassMetric(accuracy, of=np.ones((2, 2)), right=True),
        "balanced_accuracy": ClassMetric(cells.balanced_accuracy, cells.balanced_interval),
        "precision": ClassMetric(cells.precision, of=column),
        "recall": ClassMetric(cells.recall, of=row, right=True, within=1),
        "specificity": ClassMetric(cells.specificity, of=row[::-1], right=True, within=0),
        "f1": ClassMetric(cells.f_beta(1), cells.f1_interval),
        "f0_5": ClassMetric(cells.f_beta(0.5), of=either, plain=False),
        "f2": ClassMetric(cells.f_beta(2), of=either, plain=False),
        "matthews_corrcoef": ClassMetric(
            cells.matthews_corrcoef, cells.from_draws(cells.matthews_corrcoef, drawn), share=False
        ),
    }
    if counted is None:
        for name in metrics if costs is None else (*metrics, "expected_cost"):
            entries.add(name, {side: absent(NO_CLASSES, len(joined)) for side in joined.said})
    else:
        _add_class_metrics(counted, metrics, paired, entries)
        if costs is not None and entries.wants("expected_cost"):
            own = {side: cells.cost_estimate(counted, side, costs) for side in counted.predicted}
            both = len(own) == 2
            gap = cells.cost_difference(counted, own["tuned"], own["base"], costs) if both else None
            entries.add("expected_cost", own, gap)
    _rankings(joined, entries)
    _probabilities(joined, entries)


def _rankings(joined: Joined, entries: EntryList) -> None:
    if not entries.wants("roc_auc", "average_precision"):
        return
    truth = np.asarray(joined.truth) == 1
    known = {
        side: areas(truth, said.score) if joined.weight is None and said.score is not None else None
        for side, said in joined.said.items()
    }
    for name, function in (("roc_auc", roc_auc), ("average_precision", average_precision)):
        if not entries.wants(name):
            continue
        estimates = {
            side: absent(NO_SCORES, len(joined))
            if said.score is None
            else function(truth, said.score, joined.weight, joined.clusters, known[side])
            for side, said in joined.said.items()
        }
        entries.add_influence(name, estimates)


def _probabilities(joined: Joined, entries: EntryList) -> None:
    truth = np.asarray(joined.truth, np.int64)
    for name, function in (("log_loss", losses.log_losses), ("brier_score", losses.brier_losses)):
        if entries.wants(name):
            values = {
                side: function(truth, said.score) if said.score is not None and said.probabilities else None
                for side, said in joined.said.items()
            }
            scored = all(said.score is not None for said in joined.said.values())
            entries.add_mean(name, values, NO_PROBABILITIES if scored else NO_SCORES)


def _multiclass(joined: Joined, entries: EntryList) -> None:
    classes = len(joined.classes)
    counted = _counted(joined)
    assert counted is not None
    functions: dict[str, Function] = {"balanced_accuracy": cells.balanced_accuracy}
    for average in ("macro", "weighted"):
        for name in ("f1", "precision", "recall"):
            functions[f"{average}_{name}"] = averaged(name, weighted=average == "weighted")
    functions["matthews_corrcoef"] = cells.matthews_corrcoef
    drawn = None
    if entries.wants("accuracy", *functions):
        drawn = cells.joint_draws(counted, np.random.default_rng(SEED), 1_000 if classes > 5 else cells.DRAWS)
    metrics = {"accuracy": ClassMetric(accuracy, of=np.ones((classes, classes)), right=True)}
    for name, function in functions.items():
        share = name != "matthews_corrcoef"
        metrics[name] = ClassMetric(function, cells.from_draws(function, drawn), share=share)
    _add_class_metrics(counted, metrics, drawn, entries)
    _several_rankings(joined, entries)
    _probabilities(joined, entries)
    if classes >= 5:
        _top(joined, 3, entries)


def _several_rankings(joined: Joined, entries: EntryList) -> None:
    """One class against the rest, averaged over the classes that occur; weighted by how often."""
    if not entries.wants("macro_roc_auc", "weighted_roc_auc"):
        return
    by_side = {side: class_aucs(joined, side) for side in joined.said}
    for name in ("macro_roc_auc", "weighted_roc_auc"):
        weighted = name.startswith("weighted")
        estimates = {
            side: absent(NO_SCORES, len(joined)) if own is None else _averaged(joined, own, weighted)
            for side, own in by_side.items()
        }
        entries.add_influence(name, estimates)


def class_aucs(joined: Joined, side: Side) -> list[Estimate] | None:
    """The AUC of each class against the rest; ``None`` without scores."""
    score = joined.said[side].score
    if score is None:
        return None
    truth, weight, clusters = np.asarray(joined.truth), joined.weight, joined.clusters
    return [roc_auc(truth == code, own, weight, clusters) for code, own in enumerate(score.T)]


def _averaged(joined: Joined, aucs: Sequence[Estimate], weighted: bool) -> Estimate:
    truth = np.asarray(joined.truth, np.int64)
    n = len(joined)
    weight = np.ones(n) if joined.weight is None else joined.weight
    known = [(code, own) for code, own in enumerate(aucs) if own.value is not None and own.contributions is not None]
    if not known:
        return absent("fewer than two classes occur", n)
    sizes = np.array([float(weight[truth == code].sum()) for code, _ in known])
    shares = sizes / sizes.sum() if weighted else np.full(len(known), 1 / len(known))
    value = float(sum(share * (own.value or 0) for share, (_, own) in zip(shares, known, strict=True)))
    parts = np.zeros(n)
    for share, (code, own) in zip(shares, known, strict=True):
        assert own.contributions is not None
        parts += share * own.contributions.values
        if weighted:  # the shares vary as well
            parts += (truth == code) * ((own.value or 0) - value) * weight / sizes.sum()
    left_out = len(aucs) - len(known)
    method = "DeLong" + (f", {left_out} absent classes left out" if left_out else "")
    return by_contributions(value, Contributions(parts), n, joined.clusters, share=True, method=method)


def _top(joined: Joined, most: int, entries: EntryList) -> None:
    """Whether the truth is among the highest scores, ties against the model."""
    name = f"top_{most}_accuracy"
    if not entries.wants(name):
        return
    truth = np.asarray(joined.truth, np.int64)
    estimates: dict[Side, Estimate] = {}
    misses: dict[Side, Floats | None] = {}
    for side, said in joined.said.items():
        estimates[side], misses[side] = absent(NO_SCORES, len(truth)), None
        if said.score is not None:
            own = said.score[np.arange(len(truth)), truth]
            misses[side] = miss = ((said.score >= own[:, None]).sum(axis=1) > most).astype(float)
            estimates[side] = _share_of(1 - miss, joined)
    gap = difference_of(estimates["tuned"], estimates["base"], joined.clusters) if len(estimates) == 2 else None
    if gap is not None and not gap["deviation"]:
        withhold_interval(gap, cells.NO_ROW_DIFFERS)
    entries.add(name, estimates, gap, outcomes_of(misses))


def _share_of(hits: Floats, joined: Joined) -> Estimate:
    """The share of rows that are 1, with Wilson's interval where rows count once each."""
    estimate = mean_estimate(hits, joined.weight, joined.clusters)
    if not joined.plain or estimate.value is None:
        return estimate
    low, high = wilson_interval(estimate.value, len(hits))
    return estimate._replace(low=low, high=high, method="Wilson")


def _regression(joined: Joined, entries: EntryList) -> None:
    truth = np.asarray(joined.truth, float)
    weight, clusters = joined.weight, joined.clusters
    errors = {side: np.asarray(said.score) - truth for side, said in joined.said.items()}
    absolute: dict[Side, Floats | None] = {side: np.abs(own) for side, own in errors.items()}
    nearer = outcomes_of(absolute)
    entries.add_mean("mean_absolute_error", absolute)
    squared = {side: mean_estimate(np.square(own), weight, clusters, positive=True) for side, own in errors.items()}
    entries.add_influence("mean_squared_error", squared, nearer)
    roots = {side: losses.root_of(own) for side, own in squared.items()}
    entries.add_influence("root_mean_squared_error", roots, nearer)
    if entries.wants("median_absolute_error"):
        medians = {side: losses.median_error(np.abs(own), weight) for side, own in errors.items()}
        entries.add("median_absolute_error", medians, _median_gap(joined, medians, errors), nearer)
    entries.add_influence("r2", {side: losses.r_squared(truth, own, weight, clusters) for side, own in errors.items()})
    shares = {side: losses.percentage_error(truth, own, weight, clusters) for side, own in errors.items()}
    entries.add_influence("mean_absolute_percentage_error", shares, nearer)


def _median_gap(joined: Joined, medians: Estimates, errors: Mapping[Side, Floats]) -> Difference | None:
    if len(medians) < 2 or not joined.plain or len(joined) < 2:
        return None
    rng, n = np.random.default_rng(SEED), len(joined)
    error = losses.median_difference_error(np.abs(errors["tuned"]), np.abs(errors["base"]), rng)
    mean = (medians["tuned"].value or 0.0) - (medians["base"].value or 0.0)
    half = 1.959964 * error
    p_value = float(2 * norm.sf(abs(mean) / error)) if error > 0 else float(mean == 0)
    method = "blocks of rows, normal" if n > losses.RESAMPLED_ROWS else "bootstrap, normal"
    interval = Interval(mean, mean - half, mean + half, method)
    return difference_entry(interval, PValue(p_value, None, "normal"), error * math.sqrt(n), n)


def _clustering(joined: Joined, entries: EntryList) -> None:
    codes = {side: said.codes for side, said in joined.said.items() if said.codes is not None}
    truth = None if joined.truth is None else np.asarray(joined.truth, np.int64)
    compared: dict[str, Compared] = {}
    if entries.wants("silhouette", "davies_bouldin", "calinski_harabasz"):
        compared |= shape_metrics(joined.features, codes)
    if entries.wants("adjusted_rand", "adjusted_mutual_info"):
        compared |= agreement_metrics(truth, codes, len(joined.classes))
    if entries.wants("stability"):
        compared["stability"] = stability(joined.features, codes)
    for name, (estimates, gap) in compared.items():
        if gap is not None and not gap["deviation"]:
            withhold_interval(gap, cells.NO_ROW_DIFFERS)
        entries.add(name, estimates, gap)
