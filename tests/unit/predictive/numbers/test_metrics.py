"""Metrics and their intervals: golden numbers, and what contributions of rows must be."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as oracle

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said
from model_evaluation.kinds.predictive.runtime.problem import PrimaryMetric, ThresholdRule
from model_evaluation.kinds.predictive.runtime.statistics import cells, losses, ranking, shapes
from model_evaluation.kinds.predictive.runtime.statistics.cells import mcnemar_difference, tango_interval
from model_evaluation.kinds.predictive.runtime.statistics.entries import settle
from model_evaluation.kinds.predictive.runtime.statistics.estimates import (
    Estimate,
    difference_of,
    mean_estimate,
    spread,
)
from model_evaluation.kinds.predictive.runtime.statistics.measures import measure
from model_evaluation.kinds.predictive.runtime.statistics.segments import gaps
from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.statistics.confusion import accuracy, averaged

TRUTH = np.array([int(digit) for digit in "000000111101"])
A = np.array([0.1, 0.2, 0.2, 0.3, 0.4, 0.6, 0.5, 0.6, 0.7, 0.9, 0.8, 0.2])
B = np.array([0.3, 0.1, 0.4, 0.2, 0.5, 0.5, 0.4, 0.5, 0.9, 0.8, 0.6, 0.3])
# Of the 5 positives and 7 negatives A orders 25.5 of 35 pairs, B 25. DeLong's variances were worked out from the
# placements, apart from this code.
VARIANCES = (0.02578231, 0.02608844)


def test_auc_and_its_paired_difference_are_those_of_delong() -> None:
    a, b = (ranking.roc_auc(TRUTH == 1, score, None, None) for score in (A, B))
    assert (a.value, b.value) == (pytest.approx(25.5 / 35), pytest.approx(25 / 35))
    for estimate, variance in zip((a, b), VARIANCES, strict=True):
        assert estimate.contributions is not None
        assert float(np.square(estimate.contributions.values).sum()) == pytest.approx(variance, abs=1e-8)
    difference = difference_of(a, b, None)
    assert difference is not None
    assert difference["mean"] == pytest.approx(0.5 / 35)
    assert difference["deviation"] == pytest.approx(0.0960087864 * math.sqrt(12))


# 113 patients with a ruptured aneurysm (Turck and others, 2010, Intensive Care Medicine 36: 107-115), in their order:
# whether the outcome was poor, the WFNS grade, and hundredths of the protein S100B. The data set is aSAH of the R
# package pROC 1.19.0.1 (github.com/xrobin/pROC, data/aSAH.RData).
POOR = (
    "00001101001011001011101000000000100110110000000001100010001010011101101111000110100000010000000000001111110001000"
)
GRADE = (
    "11113254125255125225211112121134214541425511241125521251222151125214524414121421232421451154221113125225552445111"
)
S100B = """
13 14 10 4 13 10 47 16 18 10 12 10 44 71 4 8 49 4 7 33 9 9 7 11 7 17 7 11 13 19 5 16 41 14 34 35 48 9 96 25 50 46 16 7
43 45 11 8 9 86 52 8 6 13 207 10 14 15 7 6 77 5 9 30 3 9 4 23 70 9 27 71 8 26 8 16 9 13 10 8 11 33 11 28 7 10 32 22 7 5
24 38 10 15 8 14 10 7 4 19 56 14 58 32 82 74 15 47 17 44 15 50 48
"""


def test_delong_agrees_with_a_published_example() -> None:
    """pROC prints for these patients, and its tests expect (tests/testthat/test-roc.test.R): areas of 0.8237 and
    0.7314, Z = 2.20898359144091, and 0.0104061769564846 to 0.174214419249478 for their difference."""
    truth = np.array(list(POOR)) == "1"
    scores = np.array(list(GRADE), float), np.array(S100B.split(), float)
    grade, protein = (ranking.roc_auc(truth, score, None, None) for score in scores)
    assert (grade.value, protein.value) == (pytest.approx(0.8236789, abs=5e-8), pytest.approx(0.7313686, abs=5e-8))
    assert grade.contributions is not None
    assert protein.contributions is not None
    error = spread(grade.contributions.minus(protein.contributions), None).error
    gap = (grade.value or 0) - (protein.value or 0)
    assert gap / error == pytest.approx(2.20898359144091, rel=1e-12)
    assert gap - 1.959963984540054 * error == pytest.approx(0.0104061769564846, rel=1e-10)
    assert gap + 1.959963984540054 * error == pytest.approx(0.174214419249478, rel=1e-10)


def test_average_precision_has_the_influence_of_numeric_derivatives() -> None:
    estimates = [ranking.average_precision(TRUTH == 1, score, None, None) for score in (A, B)]
    assert [estimate.value for estimate in estimates] == pytest.approx([0.6775757576, 0.7])
    rows = np.ones(12)
    for score, estimate in zip((A, B), estimates, strict=True):
        assert estimate.contributions is not None
        for row in range(12):  # the derivative by a row's weight is its contribution, but for the factor of n - 1
            ends = [
                oracle.average_precision_score(TRUTH, score, sample_weight=rows + step * (np.arange(12) == row))
                for step in (1e-5, -1e-5)
            ]
            derivative = (ends[0] - ends[1]) / 2e-5
            own = estimate.contributions.values[row] * math.sqrt(11 / 12)
            assert own == pytest.approx(derivative, abs=1e-6)


@pytest.mark.parametrize(
    ("value", "positives", "negatives", "interval"),
    [(0.95, 20, 980, (0.8696378, 0.9808150)), (1.0, 5, 50, (0.7900518, 1.0)), (0.0, 5, 50, (0.0, 0.2099482))],
)
def test_newcombe_interval_of_an_auc(
    value: float, positives: int, negatives: int, interval: tuple[float, float]
) -> None:
    assert ranking.newcombe_auc_interval(value, positives, negatives) == pytest.approx(interval, abs=1e-6)


def counted(
    truth: np.ndarray, tuned: np.ndarray, base: np.ndarray | None = None, classes: int = 2, **more
) -> cells.Table:  # type: ignore[no-untyped-def, type-arg]
    predicted = {"tuned": tuned} | ({} if base is None else {"base": base})
    return cells.table(truth, predicted, classes, **more)  # type: ignore[arg-type]


F1 = cells.ClassMetric(cells.f_beta(1), cells.f1_interval)


def test_cells_of_the_golden_rows() -> None:
    own = counted(TRUTH, (A >= 0.5).astype(int)).cells("tuned")
    assert own.tolist() == [[5, 2], [1, 4]]
    assert float(cells.f_beta(1)(own)) == pytest.approx(8 / 11)
    assert float(cells.f_beta(2)(own)) == pytest.approx(oracle.fbeta_score(TRUTH, A >= 0.5, beta=2))
    assert float(cells.matthews_corrcoef(own)) == pytest.approx(0.5070926)
    assert float(cells.expected_cost(1, 50)(own)) == pytest.approx((2 + 50) / 12)


def test_f1_has_wilson_of_the_jaccard_share() -> None:
    truth = np.repeat([1, 0, 1, 0], [14, 5, 6, 75])
    predicted = np.repeat([1, 1, 0, 0], [14, 5, 6, 75])
    estimate = F1.estimate(counted(truth, predicted), "tuned")
    assert (estimate.low, estimate.high) == pytest.approx((0.5408631, 0.8461607), abs=1e-7)


def test_accuracy_differs_by_tango_and_mcnemar() -> None:
    """Both right 50, only tuned 15, only base 5, neither 30."""
    truth = np.ones(100, int)
    tuned, base = np.repeat([1, 1, 0, 0], [50, 15, 5, 30]), np.repeat([1, 0, 1, 0], [50, 15, 5, 30])
    table = counted(truth, tuned, base)
    estimates = [cells.share_estimate(accuracy, table, side, np.ones((2, 2))) for side in ("tuned", "base")]  # type: ignore[arg-type]
    difference = mcnemar_difference(table, *estimates)
    assert difference is not None
    assert (difference["ci_low"], difference["ci_high"]) == pytest.approx(tango_interval(15, 5, 100))
    assert difference["p_value"] == pytest.approx(0.0266036987)
    assert difference["p_exact"] == pytest.approx(0.0413894653)


def test_tangos_interval_is_that_of_other_programs() -> None:
    """Of 21 children, 1 reacts only before and 7 only after a treatment: -0.517 to -0.026, as scorepairci of the R
    package ratesci notes and scoreci.mp of PropCIs has it. Models that change places change the sign."""
    assert tango_interval(1, 7, 21) == pytest.approx((-0.517, -0.026), abs=5e-4)
    low, high = tango_interval(28, 25, 618)
    assert tango_interval(25, 28, 618) == pytest.approx((-high, -low))
    assert tango_interval(0, 0, 21)[0] == pytest.approx(-tango_interval(0, 0, 21)[1])
    assert tango_interval(5, 0, 5)[1] == 1.0


def test_few_rows_that_carry_a_variance_leave_few_degrees() -> None:
    rng = np.random.default_rng(1)
    even = rng.normal(size=(1_000))
    lone = np.concatenate((np.full(999, 0.01), [10.0]))
    for values, least, most in ((even, 800, 999), (lone, 1, 3)):
        own = mean_estimate(values, None, None)
        assert own.contributions is not None
        assert least <= spread(own.contributions, None).tail_degrees <= most


def test_halls_upper_end_is_higher_where_losses_are_skew() -> None:
    losses_ = np.random.default_rng(2).exponential(size=60)
    own = mean_estimate(losses_, None, None, positive=True)
    assert own.value is not None
    assert own.low is not None
    assert own.high is not None
    assert own.contributions is not None
    found = spread(own.contributions, None)
    assert found.skewness * math.sqrt(60) == pytest.approx(stats.skew(losses_))
    assert own.high - own.value > own.value - own.low


def test_wilson_of_a_share() -> None:
    table = counted(np.ones(50, int), np.repeat([1, 0], [49, 1]))
    estimate = cells.share_estimate(cells.recall, table, "tuned", np.array([[0, 0], [1, 1]]))
    assert (estimate.low, estimate.high, estimate.n) == (pytest.approx(0.8950456), pytest.approx(0.9964607), 50)


def test_a_confusion_matrix_of_ten_rows() -> None:
    """[[4, 1], [2, 3]]: accuracy 0.7 with Wilson's 0.397 to 0.892."""
    truth, predicted = np.repeat([0, 0, 1, 1], [4, 1, 2, 3]), np.repeat([0, 1, 0, 1], [4, 1, 2, 3])
    table = counted(truth, predicted)
    share = cells.share_estimate(accuracy, table, "tuned", np.ones((2, 2)))
    assert (share.low, share.high) == pytest.approx((0.397, 0.892), abs=5e-4)
    f1 = F1.estimate(table, "tuned")
    assert f1.value == pytest.approx(2 / 3)
    assert (f1.low, f1.high) == pytest.approx((0.316, 0.896), abs=5e-4)


