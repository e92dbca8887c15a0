"""A threshold is chosen where it may be, and does there what was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from model_evaluation.kinds.predictive.runtime.joined import join
from model_evaluation.kinds.predictive.runtime.problem import ThresholdRule
from model_evaluation.kinds.predictive.runtime.statistics.thresholds import (
    choose_threshold,
    seeded_folds,
    threshold_curve,
)
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.runtime.results.evaluation import ResultsError
from unit.predictive.numbers.cases import BINARY, analysed, ids, scored, texts, two_models

TRUTH = np.array([0, 0, 1, 0, 1, 1]) == 1
SCORE = np.array([0.1, 0.2, 0.3, 0.4, 0.6, 0.9])


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        # A miss costs 1, a false alarm too: from 0.6 on one miss, from 0.3 on one false alarm; the highest of equals.
        ("cost 1 1 cross-fit", 0.5),
        ("cost 1 5 cross-fit", 0.25),
        ("cost 5 1 cross-fit", 0.5),
        ("recall 0.6 cross-fit", 0.5),
        ("recall 1 cross-fit", 0.25),
        ("precision 1 cross-fit", 0.5),
        ("precision 0.75 cross-fit", 0.25),
    ],
)
def test_the_threshold_that_the_rule_finds(rule: str, threshold: float) -> None:
    assert choose_threshold(TRUTH, SCORE, ThresholdRule.parse(rule)).value == pytest.approx(threshold)


@pytest.mark.parametrize("seed", range(30))
def test_no_other_threshold_costs_less(seed: int) -> None:
    truth, score = scored(80, 0.3, seed)
    rule = ThresholdRule.parse("cost 1 7 cross-fit")
    chosen = choose_threshold(truth == 1, score, rule).value

    def cost(threshold: float) -> float:
        predicted = score >= threshold
        return float((predicted & (truth == 0)).sum() + 7 * (~predicted & (truth == 1)).sum())

    assert cost(chosen) == min(cost(own) for own in (*score, 2.0))


def test_a_precision_that_cannot_be_had_is_told() -> None:
    chosen = choose_threshold(TRUTH, -SCORE, ThresholdRule.parse("precision 0.9 cross-fit"))
    assert "No threshold reaches a precision of 0.9" in chosen.note


def test_a_threshold_needs_rows_of_the_class() -> None:
    with pytest.raises(ResultsError, match="without a positive one"):
        choose_threshold(np.zeros(3, bool), SCORE[:3], ThresholdRule.parse("recall 0.9 cross-fit"))


def test_the_curve_counts_every_threshold() -> None:
    curve = threshold_curve(TRUTH, SCORE)
    for threshold, found, alarms in zip(*curve, strict=True):
        assert found == (SCORE[TRUTH] >= threshold).sum()
        assert alarms == (SCORE[~TRUTH] >= threshold).sum()


def test_folds_are_the_same_in_any_order_and_even() -> None:
    truth, _ = scored(103)
    folds = seeded_folds(ids(103), truth == 1, None)
    order = np.random.default_rng(0).permutation(103)
    assert (seeded_folds(ids(103)[order], truth[order] == 1, None) == folds[order]).all()
    counts = np.bincount(folds[truth == 1], minlength=5)
    assert np.ptp(counts) <= 1


def test_groups_stay_in_one_fold() -> None:
    truth, _ = scored(100)
    groups = np.arange(100) // 4
    folds = seeded_folds(ids(100), truth == 1, groups)
    assert all(len(set(folds[groups == group])) == 1 for group in range(25))
    assert set(folds) == set(range(5))


def test_cross_fitting_decides_no_row_at_a_threshold_that_it_chose() -> None:
    """Of pure noise the best cost of the very rows is far below what can be had; across folds it is not."""
    rng = np.random.default_rng(5)
    costs, flattering = [], []
    for _ in range(40):
        truth, score = (rng.random(60) < 0.5).astype(int), rng.random(60)
        test = TestSet(ids(60), texts(truth))
        analysis = analysed(test, {"tuned": Predictions(ids(60), score)}, threshold="cost 1 1 cross-fit", primary="f1")
        costs.append(analysis.summary["metrics"]["expected_cost"]["tuned"]["value"])
        best = choose_threshold(truth == 1, score, ThresholdRule.parse("cost 1 1 cross-fit")).value
        flattering.append(((score >= best) != (truth == 1)).mean())
    assert np.mean(flattering) < 0.43
    assert np.mean(costs) > 0.48


def test_a_validation_set_chooses_for_each_model() -> None:
    test, predictions = two_models(300)
    truth, score = scored(500, seed=7)
    validation = TestSet(ids(500), texts(truth))
    sets = {"tuned": Predictions(ids(500), score), "base": Predictions(ids(500), np.sqrt(score))}
    rule = "cost 1 10 validation s3://bucket/validation.csv"
    analysis = analysed(test, predictions, threshold=rule, validation=(validation, sets))
    threshold = analysis.summary["conditions"]["threshold"]
    expected = choose_threshold(truth == 1, score, ThresholdRule.parse(rule)).value
    assert threshold["values"]["tuned"] == expected
    assert threshold["set"] == "validation"
    assert threshold["origin"] == "cost 1 10"
    assert analysis.joined.said["base"].threshold == pytest.approx(
        choose_threshold(truth == 1, np.sqrt(score), ThresholdRule.parse(rule)).value
    )
    assert "expected_cost" in analysis.summary["metrics"]


def test_without_scores_on_the_validation_set_nothing_is_chosen() -> None:
    test, predictions = two_models(100)
    truth, score = scored(50, seed=7)
    sets = {"tuned": Predictions(ids(50), score)}
    with pytest.raises(ResultsError, match="no scores of the base model for the validation set"):
        analysed(
            test,
            predictions,
            threshold="recall 0.9 validation s3://b/v.csv",
            validation=(TestSet(ids(50), texts(truth)), sets),  # type: ignore[arg-type]
        )


def test_a_models_own_classes_need_no_threshold() -> None:
    test, predictions = two_models(100)
    score = np.asarray(predictions["tuned"].score)
    said = replace(predictions["tuned"], prediction=texts((score > 0.7).astype(int)))
    joined = join(test, {"tuned": said}, BINARY)
    analysis = analysed(test, {"tuned": said}, threshold="none", primary="f1")
    assert (analysis.joined.said["tuned"].codes == joined.said["tuned"].codes).all()
    assert analysis.summary["conditions"]["threshold"]["origin"] == "the model's own classes"
    usual = analysed(test, {"tuned": predictions["tuned"]}, threshold="none", primary="f1")
    assert usual.summary["conditions"]["threshold"]["value"] == 0.5
    assert any("No threshold was set" in text for text in usual.summary["warnings"])
