"""Test sets and predictions to try the analysis on: random ones with a known make, and real data of scikit-learn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_evaluation.kinds.predictive.runtime.analysis import PredictiveAnalysis, analyse_predictions
from model_evaluation.kinds.predictive.runtime.problem import PrimaryMetric, Problem, ThresholdRule
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.runtime.results.evaluation import Evaluation, Side

BINARY = Problem("binary", "1")


def evaluation(scope: str = "compare", champion: str = "champion-model", **conditions: object) -> Evaluation:
    return Evaluation(
        "predictive",
        {"dataset": "s3://bucket/test.csv", **conditions},
        {"name": "candidate-model"},
        {"name": champion},
        scope=scope,
        execution_arn="arn:aws:sagemaker:eu-west-1:123456789012:transform-job/candidate",
        created="2026-01-01T00:00:00+00:00",
    )


def ids(n: int) -> Any:
    return np.array([f"r{number}" for number in range(n)], object)


def texts(values: Any) -> Any:
    return np.array([str(value) for value in values], object)


def analysed(
    test: TestSet,
    predictions: Mapping[Side, Predictions],
    problem: Problem = BINARY,
    *,
    threshold: str = "0.5",
    primary: str = "",
    **more: Any,
) -> PredictiveAnalysis:
    usual = {
        "binary": "roc_auc",
        "multiclass": "macro_f1",
        "regression": "mean_absolute_error",
        "clustering": "silhouette",
    }
    return analyse_predictions(
        test,
        predictions,
        problem=problem,
        threshold=ThresholdRule.parse(threshold if problem.type == "binary" else "none"),
        primary=PrimaryMetric.parse(primary or usual[problem.type]),
        slices=more.pop("slices", ()),
        evaluation=more.pop("evaluation", evaluation("compare" if len(predictions) == 2 else "tuned")),
        **more,
    )


def scored(n: int = 400, prevalence: float = 0.3, seed: int = 0, strength: float = 1.5) -> tuple[Any, Any]:
    """A truth and probabilities that go with it."""
    rng = np.random.default_rng(seed)
    truth = (rng.random(n) < prevalence).astype(int)
    score = 1 / (1 + np.exp(-(rng.normal(size=n) + strength * truth - 1)))
    return truth, score


def two_models(n: int = 400, **more: Any) -> tuple[TestSet, dict[Side, Predictions]]:
    """A test set with a better and a worse model, and segments."""
    truth, score = scored(n, **more)
    rng = np.random.default_rng(99)
    other = np.clip(score + rng.normal(0, 0.25, n), 0, 1)
    test = TestSet(ids(n), texts(truth), slices={"region": texts(np.where(np.arange(n) % 3, "north", "south"))})
    return test, {"tuned": Predictions(ids(n), score), "base": Predictions(ids(n), other)}


def breast_cancer() -> tuple[TestSet, dict[Side, Predictions]]:
    features, truth = load_breast_cancer(return_X_y=True)
    train, test, labels, own = train_test_split(features, 1 - truth, test_size=0.5, random_state=1, stratify=truth)
    candidate = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, labels)
    champion = RandomForestClassifier(20, random_state=0).fit(train[:, :5], labels)
    size = texts(np.where(test[:, 0] > 14, "large", "small"))
    return TestSet(ids(len(test)), texts(own), slices={"size": size}), {
        "tuned": Predictions(ids(len(test))[::-1], candidate.predict_proba(test)[::-1, 1]),
        "base": Predictions(ids(len(test)), champion.predict_proba(test[:, :5])[:, 1]),
    }


def digits() -> tuple[TestSet, dict[Side, Predictions]]:
    features, truth = load_digits(return_X_y=True)
    train, test, labels, own = train_test_split(features, truth, test_size=0.3, random_state=1, stratify=truth)
    classes = tuple(str(digit) for digit in range(10))
    candidate = RandomForestClassifier(40, random_state=0).fit(train, labels)
    champion = RandomForestClassifier(3, max_depth=4, random_state=0).fit(train, labels)
    return TestSet(ids(len(test)), texts(own)), {
        "tuned": Predictions(ids(len(test)), candidate.predict_proba(test), None, classes),
        "base": Predictions(ids(len(test)), champion.predict_proba(test), None, classes),
    }


def diabetes() -> tuple[TestSet, dict[Side, Predictions]]:
    features, truth = load_diabetes(return_X_y=True)
    train, test, labels, own = train_test_split(features, truth, test_size=0.5, random_state=1)
    sex = texts(np.where(test[:, 1] > 0, "a", "b"))
    return TestSet(ids(len(test)), own, slices={"sex": sex}), {
        "tuned": Predictions(ids(len(test)), LinearRegression().fit(train, labels).predict(test)),
        "base": Predictions(ids(len(test)), RandomForestRegressor(10, random_state=0).fit(train, labels).predict(test)),
    }
