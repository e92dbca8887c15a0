"""Tables for evaluations of predictive models: real rows that ship with scikit-learn, and what models say of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

FEATURES = 6


class Rows(NamedTuple):
    """A test set with ids and true answers, the training rows beside it, and the models' answers for the test rows."""

    names: list[str]
    test: list[list[Any]]
    train: list[list[Any]]
    candidate: np.ndarray[Any, Any]
    reference: np.ndarray[Any, Any]

    @property
    def ids(self) -> list[str]:
        return [str(row[0]) for row in self.test]


def text(names: Sequence[str], rows: Sequence[Sequence[Any]], *, header: bool = True, delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n", delimiter=delimiter)
    if header:
        writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


@cache
def tumours() -> Rows:
    """Breast cancer: malignant (1, 37%) or not, a logistic regression against a small tree."""
    x, y = load_breast_cancer(return_X_y=True)
    return _split(x[:, :FEATURES], 1 - y, LogisticRegression(max_iter=1_000), DecisionTreeClassifier(max_depth=2), True)


@cache
def wines() -> Rows:
    """Three classes."""
    x, y = load_wine(return_X_y=True)
    return _split(x[:, :FEATURES], y, LogisticRegression(max_iter=1_000), DecisionTreeClassifier(max_depth=1), True)


@cache
def diabetes() -> Rows:
    """A number."""
    x, y = load_diabetes(return_X_y=True)
    return _split(x[:, :FEATURES].round(5), y + 0.5, LinearRegression(), DecisionTreeRegressor(max_depth=1), False)


def _split(x: Any, y: Any, candidate: Any, reference: Any, classes: bool) -> Rows:
    order = np.random.default_rng(7).permutation(len(y))
    half = len(y) // 2
    test, train = order[:half], order[half:]
    said = []
    for model in (candidate, reference):
        fitted = make_pipeline(StandardScaler(), model).fit(x[train], y[train])
        said.append(fitted.predict_proba(x[test]) if classes else fitted.predict(x[test]))
    names = ["case_id", "label", *(f"x{number}" for number in range(x.shape[1]))]
    rows = [[f"c{place:04d}", y[place].item(), *x[place].tolist()] for place in range(len(y))]
    return Rows(names, [rows[place] for place in test], [rows[place] for place in train], *said)


def put(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def put_tumours(folder: Path) -> dict[str, str]:
    """Test set, training set and both models' scores as files, in another order than the test set; paths by name."""
    rows = tumours()
    order = np.random.default_rng(1).permutation(len(rows.test))

    def scores(said: Any) -> str:
        return text(["case_id", "score"], [[rows.ids[place], f"{said[place, 1]:.6f}"] for place in order])

    return {
        "test": put(folder, "test.csv", text(rows.names, rows.test)),
        "train": put(folder, "train.csv", text(rows.names, rows.train)),
        "candidate": put(folder, "candidate.csv", scores(rows.candidate)),
        "reference": put(
            folder, "champion.csv", scores(rows.reference + np.linspace(0, 0.009, len(rows.test))[:, None])
        ),
    }


def put_wines(folder: Path) -> dict[str, str]:
    """Three classes by name, and the candidate's score for each."""
    names, rows = ["barolo", "grignolino", "barbera"], wines()
    scores = [[key, *said] for key, said in zip(rows.ids, rows.candidate.round(6).tolist(), strict=True)]
    return {
        "test": put(folder, "test.csv", text(rows.names, [[row[0], names[row[1]], *row[2:]] for row in rows.test])),
        "candidate": put(folder, "candidate.csv", text(["case_id", *(f"score_{name}" for name in names)], scores)),
    }


def put_diabetes(folder: Path) -> dict[str, str]:
    """A number, and both models' predictions of it."""
    rows = diabetes()
    found = {"test": put(folder, "test.csv", text(rows.names, rows.test))}
    for name, file, said in (
        ("candidate", "candidate.csv", rows.candidate),
        ("reference", "champion.csv", rows.reference),
    ):
        table = list(zip(rows.ids, said.round(4).tolist(), strict=True))
        found[name] = put(folder, file, text(["case_id", "prediction"], table))
    return found


TABLES = {"tumours": put_tumours, "wines": put_wines, "diabetes": put_diabetes}
