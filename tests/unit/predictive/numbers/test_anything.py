"""Whatever a few rows hold, the analysis ends in a summary that is believed, or in a refusal that says why."""

from __future__ import annotations

import json

import numpy as np
import pytest

from model_evaluation.kinds.predictive.runtime.joined import constant_predictions
from model_evaluation.kinds.predictive.runtime.problem import METRICS, Problem, ProblemType
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.reporting.summaries import summary_fault
from model_evaluation.runtime.report.charts import draw_charts
from model_evaluation.runtime.report.page import report_html
from model_evaluation.runtime.results.evaluation import ResultsError
from unit.predictive.numbers.cases import BINARY, analysed, ids, texts

KINDS: tuple[ProblemType, ...] = ("binary", "multiclass", "regression", "clustering")
THRESHOLDS = ("0.5", "none", "cost 1 5 cross-fit", "recall 0.8 cross-fit", "precision 0.7 cross-fit")


def any_test_set(rng: np.random.Generator, kind: ProblemType, n: int, classes: int) -> TestSet:
    label = texts(rng.integers(0, classes, n))
    if kind == "regression":
        label = np.round(rng.normal(0, 2, n), int(rng.integers(0, 3))) if rng.random() < 0.8 else np.full(n, 3.0)
    weight = rng.random(n) * (rng.random(n) < 0.8) if rng.random() < 0.25 else None
    return TestSet(
        ids(n),
        None if kind == "clustering" and rng.random() < 0.4 else label,
        weight,
        texts(rng.integers(0, max(1, n // 3), n)) if rng.random() < 0.25 else None,
        {"s": texts(rng.integers(0, 3, n))} if rng.random() < 0.6 else {},
        rng.normal(size=(n, 3)) if kind == "clustering" and rng.random() < 0.8 else None,
    )


def any_predictions(rng: np.random.Generator, kind: ProblemType, test: TestSet, classes: int) -> Predictions:
    n = len(test)
    rows = np.sort(rng.choice(n, max(1, int(n * rng.choice([1, 1, 1, 0.6]))), replace=False))
    own, q = ids(n)[rows], len(rows)
    if kind == "clustering":
        return Predictions(own, None, texts(rng.integers(0, int(rng.integers(1, 5)), q)))
    if kind == "regression":
        return Predictions(own, np.asarray(test.label, float)[rows] + rng.normal(size=q) * rng.choice([0, 1, 5]))
    names = tuple(str(code) for code in range(classes))
    if kind == "multiclass":
        said = (
            Predictions(own, None, texts(rng.integers(0, classes + 1, q))),
            Predictions(own, rng.normal(size=(q, classes)), None, names),
            Predictions(own, rng.dirichlet(np.ones(classes), q), None, names),
        )
        return said[int(rng.integers(0, 3))]
    score = rng.random(q)
    two = (
        Predictions(own, None, texts(rng.integers(0, 2, q))),
        Predictions(own, np.full(q, 0.4)),
        Predictions(own, rng.normal(size=q)),
        Predictions(own, np.stack([1 - score, score], axis=1), None, ("0", "1")),
        Predictions(own, np.round(score, int(rng.integers(0, 4)))),
    )
    return two[int(rng.integers(0, 5))]


@pytest.mark.parametrize("seed", range(80))
def test_any_rows_end_in_a_whole_summary_or_a_refusal(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kind = KINDS[seed % 4]
    n, classes = int(rng.choice([1, 2, 3, 5, 8, 20, 60])), 2 if kind == "binary" else int(rng.integers(2, 7))
    test = any_test_set(rng, kind, n, classes)
    problem = BINARY if kind == "binary" else Problem(kind)
    predictions = {"tuned": any_predictions(rng, kind, test, classes)}
    if rng.random() < 0.7:
        predictions["base"] = any_predictions(rng, kind, test, classes)
    elif rng.random() < 0.5 and kind != "clustering" and (test.weight is None or test.weight.any()):
        predictions["base"] = constant_predictions(test, problem)
    primary = str(rng.choice(METRICS[kind])) + (" margin=0.1" if rng.random() < 0.5 else "")
    threshold = str(rng.choice(THRESHOLDS))
    try:
        analysis = analysed(
            test,
            predictions,
            problem,
            threshold=threshold,
            primary=primary,
            slices=list(test.slices),  # type: ignore[arg-type]
        )
    except ResultsError:
        return
    assert summary_fault(json.loads(json.dumps(analysis.summary, allow_nan=False))) is None
    assert all(json.loads(content) for content in analysis.files().values())
    if seed % 10 == 0:
        assert "Can the numbers be trusted?" in report_html(analysis, draw_charts(analysis))
