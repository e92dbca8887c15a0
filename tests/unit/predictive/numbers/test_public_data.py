"""Public data that ship in packages, through everything that people are taught to look at in a classifier."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as oracle
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from model_evaluation.kinds.predictive.runtime.problem import Columns
from model_evaluation.kinds.predictive.runtime.reading.answer_columns import answer_columns
from model_evaluation.kinds.predictive.runtime.reading.table_reading import read_predictions, read_test_set
from model_evaluation.kinds.predictive.runtime.tables import Predictions, TestSet
from model_evaluation.reporting.summaries import summary_fault
from model_evaluation.reporting.tracking import run_metrics
from model_evaluation.runtime.report.export import export_analysis
from unit.predictive.numbers.cases import BINARY, analysed, ids, texts


def test_a_classifier_is_judged_as_the_textbook_asks(tmp_path: Path) -> None:
    """Five metrics, confusion heat map, ROC curve, a documented choice, JSON, CSV, numbers for MLflow: from files."""
    features, truth = load_breast_cancer(return_X_y=True)
    train, test, labels, own = train_test_split(features, truth, test_size=0.4, random_state=7, stratify=truth)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(train, labels)
    score = model.predict_proba(test)[:, 1]
    pd.DataFrame({"id": ids(len(own)), "benign": own.astype(float)}).to_csv(tmp_path / "test.csv", index=False)
    pd.DataFrame({"id": ids(len(own)), "score": score}).iloc[::-1].to_csv(tmp_path / "scores.csv", index=False)
    texts_of = {"dtype": str, "keep_default_na": False}
    rows = read_test_set(pd.read_csv(tmp_path / "test.csv", **texts_of), Columns("benign", "id"), BINARY)
    columns = answer_columns(["id", "score"], "id", BINARY, ["0", "1"], lambda name: [])
    said = read_predictions(pd.read_csv(tmp_path / "scores.csv", **texts_of), columns, BINARY)
    analysis = analysed(rows, {"tuned": said}, threshold="0.5", primary="f1")
    metrics = analysis.summary["metrics"]
    predicted = score >= 0.5
    for name, function in (
        ("accuracy", oracle.accuracy_score),
        ("precision", oracle.precision_score),
        ("recall", oracle.recall_score),
        ("f1", oracle.f1_score),
    ):
        value = metrics[name]["tuned"]
        assert value is not None
        assert value["value"] == pytest.approx(function(own, predicted))  # type: ignore[typeddict-item]
        assert value["ci_low"] < value["value"] < value["ci_high"]  # type: ignore[typeddict-item]
    folder = export_analysis(analysis, tmp_path / "results")
    figures = {path.name for path in (folder / "figures").iterdir()}
    assert {"confusion.png", "confusion.svg", "roc.png", "precision_recall.png"} <= figures
    page = (folder / "report.html").read_text()
    assert "<dt>Primary metric</dt><dd>f1</dd>" in page
    assert "f1 is 0.9" in page
    content = json.loads((folder / "evaluation.json").read_text())["binary_classification_metrics"]
    assert content["auc"]["value"] == pytest.approx(oracle.roc_auc_score(own, score))
    with open(folder / "per_example.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(own)
    assert {line["tuned_correct"] for line in lines} == {"true", "false"}
    logged = run_metrics(analysis.summary)
    assert logged["f1.tuned_mean"] == pytest.approx(oracle.f1_score(own, predicted))


def test_a_rare_class_makes_accuracy_say_little() -> None:
    """The imbalanced exercise: 12 malignant cases among 155."""
    features, truth = load_breast_cancer(return_X_y=True)
    train, test, labels, own = train_test_split(features, 1 - truth, test_size=0.4, random_state=7, stratify=truth)
    kept = np.concatenate([np.flatnonzero(own == 0), np.flatnonzero(own == 1)[:6]])
    model = LogisticRegression().fit(StandardScaler().fit_transform(train)[:, :2], labels)
    score = model.predict_proba(StandardScaler().fit(train).transform(test[kept])[:, :2])[:, 1]
    analysis = analysed(TestSet(ids(len(kept)), texts(own[kept])), {"tuned": Predictions(ids(len(kept)), score)})
    classes = next(check for check in analysis.summary["checks"] if check["id"] == "classes")
    assert classes["status"] == "warn"
    assert "'1' (6)" in classes["message"]
    recall = analysis.summary["metrics"]["recall"]["tuned"]
    assert recall["n"] == 6
    assert recall["ci_high"] - recall["ci_low"] > 0.4


def test_affairs_by_segment() -> None:
    """Fair's survey (1978), which statsmodels ships: 6,366 answers."""
    from statsmodels.datasets import fair  # takes a second: not while tests are collected

    table = fair.load_pandas().data
    truth = (table["affairs"] > 0).astype(int).to_numpy()
    features = table.drop(columns="affairs").to_numpy()
    train, test, labels, own = train_test_split(features, truth, test_size=0.5, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression())
    full, part = (model.fit(train[:, :k], labels).predict_proba(test[:, :k])[:, 1] for k in (8, 2))
    n = len(own)
    rows = TestSet(ids(n), texts(own), slices={"religious": texts(test[:, 4])})
    predictions = {"tuned": Predictions(ids(n), full), "base": Predictions(ids(n), part)}
    analysis = analysed(rows, predictions, primary="log_loss margin=0.005", slices=["religious"])  # type: ignore[arg-type]
    assert summary_fault(json.loads(json.dumps(analysis.summary))) is None
    assert analysis.summary["verdict"]["decision"] == "improved"
    assert set(analysis.summary["slices"]["religious"]) == {"1.0", "2.0", "3.0", "4.0"}
    assert 0.9 < analysis.summary["calibration"]["tuned"]["slope"] < 1.3