@pytest.mark.parametrize("weighted", [False, True])
def test_contributions_are_derivatives_by_a_rows_weight(weighted: bool) -> None:
    rng = np.random.default_rng(3)
    n = 40
    truth = rng.integers(0, 3, n)
    predicted = np.where(rng.random(n) < 0.6, truth, rng.integers(0, 3, n))
    weight = rng.random(n) + 0.5 if weighted else np.ones(n)
    number = rng.normal(size=n)
    error = rng.normal(size=n)
    functions = [cells.matthews_corrcoef, averaged("f1", weighted=True), cells.balanced_accuracy]

    def values(own: np.ndarray) -> list[Estimate]:  # type: ignore[type-arg]
        table = counted(truth, predicted, classes=3, weight=own)
        parts = [table.contributions(function, "tuned") for function in functions]
        estimates = [
            Estimate(float(function(table.cells("tuned"))), None, None, n, "", part)
            for function, part in zip(functions, parts, strict=True)
        ]
        squared = mean_estimate(np.square(error), own, None)
        return [*estimates, squared, losses.root_of(squared), losses.r_squared(number, error, own, None)]

    for row in (0, 7, 23):
        step = 1e-6 * (np.arange(n) == row)
        for at, (high, low) in enumerate(zip(values(weight + step), values(weight - step), strict=True)):
            own = values(weight)[at]
            assert own.contributions is not None
            assert high.value is not None
            assert low.value is not None
            derivative = (high.value - low.value) / 2e-6 * weight[row]
            factor = 1.0 if at == 3 or at == 4 else math.sqrt(n / (n - 1))
            assert own.contributions.values[row] == pytest.approx(derivative * factor, abs=1e-6)


