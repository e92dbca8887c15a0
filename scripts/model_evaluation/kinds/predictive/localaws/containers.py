"""What containers answer, each in its own way and with its own faults, about rows that a real estimator predicts."""

from __future__ import annotations

import csv
import io
import json
from typing import NamedTuple

import numpy as np

from model_evaluation.json_types import JsonObject
from model_evaluation.kinds.predictive.runtime.families import NUMBERS_ONLY, family_of
from model_evaluation.kinds.predictive.runtime.tables import Floats

from .estimators import Trained, encoded

XGBOOST_LIMIT = 6_291_456  # bytes of one request


class Refusal(Exception):
    """An answer with another status than 200; ``text`` is its body."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class Asked(NamedTuple):
    """One request to a model. ``rows`` are standardised, ``batch`` says that a transform job asks."""

    model: Trained
    rows: Floats
    accept: str
    batch: bool

    @property
    def predicted(self) -> Floats:
        """Classes, clusters or numbers (n,)."""
        return np.asarray(self.model.estimator().predict(self.rows))

    @property
    def scores(self) -> Floats:
        """(n, classes), or (n, 1) of a regression."""
        estimator = self.model.estimator()
        if hasattr(estimator, "predict_proba"):
            return np.asarray(estimator.predict_proba(self.rows))
        return np.asarray(self.predicted, float).reshape(-1, 1)


Said = tuple[str, str]
"""An answer and its content type."""


def answer(image: str, model: Trained, body: bytes, accept: str, *, batch: bool) -> Said:
    """The answer to one request of CSV rows. Raises :class:`Refusal`."""
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
    return CONTAINERS.get(family, _own_code)(Asked(model, model.standardised(rows), accept, batch))


def _rows(family: str, body: bytes) -> Floats:
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


def _xgboost(asked: Asked) -> Said:
    """A number per row, or its list unquoted in brackets; on one line from an endpoint. ``accept`` is not looked at."""
    scores = asked.scores[:, 1:] if asked.scores.shape[1] == 2 else asked.scores
    texts = [str(row[0]) if len(row) == 1 else str(row) for row in scores.tolist()]
    return ("\n".join(texts) + "\n" if asked.batch else ",".join(texts)), "text/csv; charset=utf-8"


def _linear_learner(asked: Asked) -> Said:
    answers: list[JsonObject] = []
    for row in asked.scores.tolist():
        if len(row) == 1:
            answers.append({"score": row[0]})
        else:
            score = row[1] if len(row) == 2 else row
            answers.append({"score": score, "predicted_label": int(np.argmax(row))})
    return _json_answers(answers, asked.accept)


def _kmeans(asked: Asked) -> Said:
    distances = asked.model.estimator().transform(asked.rows).min(axis=1)
    pairs = list(zip(asked.predicted.tolist(), distances.tolist(), strict=True))
    if asked.accept.startswith("text/csv"):
        return "".join(f"{float(own)},{distance}\n" for own, distance in pairs), "text/csv"
    answers: list[JsonObject] = [{"closest_cluster": float(own), "distance_to_cluster": far} for own, far in pairs]
    return _json_answers(answers, asked.accept)


def _knn(asked: Asked) -> Said:
    """The class as a number with a point, never a score; with ``verbose=true`` the neighbours as well."""
    answers: list[JsonObject] = [{"predicted_label": float(value)} for value in asked.predicted]
    if "verbose=true" in asked.accept:
        distances, places = asked.model.estimator().kneighbors(asked.rows)
        labels = np.array(asked.model.target, float)
        for own, far, near in zip(answers, distances, places, strict=True):
            own.update(distances=far.tolist(), labels=labels[near].tolist())
    return _json_answers(answers, asked.accept)


def _json_answers(answers: list[JsonObject], accept: str) -> Said:
    if "jsonlines" in accept:
        return "".join(json.dumps(item) + "\n" for item in answers), "application/jsonlines"
    return json.dumps({"predictions": answers}), "application/json"


def _tabular(asked: Asked) -> Said:
    """One JSON object per request, whatever its number of rows."""
    scores = asked.scores
    if scores.shape[1] == 1:
        return json.dumps({"prediction": scores[:, 0].tolist()}), "application/json"
    content: JsonObject = {"probabilities": scores.tolist()}
    if scores.shape[1] == 2:
        content["probabilities-1d"] = scores[:, 1].tolist()
    if ";verbose" in asked.accept:
        content["predicted_label"] = scores.argmax(axis=1).tolist()
    return json.dumps(content), "application/json"


def _older_tabular(asked: Asked) -> Said:
    """The same in a script of before 2023: of two classes the score of the second alone, in a list of its own."""
    if asked.scores.shape[1] != 2:
        return _tabular(asked)
    return json.dumps({"probabilities": asked.scores[:, 1:].tolist()}), "application/json"


def _own_code(asked: Asked) -> Said:
    """A container of the user's own, as most are written: a number per row, or the classes' scores."""
    return "".join(",".join(map(repr, row)) + "\n" for row in asked.scores.tolist()), "text/csv"


def _scikit_learn(asked: Asked) -> Said:
    """What ``predict`` says: classes, never probabilities, unless the user's own code does otherwise."""
    return "".join(f"{value}\n" for value in asked.predicted.tolist()), "text/csv"


CONTAINERS = {
    "xgboost": _xgboost,
    "linear-learner": _linear_learner,
    "kmeans": _kmeans,
    "knn": _knn,
    "lightgbm": _tabular,
    "catboost": _older_tabular,
    "tabtransformer": _tabular,
    "autogluon": _tabular,
    "scikit-learn": _scikit_learn,
}
