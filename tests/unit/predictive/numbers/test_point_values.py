"""What the summary shows equals scikit-learn's: 200 random sets of each type of problem, with ties, classes that are
absent, and weights, through the function that the notebook uses."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as oracle

from model_evaluation.kinds.predictive.runtime.joined import Joined, Said
from model_evaluation.kinds.predictive.runtime.problem import METRICS, ProblemType, ThresholdRule
from model_evaluation.kinds.predictive.runtime.statistics import cells, shapes
from model_evaluation.kinds.predictive.runtime.statistics.measures import measure

SETS = range(200)
COSTS = (1.0, 20.0)
Expected = dict[str, float | None]
"""A metric's value by scikit-learn, ``None`` where it has none that means anything."""


@pytest.fixture(autouse=True)
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values do not rest on what intervals are drawn from."""
    monkeypatch.setattr(cells, "DRAWS", 20)
    for name in ("DRAWS", "RESAMPLES", "HALVES"):
        monkeypatch.setattr(shapes, name, 4)


def shown(problem: ProblemType, truth: Any, said: Said, classes: int, weight: Any, features: Any = None) -> Expected:
    n = len(said.codes if truth is None else truth)  # type: ignore[arg-type]
    rows = {"dataset": n, "tuned": n, "base": 0, "paired": n}
    names = tuple(str(code) for code in range(classes))
    joined = Joined(np.empty(n, "S1"), truth, names, {"tuned": said}, rows, weight=weight, features=features)  # type: ignore[arg-type]
    rule = ThresholdRule.parse("cost 1 20 cross-fit") if problem == "binary" else ThresholdRule()
    entries = measure(joined, problem, rule)
    assert set(METRICS[problem]) <= set(entries)
    return {name: own["value"] for name, entry in entries.items() if (own := entry["tuned"]) is not None}


def same(found: Expected, expected: Expected) -> None:
    for name, value in expected.items():
        if value is None or math.isnan(value):
            assert found[name] is None, name
        else:
            assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-9), name


def quietly(function: Callable[..., Any], *args: Any, **more: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(function(*args, **more))


def weights(rng: np.random.Generator, n: int, seed: int) -> Any:
    """Every other set has weights, some of them 0."""
    return rng.random(n) * (rng.random(n) < 0.9) + 1e-3 * (rng.random(n) < 0.5) if seed % 2 else None


@pytest.mark.parametrize("seed", SETS)
def test_two_classes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 150))
    truth = (rng.random(n) < rng.choice([0.02, 0.1, 0.3, 0.5])).astype(np.int64)
    score = np.round(1 / (1 + np.exp(-rng.normal(size=n) - truth)), int(rng.integers(1, 4)))
    codes = (score >= 0.5).astype(np.int64)
    weight = weights(rng, n, seed)
    own = np.ones(n) if weight is None else weight
    heavy = [float(own[truth == code].sum()) for code in (0, 1)]
    if sum(heavy) == 0:
        return
    said = [float(own[codes == code].sum()) for code in (0, 1)]
    w: dict[str, Any] = {"sample_weight": weight}
    expected: Expected = {
        "accuracy": oracle.accuracy_score(truth, codes, **w),
        "balanced_accuracy": quietly(oracle.balanced_accuracy_score, truth, codes, **w) if min(heavy) else None,
        "precision": quietly(oracle.precision_score, truth, codes, **w) if said[1] else None,
        "recall": quietly(oracle.recall_score, truth, codes, **w) if heavy[1] else None,
        "specificity": quietly(oracle.recall_score, truth, codes, pos_label=0, **w) if heavy[0] else None,
        "matthews_corrcoef": quietly(oracle.matthews_corrcoef, truth, codes, **w) if min(*heavy, *said) else None,
        "roc_auc": quietly(oracle.roc_auc_score, truth, score, **w) if min(heavy) else None,
        "average_precision": quietly(oracle.average_precision_score, truth, score, **w) if heavy[1] else None,
        "log_loss": oracle.log_loss(truth, score, labels=[0, 1], **w),
        "brier_score": oracle.brier_score_loss(truth, score, labels=[0, 1], **w),
        "expected_cost": float(np.average(np.where(truth == 1, COSTS[1], COSTS[0]) * (truth != codes), weights=own)),
    }
    for name, beta in (("f0_5", 0.5), ("f1", 1.0), ("f2", 2.0)):
        value = quietly(oracle.fbeta_score, truth, codes, beta=beta, **w)
        expected[name] = value if heavy[1] or said[1] else None
    same(shown("binary", truth, Said(score, codes, True, 0.5), 2, weight), expected)


@pytest.mark.parametrize("seed", SETS)
def test_several_classes(seed: int) -> None:
    """Averages are over the classes that the truth holds; one that is only predicted is wrong, and no more."""
    rng = np.random.default_rng(seed)
    n, classes = int(rng.integers(4, 150)), int(rng.integers(3, 8))
    truth = rng.integers(0, classes - seed % 3 % 2, n)  # the last class may be absent
    score = rng.dirichlet(np.ones(classes), n)
    score[np.arange(n), truth] += rng.random(n)
    score = np.round(score / score.sum(axis=1, keepdims=True), 2) + 1e-3  # ties
    score /= score.sum(axis=1, keepdims=True)
    codes = score.argmax(axis=1)
    weight = None if (own := weights(rng, n, seed)) is None else own + 0.01
    present = np.unique(truth)
    w: dict[str, Any] = {"sample_weight": weight}
    expected: Expected = {
        "accuracy": oracle.accuracy_score(truth, codes, **w),
        "balanced_accuracy": quietly(oracle.balanced_accuracy_score, truth, codes, **w),
        "log_loss": oracle.log_loss(truth, score, labels=range(classes), **w),
        "brier_score": oracle.brier_score_loss(truth, score, labels=range(classes), scale_by_half=False, **w),
    }
    if len(present) > 1 and len(np.unique(codes)) > 1:
        expected["matthews_corrcoef"] = quietly(oracle.matthews_corrcoef, truth, codes, **w)
    for average in ("macro", "weighted"):
        for name in ("precision", "recall", "f1"):
            function = getattr(oracle, f"{name}_score")
            expected[f"{average}_{name}"] = function(
                truth, codes, labels=present, average=average, zero_division=0, **w
            )
    if len(present) > 1:
        areas = [oracle.roc_auc_score(truth == code, score[:, code], **w) for code in present]
        heaps = [(np.ones(n) if weight is None else weight)[truth == code].sum() for code in present]
        expected |= {
            "macro_roc_auc": float(np.mean(areas)),
            "weighted_roc_auc": float(np.average(areas, weights=heaps)),
        }
    if classes >= 5:  # scikit-learn breaks ties by the order of classes; here none reach over the border
        order = np.sort(score, axis=1)
        if (order[:, -3] > order[:, -4]).all():
            expected["top_3_accuracy"] = quietly(
                oracle.top_k_accuracy_score, truth, score, k=3, labels=range(classes), **w
            )
    same(shown("multiclass", truth, Said(score, codes, True), classes, weight), expected)


@pytest.mark.parametrize("seed", SETS)
def test_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 150))
    truth = np.round(rng.normal(rng.choice([0, 10]), 3, n), 1)
    predicted = truth + np.round(rng.standard_t(4, n), int(rng.integers(0, 3)))
    weight = None if (own := weights(rng, n, seed)) is None else own + 0.01
    w: dict[str, Any] = {"sample_weight": weight}
    one_sign = (truth > 0).all() or (truth < 0).all()
    expected: Expected = {
        "mean_absolute_error": oracle.mean_absolute_error(truth, predicted, **w),
        "mean_squared_error": oracle.mean_squared_error(truth, predicted, **w),
        "root_mean_squared_error": oracle.root_mean_squared_error(truth, predicted, **w),
        "median_absolute_error": oracle.median_absolute_error(truth, predicted, **w),
        "r2": oracle.r2_score(truth, predicted, **w) if np.ptp(truth) else None,
        "mean_absolute_percentage_error": oracle.mean_absolute_percentage_error(truth, predicted, **w)
        if one_sign
        else None,
    }
    same(shown("regression", truth, Said(predicted), 0, weight), expected)


@pytest.mark.parametrize("seed", SETS)
def test_clusters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n, clusters = int(rng.integers(6, 60)), int(rng.integers(1, 6))
    features = np.round(rng.normal(size=(n, 3)), 1)
    codes = np.unique(rng.integers(0, clusters, n), return_inverse=True)[1].astype(np.int64)
    truth = rng.integers(0, 3 - seed % 2, n) if seed % 4 else None
    found = len(np.unique(codes))
    expected: Expected = dict.fromkeys(("adjusted_rand", "adjusted_mutual_info"))
    for name in ("silhouette", "davies_bouldin", "calinski_harabasz"):
        function = getattr(oracle, f"{name}_score")
        expected[name] = quietly(function, features, codes) if 2 <= found < n else None
    if truth is not None:
        expected["adjusted_rand"] = oracle.adjusted_rand_score(truth, codes)
        expected["adjusted_mutual_info"] = oracle.adjusted_mutual_info_score(truth, codes)
    same(shown("clustering", truth, Said(None, codes), 3, None, features), expected)