def test_what_does_not_exist_has_no_value_and_says_why() -> None:
    one_class = np.ones(10, bool)
    assert ranking.roc_auc(one_class, np.arange(10.0), None, None).value is None
    assert ranking.roc_auc(one_class, np.arange(10.0), None, None).method == "none: no negative row"
    assert ranking.average_precision(~one_class, np.arange(10.0), None, None).value is None
    assert math.isnan(float(cells.matthews_corrcoef(np.array([[0.0, 0.0], [2.0, 8.0]]))))
    assert math.isnan(float(cells.precision(np.array([[5.0, 0.0], [5.0, 0.0]]))))
    assert losses.r_squared(np.array([1.0]), np.array([0.0]), None, None).value is None
    assert losses.r_squared(np.ones(5), np.zeros(5), None, None).method == "none: the truth never varies"
    assert (
        losses.percentage_error(np.array([0.0, 1.0]), np.ones(2), None, None).method == "none: 1 rows have a truth of 0"
    )
    assert losses.percentage_error(np.array([-1.0, 1.0]), np.ones(2), None, None).value is None
    assert mean_estimate(np.empty(0), None, None).value is None


def test_rows_that_belong_together_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(30), 20)
    values = np.repeat(rng.normal(size=30), 20)
    alone, together = mean_estimate(values, None, None), mean_estimate(values, None, groups)
    assert alone.contributions is not None
    assert together.contributions is not None
    errors = spread(alone.contributions, None).error, spread(together.contributions, groups).error
    assert errors[1] == pytest.approx(errors[0] * math.sqrt(20 * 30 / 29 * 599 / 600), rel=2e-3)
    assert "30 groups" in together.method


