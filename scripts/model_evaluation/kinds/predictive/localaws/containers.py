"""What containers answer, each in its own way and with its own faults, about rows that a real estimator predicts."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import numpy as np

from model_evaluation.kinds.predictive.runtime.families import NUMBERS_ONLY, family_of

from .estimators import Matrix, Trained, encoded

XGBOOST_LIMIT = 6_291_456  # bytes of one request


class Refusal(Exception):
    """An answer with another status than 200; ``text`` is its body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


def answer(image: str, model: Trained, body: bytes, accept: str, *, batch: bool) -> tuple[str, str]:
    """The answer to one request of CSV rows, and its content type. Raises :class:`Refusal`."""
    family = family_of(image)
    rows = _rows(family, body)
    if family == "xgboost" and rows.shape[1] > model.width:
        raise Refusal(
            400,
            "Unable to evaluate payload provided: Number of columns does not match number of features in booster. "
            f"Columns: {rows.shape[1]} Features: {model.width}",
        )
    if family != "xgboost" and rows.shape[1] != model.width:
        raise Refusal(
            400,
            f"X has {rows.shape[1]} features, but {model.name} is expecting {model.width} features as input.",
        )
    estimator, scaled = model.estimator(), model.standardised(rows)
    said = {
        "xgboost": _xgboost,
        "linear-learner": _linear_learner,
        "kmeans": _kmeans,
        "knn": _knn,
        "lightgbm": _tabular,
        "catboost": _older_tabular,
        "tabtransformer": _tabular,
        "autogluon": _tabular,
        "scikit-learn": _scikit_learn,
    }.get(family, _own_code)
    return said(model, estimator, scaled, accept, batch)


def _rows(family: str, body: bytes) -> Matrix:
    if family == "xgboost" and len(body) > XGBOOST_LIMIT:
        raise Refusal(413, "Request Entity Too Large")
    text = body.decode()
    cells = [line.split(",") for line in text.splitlines()]
    if family not in NUMBERS_ONLY:
        cells = [[encoded(cell) for cell in row] for row in csv.reader(io.StringIO(text))]
    try:
        if len({len(line) for line in cells}) > 1:
            raise ValueError("rows of different lengths")
        return np.array([[float(cell) if cell else np.nan for cell in line] for line in cells])
    except ValueError as error:
        text = f"Loading csv data failed with Exception, please ensure data is in csv format:\n {type(error)}\n {error}"
        raise Refusal(415, text) from error


def _scores(estimator: Any, rows: Matrix) -> Matrix:
    """(n, classes), or (n, 1) of a regression."""
    if hasattr(estimator, "predict_proba"):
        found: Matrix = estimator.predict_proba(rows)
        return found
    return np.asarray(estimator.predict(rows), float).reshape(-1, 1)


def _xgboost(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """A number per row, or its list unquoted in brackets; on one line from an endpoint. ``accept`` is not looked at."""
    scores = _scores(estimator, rows)
    if scores.shape[1] == 2:
        scores = scores[:, 1:]
    if scores.shape[1] == 1:
        texts = [repr(float(value)) for value in scores[:, 0]]
    else:
        texts = ["[" + ", ".join(repr(float(value)) for value in row) + "]" for row in scores]
    return ("\n".join(texts) + "\n" if batch else ",".join(texts)), "text/csv; charset=utf-8"


def _linear_learner(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    scores = _scores(estimator, rows)
    answers: list[dict[str, Any]] = []
    for row in scores:
        if scores.shape[1] == 1:
            answers.append({"score": float(row[0])})
        elif scores.shape[1] == 2:
            answers.append({"score": float(row[1]), "predicted_label": int(row[1] >= 0.5)})
        else:
            answers.append({"score": [float(value) for value in row], "predicted_label": int(row.argmax())})
    return _json_answers(answers, accept)


def _kmeans(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    clusters = estimator.predict(rows)
    distances = np.linalg.norm(rows - np.array(model.fitted["cluster_centers_"])[clusters], axis=1)
    pairs = list(zip(clusters.tolist(), distances.tolist(), strict=True))
    if accept.startswith("text/csv"):
        return "".join(f"{float(own)},{distance}\n" for own, distance in pairs), "text/csv"
    return _json_answers(
        [{"closest_cluster": float(own), "distance_to_cluster": distance} for own, distance in pairs], accept
    )


def _knn(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """The class as a number with a point, never a score; with ``verbose=true`` the neighbours as well."""
    answers: list[dict[str, Any]] = [{"predicted_label": float(value)} for value in estimator.predict(rows)]
    if "verbose=true" in accept:
        distances, places = estimator.kneighbors(rows)
        labels = np.array(model.fitted["target"], float)
        for own, far, near in zip(answers, distances, places, strict=True):
            own.update(distances=far.tolist(), labels=labels[near].tolist())
    return _json_answers(answers, accept)


def _json_answers(answers: list[dict[str, Any]], accept: str) -> tuple[str, str]:
    if "jsonlines" in accept:
        return "".join(json.dumps(item) + "\n" for item in answers), "application/jsonlines"
    return json.dumps({"predictions": answers}), "application/json"


def _tabular(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """One JSON object per request, whatever its number of rows."""
    scores = _scores(estimator, rows)
    if scores.shape[1] == 1:
        return json.dumps({"prediction": scores[:, 0].tolist()}), "application/json"
    found: dict[str, Any] = {"probabilities": scores.tolist()}
    if scores.shape[1] == 2:
        found["probabilities-1d"] = scores[:, 1].tolist()
    if ";verbose" in accept:
        found["predicted_label"] = scores.argmax(axis=1).tolist()
    return json.dumps(found), "application/json"


def _older_tabular(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """The same in a script of before 2023: of two classes the score of the second alone, in a list of its own."""
    scores = _scores(estimator, rows)
    if scores.shape[1] != 2:
        return _tabular(model, estimator, rows, accept, batch)
    return json.dumps({"probabilities": scores[:, 1:].tolist()}), "application/json"


def _own_code(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """A container of the user's own, as most are written: a number per row, or the classes' scores."""
    return "".join(",".join(map(repr, row)) + "\n" for row in _scores(estimator, rows).tolist()), "text/csv"


def _scikit_learn(model: Trained, estimator: Any, rows: Matrix, accept: str, batch: bool) -> tuple[str, str]:
    """What ``predict`` says: classes, never probabilities, unless the user's own code does otherwise."""
    return "".join(f"{value}\n" for value in estimator.predict(rows).tolist()), "text/csv"
