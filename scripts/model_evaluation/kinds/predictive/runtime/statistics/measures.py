"""Every metric of the four types of problems, for each model and for both on the same rows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np
from scipy.stats import norm

from model_evaluation.kinds.predictive.runtime.joined import Codes, Joined
from model_evaluation.kinds.predictive.runtime.problem import (
    BINARY_METRICS,
    ProblemType,
    ThresholdRule,
)
from model_evaluation.kinds.predictive.runtime.tables import Floats
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.proportions import wilson_interval
from model_evaluation.runtime.summary import Difference

from . import cells, losses
from .entries import Entries, EntryList, Estimates, Outcomes, outcomes_of, too_few
from .estimates import Contributions, Estimate, absent, by_contributions, difference, mean_estimate
from .paired_shares import mcnemar_difference
from .ranking import areas, average_precision, roc_auc
from .shapes import agreement_metrics, shape_metrics, stability

SEED = 20260101
NO_SCORES = "the model gives no scores"
NO_PROBABILITIES = "the scores are not probabilities"
NO_CLASSES = "the model gives scores and there is no threshold"


def measure(joined: Joined, problem: ProblemType, rule: ThresholdRule, only: Collection[str] | None = None) -> Entries:
    """The entries of these rows; ``only`` the named ones. Verdicts are still open."""
    measures: dict[ProblemType, Callable[[EntryList], None]] = {
        "binary": lambda entries: _binary(joined, rule, entries),
        "multiclass": lambda entries: _multiclass(joined, entries),
        "regression": lambda entries: _regression(joined, entries),
        "clustering": lambda entries: _clustering(joined, entries),
    }
    entries = EntryList(joined, only, too_few(joined) if problem == "binary" else None)
    measures[problem](entries)
    return entries.entries


def _counted(joined: Joined, classes: int) -> cells.Table | None:
    codes = {side: said.codes for side, said in joined.said.items() if said.codes is not None}
    if len(codes) < len(joined.said):
        return None
    return cells.table(np.asarray(joined.truth, np.int64), codes, classes, joined.weight, joined.clusters)


def _value(function: cells.Function, counted: cells.Table, side: Side) -> float | None:
    value = float(function(counted.cells(side)))
    return None if np.isnan(value) else value


def _right(counted: cells.Table, within: int | None) -> Outcomes | None:
    """Rows that only the tuned model gets right, neither or both, only the other."""
    if len(counted.predicted) < 2 or counted.weight is not None:
        return None
    picked = np.ones(len(counted.truth), bool) if within is None else counted.truth == within
    tuned, base = (counted.predicted[side] == counted.truth for side in ("tuned", "base"))
    wins, lost = (int(counted.counts[picked & own].sum()) for own in (tuned & ~base, base & ~tuned))
    return wins, int(counted.counts[picked].sum()) - wins - lost, lost


def _binary(joined: Joined, rule: ThresholdRule, entries: EntryList) -> None:
    counted = _counted(joined, 2)
    names = BINARY_METRICS[: BINARY_METRICS.index("roc_auc")]
    costs = rule.values if rule.rule == "cost" else None
    if counted is None:
        for name in names if costs is None else (*names, "expected_cost"):
            entries.add(name, {side: absent(NO_CLASSES, len(joined)) for side in joined.said})
    else:
        _decisions(counted, entries, costs)
    _rankings(joined, entries)
    truth = np.asarray(joined.truth, np.int64)
    _probabilities(joined, truth, entries)


def _decisions(counted: cells.Table, entries: EntryList, costs: tuple[float, ...] | None) -> None:
    """Metrics of the predicted classes of a binary problem."""
    drawn = paired = None
    if entries.wants("matthews_corrcoef"):
        drawn = cells.joint_draws(counted, np.random.default_rng(SEED))
    if entries.wants("balanced_accuracy", "precision", "f1", "f0_5", "f2", "matthews_corrcoef"):
        paired = cells.paired_draws(counted, np.random.default_rng(SEED))
    one, row, column = np.ones((2, 2)), np.array([[0, 0], [1, 1]]), np.array([[0, 1], [0, 1]])
    either = np.maximum(row, column)
    shares: dict[str, tuple[cells.Function, np.ndarray, int | None]] = {
        "accuracy": (cells.accuracy, one, None),
        "balanced_accuracy": (cells.balanced_accuracy, one, None),
        "precision": (cells.precision, column, None),
        "recall": (cells.recall, row, 1),
        "specificity": (cells.specificity, row[::-1], 0),
        "f1": (cells.f_beta(1), one, None),
        "f0_5": (cells.f_beta(0.5), either, None),
        "f2": (cells.f_beta(2), either, None),
        "matthews_corrcoef": (cells.matthews_corrcoef, one, None),
    }
    for name, (function, of, within) in shares.items():
        if not entries.wants(name):
            continue
        values = {side: _value(function, counted, side) for side in counted.predicted}
        if name in ("accuracy", "precision", "recall", "specificity", "f0_5", "f2"):
            plain = not name.startswith("f")
            estimates = {
                side: cells.share_estimate(function, counted, side, of, values[side], plain=plain) for side in values
            }
        elif name == "f1":
            estimates = {side: cells.f1_estimate(counted, side, values[side]) for side in values}
        elif name == "balanced_accuracy":
            estimates = {side: cells.balanced_estimate(counted, side, values[side]) for side in values}
        else:
            estimates = {
                side: cells.drawn_estimate(function, counted, side, drawn, values[side], share=False) for side in values
            }
        gap = None
        if len(estimates) == 2 and name in ("accuracy", "recall", "specificity"):
            gap = mcnemar_difference(counted, estimates["tuned"], estimates["base"], within)
        elif len(estimates) == 2:
            gap = cells.drawn_difference(function, estimates["tuned"], estimates["base"], paired, counted.clusters)
        by_row = gap is not None and name in ("accuracy", "recall", "specificity")
        entries.add(name, estimates, gap, _right(counted, within) if by_row else None)
    if costs is not None and entries.wants("expected_cost"):
        estimates = {side: cells.cost_estimate(counted, side, costs) for side in counted.predicted}
        entries.add_influence("expected_cost", estimates)


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


def _probabilities(joined: Joined, truth: Codes, entries: EntryList) -> None:
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
    counted = _counted(joined, classes)
    assert counted is not None
    functions: dict[str, cells.Function] = {"accuracy": cells.accuracy, "balanced_accuracy": cells.balanced_accuracy}
    for average in ("macro", "weighted"):
        for name in ("f1", "precision", "recall"):
            functions[f"{average}_{name}"] = cells.averaged(name, weighted=average == "weighted")
    functions["matthews_corrcoef"] = cells.matthews_corrcoef
    drawn = None
    if entries.wants(*functions):
        drawn = cells.joint_draws(counted, np.random.default_rng(SEED), 1_000 if classes > 5 else cells.DRAWS)
    for name, function in functions.items():
        if not entries.wants(name):
            continue
        values = {side: _value(function, counted, side) for side in counted.predicted}
        if name == "accuracy":
            every = np.ones((classes, classes))
            estimates = {side: cells.share_estimate(function, counted, side, every, values[side]) for side in values}
        else:
            share = name != "matthews_corrcoef"
            estimates = {
                side: cells.drawn_estimate(function, counted, side, drawn, values[side], share=share) for side in values
            }
        gap = None
        if len(estimates) == 2:
            tuned, base = estimates["tuned"], estimates["base"]
            gap = (
                mcnemar_difference(counted, tuned, base)
                if name == "accuracy"
                else cells.drawn_difference(function, tuned, base, drawn, counted.clusters)
            )
        entries.add(name, estimates, gap, _right(counted, None) if gap and name == "accuracy" else None)
    _several_rankings(joined, entries)
    truth = np.asarray(joined.truth, np.int64)
    _probabilities(joined, truth, entries)
    if classes >= 5:
        _top(joined, truth, 3, entries)


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
    truth = np.asarray(joined.truth)
    return [
        roc_auc(truth == code, score[:, code], joined.weight, joined.clusters) for code in range(len(joined.classes))
    ]


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


def _top(joined: Joined, truth: Codes, most: int, entries: EntryList) -> None:
    """Whether the truth is among the highest scores, ties against the model."""
    name = f"top_{most}_accuracy"
    if not entries.wants(name):
        return
    hits: dict[Side, Floats | None] = {}
    for side, said in joined.said.items():
        if said.score is None:
            hits[side] = None
            continue
        own = said.score[np.arange(len(truth)), truth]
        hits[side] = ((said.score >= own[:, None]).sum(axis=1) <= most).astype(float)
    estimates = {
        side: absent(NO_SCORES, len(truth)) if own is None else _share_of(own, joined) for side, own in hits.items()
    }
    turned = {side: None if own is None else -own for side, own in hits.items()}
    entries.add_influence(name, estimates, outcomes_of(turned))


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
    tuned, base = medians["tuned"].value, medians["base"].value
    assert tuned is not None
    assert base is not None
    rng = np.random.default_rng(SEED)
    error = losses.median_difference_error(np.abs(errors["tuned"]), np.abs(errors["base"]), rng)
    mean, n = tuned - base, len(joined)
    half = 1.959964 * error
    p_value = float(2 * norm.sf(abs(mean) / error)) if error > 0 else float(mean == 0)
    method = "blocks of rows, normal" if n > losses.RESAMPLED_ROWS else "bootstrap, normal"
    return difference(mean, mean - half, mean + half, p_value, error, n, method, "normal")


def _clustering(joined: Joined, entries: EntryList) -> None:
    codes = {side: said.codes for side, said in joined.said.items() if said.codes is not None}
    truth = None if joined.truth is None else np.asarray(joined.truth, np.int64)
    compared: dict[str, tuple[Estimates, Difference | None]] = {}
    if entries.wants("silhouette", "davies_bouldin", "calinski_harabasz"):
        compared |= shape_metrics(joined.features, codes)
    if entries.wants("adjusted_rand", "adjusted_mutual_info"):
        compared |= agreement_metrics(truth, codes, len(joined.classes))
    if entries.wants("stability"):
        compared["stability"] = stability(joined.features, codes)
    for name, (estimates, gap) in compared.items():
        entries.add(name, estimates, gap)