def few_positives(positives: int, groups: int = 0) -> Joined:
    rng = np.random.default_rng(4)
    n = 400
    truth = (np.arange(n) < positives).astype(np.int64)
    said: dict[Side, Said] = {}
    for side, strength in (("tuned", 4.0), ("base", 0.0)):
        score = 1 / (1 + np.exp(-rng.normal(size=n) - strength * truth))
        said[side] = Said(score, (score >= 0.7).astype(np.int64), True, 0.7)
    rows = {"dataset": n, "tuned": n, "base": n, "paired": n}
    clusters = np.arange(n) // groups if groups else None
    return Joined(np.empty(n, "S1"), truth, ("0", "1"), said, rows, clusters=clusters)  # type: ignore[arg-type]


@pytest.mark.parametrize(("positives", "groups", "told"), [(9, 0, True), (10, 0, False), (40, 20, True)])
def test_of_few_positives_nothing_is_claimed(positives: int, groups: int, told: bool) -> None:
    entries = measure(few_positives(positives, groups), "binary", ThresholdRule())
    settle(entries, PrimaryMetric("roc_auc"))
    gap = entries["roc_auc"]["difference"]
    assert gap is not None
    assert gap["ci_low"] is not None
    assert gap["ci_low"] > 0, "the numbers alone would say that it is better"
    assert entries["roc_auc"]["verdict"] == ("inconclusive" if told else "improved")
    if told:
        assert gap["caution"].startswith(f"few positives ({2 if groups else 9} {'groups' if groups else 'rows'}): ")
    accuracy = entries["accuracy"]["difference"]
    assert accuracy is not None
    assert "caution" not in accuracy


@pytest.mark.parametrize(
    ("column", "first", "reason", "sound"),
    [
        ("weight", 1e6, "one row has 100% of the weight: ", False),
        ("clusters", 100, "one group has 25% of the weight: ", False),
        ("weight", 20.0, "one row has 34% of the weight of the positives: ", True),
        ("weight", 5.0, "", True),
    ],
)
def test_one_row_or_group_that_outweighs_the_others_decides_nothing(
    column: str, first: float, reason: str, sound: bool
) -> None:
    """The other rows' spread does not tell how far off that one is: by itself, every second such evaluation of equal
    models claimed that one of them is better."""
    joined = few_positives(40)
    own = np.r_[first, np.ones(399)] if column == "weight" else np.maximum(np.arange(400) - first + 1, 0).astype(int)
    entries = measure(replace(joined, **{column: own}), "binary", ThresholdRule())
    for name, told in (("roc_auc", bool(reason)), ("accuracy", not sound)):
        gap = entries[name]["difference"]
        assert gap is not None
        assert gap.get("caution", "").startswith(reason if told else "")
        assert bool(gap.get("caution")) is told


@pytest.mark.parametrize("classes", [2, 5])
def test_models_that_agree_in_every_row_are_not_shown_to_be_equal(classes: int) -> None:
    """Of 60 rows without a difference up to one in 17 may differ; with an interval of no width, 65 of 100 evaluations
    of models that differ in 3% of the rows missed the difference."""
    truth = np.arange(60) % classes
    score = np.eye(classes)[np.where(np.arange(60) % 7 == 0, (truth + 1) % classes, truth)]
    own = score[:, 1] if classes == 2 else score
    said: dict[Side, Said] = {side: Said(own, score.argmax(axis=1), True) for side in ("tuned", "base")}
    rows = {"dataset": 60, "tuned": 60, "base": 60, "paired": 60}
    names = tuple(map(str, range(classes)))
    joined = Joined(np.empty(60, "S1"), truth, names, said, rows)  # type: ignore[arg-type]
    problem = "binary" if classes == 2 else "multiclass"
    entries = measure(joined, problem, ThresholdRule.parse("cost 1 5 cross-fit"))  # type: ignore[arg-type]
    chosen = (
        ("precision", "f1", "matthews_corrcoef", "expected_cost") if classes == 2 else ("macro_f1", "top_3_accuracy")
    )
    for name in chosen:
        settle(entries, PrimaryMetric(name, 0.01))
        gap = entries[name]["difference"]
        assert gap is not None
        assert gap["mean"] == 0
        assert gap["ci_low"] is None or gap["ci_low"] < -0.01
        assert entries[name]["verdict"] == "inconclusive"


def test_a_difference_of_costs_by_hand() -> None:
    """Of 100 rows the candidate alone is right in 6 negatives and 1 positive, the champion alone in 2 negatives."""
    truth = np.repeat([0, 1], 50)
    tuned, base = truth.copy(), truth.copy()
    base[:6], base[50], tuned[6:8] = 1, 0, 1
    counted = cells.table(truth, {"tuned": tuned, "base": base}, 2)
    own = {side: cells.cost_estimate(counted, side, (1.0, 20.0)) for side in ("tuned", "base")}  # type: ignore[arg-type]
    gap = cells.cost_difference(counted, own["tuned"], own["base"], (1.0, 20.0))  # type: ignore[index]
    assert gap is not None
    # fewer false positives by 4 / 100 and false negatives by 1 / 100
    low = [cells.tango_interval(2, 6, 100), cells.tango_interval(0, 1, 100)]
    below = math.hypot(-0.04 - low[0][0], 20 * (-0.01 - low[1][0]))
    assert (gap["mean"], gap["ci_low"]) == pytest.approx((-0.24, -0.24 - below))


def test_adjusted_mutual_information_has_the_interval_of_leaving_each_row_out() -> None:
    """By the draws of counts that had been used, it held the truth in 81 of 100 sets of 30 rows."""
    rng = np.random.default_rng(5)
    truth = rng.integers(0, 3, 40)
    found = np.where(rng.random(40) < 0.7, truth, rng.integers(0, 3, 40))
    estimates, gap = shapes.agreement_metrics(truth, {"tuned": found, "base": truth}, 3)["adjusted_mutual_info"]
    score = oracle.adjusted_mutual_info_score
    without = np.array([score(np.delete(truth, at), np.delete(found, at)) for at in range(40)])
    error = math.sqrt(39 / 40 * np.square(without - without.mean()).sum())
    parts = estimates["tuned"].contributions
    assert parts is not None
    assert gap is not None
    assert spread(parts, None).error == pytest.approx(error)
    assert gap["deviation"] == pytest.approx(error * math.sqrt(40))  # the other one is right whatever is left out
    assert estimates["base"].value == 1


def test_segments_of_groups_are_not_apart_by_chance() -> None:
    """Four segments with one rate, in groups of ten rows that mostly say the same: as rows by themselves, 60 of 100
    such sets showed a gap."""
    rng, apart = np.random.default_rng(6), 0
    for _ in range(60):
        groups = np.repeat(np.arange(60), 10)
        said = np.where(rng.random(600) < 0.6, (rng.random(60) < 0.3)[groups], rng.random(600) < 0.3).astype(int)
        joined = replace(few_positives(40), truth=np.zeros(600, int), said={"tuned": Said(None, said)}, clusters=groups)
        joined = replace(joined, slices={"field": rng.integers(0, 4, 60)[groups].astype(str).astype(object)})
        selected = next(gap for gap in gaps(joined, ["field"])["field"] if gap["rate"] == "selection_rate")
        apart += selected["gap"] > selected["by_chance"]
    assert apart <= 8  # of 3 that are expected, three standard errors more
