"""From a table as a file holds it to :class:`.tables.TestSet` and :class:`.tables.Predictions`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem
from model_evaluation.kinds.predictive.runtime.tables import Floats, Predictions, TestSet, Texts
from model_evaluation.runtime.results.evaluation import ResultsError

from .labels import all_spelled_like, canonical_label, canonical_labels, numbers_of

ID_NAMES = ("id", "record_id", "row_id", "index")
SCORE_NAMES = ("score", "probability", "prob", "predicted_score", "y_score", "predicted_probability")
LABEL_NAMES = ("prediction", "predicted_label", "predicted", "y_pred", "closest_cluster", "cluster")
LIST_NAMES = ("scores", "probabilities")
LOWER_NAMES, UPPER_NAMES = ("lower", "lower_bound", "prediction_lower"), ("upper", "upper_bound", "prediction_upper")
CLASS_COLUMN = re.compile(r"(?:score|probability|prob|proba|p)[_:. ](.+)")
SHOWN = 5


def read_test_set(
    table: pd.DataFrame, columns: Columns, problem: Problem, slices: Sequence[str] = (), *, file: str = "the test set"
) -> TestSet:
    """The held-out rows of a table whose cells are texts, or typed as Parquet has them.

    Without an id column a row's number, from 0 on, is its id. Rows without a label are left out and counted. Raises
    :class:`ResultsError` where a column is not there, ids repeat, a weight is negative or a regression's label is text.
    """
    names = {str(name): name for name in table.columns}
    wanted = [name for name in (*columns.named, *slices) if name not in columns.ignore]
    absent = [name for name in dict.fromkeys(wanted) if name not in names]
    if absent:
        raise ResultsError(
            f"{file} has no column {', '.join(map(repr, absent))}; its columns are {', '.join(map(repr, names))}.",
            fix="Name the columns as the file does; a file without a header has the names 0, 1 and so on.",
        )
    if not columns.label and problem.type != "clustering":
        raise ResultsError("No column is the label, the truth that predictions are compared with.", fix="Name it.")
    notes: list[str] = []
    ids = _texts(table[names[columns.id]]) if columns.id else np.arange(len(table)).astype(str).astype(object)
    label: Any = None
    keep = np.ones(len(table), bool)
    if columns.label:
        label, keep, label_notes = _labels(table[names[columns.label]].to_numpy(object), problem, columns.label, file)
        notes += label_notes
    if blank := int((ids == "").sum()):
        raise ResultsError(f"{blank} rows of {file} have no id in the column {columns.id!r}.", fix="Give each row one.")
    if repeated := pd.Index(ids)[pd.Index(ids).duplicated()].unique().tolist():
        raise ResultsError(
            f"The ids in the column {columns.id!r} of {file} repeat: {len(repeated)} of them, such as "
            f"{', '.join(map(repr, repeated[:SHOWN]))}. Predictions could not be told apart.",
            fix="Choose a column that is different in every row, or take the repeated rows out.",
        )
    weight = _weights(table[names[columns.weight]], columns.weight, file) if columns.weight else None

    def kept(name: str) -> Texts | None:
        return _texts(table[names[name]])[keep] if name else None

    features = None
    if problem.type == "clustering":
        left = [names[name] for name in names if name not in columns.named]
        features = np.column_stack([numbers_of(table[name]) for name in left]) if left else None
        if features is not None and (unread := int(np.isnan(features).any(axis=1).sum())):
            notes.append(f"{unread} rows have a feature that is no number; they are left out of measures of shape.")
    return TestSet(
        ids[keep],
        None if label is None else label[keep],
        None if weight is None else weight[keep],
        kept(columns.group),
        kept(columns.time),
        {name: _texts(table[names[name]])[keep] for name in slices},
        None if features is None else features[keep],
        tuple(notes),
    )


def _labels(values: Any, problem: Problem, name: str, file: str) -> tuple[Any, Any, list[str]]:
    """The labels, which rows have one, and what is to be said of them."""
    notes: list[str] = []
    if problem.type == "regression":
        label: Any = numbers_of(values)
        given = np.array([canonical_label(value) != "" for value in values], bool)
        text = given & np.isnan(label)
        if text.any():
            examples = ", ".join(repr(str(value)) for value in values[text][:SHOWN])
            raise ResultsError(
                f"The label {name!r} of {file} is no finite number in {int(text.sum())} of {len(values)} rows, such as "
                f"{examples}. A regression predicts numbers.",
                fix="Choose the column of the number, or binary or multiclass as the type of problem.",
            )
        keep = ~np.isnan(label)
    else:
        label, mapped = canonical_labels(values)
        notes += mapped
        label = all_spelled_like(canonical_label(problem.positive), label)
        keep = label != ""
    if left_out := int((~keep).sum()):
        notes.append(f"{left_out} of {len(values)} rows of {file} have no label and are left out.")
    if not keep.any():
        raise ResultsError(f"No row of {file} has a label in the column {name!r}.", fix="Choose the label's column.")
    return label, keep, notes


def _weights(values: pd.Series, name: str, file: str) -> Floats:
    weight = numbers_of(values)
    wrong = ~(weight >= 0)
    if wrong.any():
        raise ResultsError(
            f"The weight {name!r} of {file} is no number of at least 0 in {int(wrong.sum())} rows, such as "
            f"{values[wrong].iloc[0]!r}.",
            fix="A weight says how many rows one stands for: make it 0 or more.",
        )
    if not weight.any():
        raise ResultsError(f"Every weight in the column {name!r} of {file} is 0.", fix="Choose another column.")
    return weight


def read_predictions(
    table: pd.DataFrame, problem: Problem, *, ids: Texts | None = None, file: str = "the predictions"
) -> Predictions:
    """The predictions of a table with a column ``id`` (or ``ids``, one per row) and what the model said.

    A score: ``score`` or ``probability`` (of the positive class, or the number of a regression). Class scores: a
    column per class, ``score_CLASS``, or ``probabilities`` with a list in each cell (and ``labels``, the classes in
    its order). A class or cluster: ``prediction`` or ``predicted_label``. The ends of a regression's intervals:
    ``lower`` and ``upper``. Raises :class:`ResultsError` where none of these is there. Of answers with the same id the
    first counts.
    """
    names = {str(name).strip().casefold(): name for name in table.columns}
    if ids is None:
        column = next((names[name] for name in ID_NAMES if name in names), None)
        if column is None:
            raise ResultsError(
                f"{file} has no column {' or '.join(ID_NAMES[:2])}; its columns are "
                f"{', '.join(repr(str(name)) for name in table.columns)}.",
                fix="Predictions are put to rows by their id, never by position: add the column.",
            )
        ids = _texts(table[column])
    score, prediction, classes = _said(table, names, problem)
    if score is None and prediction is None:
        raise ResultsError(
            f"{file} holds no prediction: expected a column {SCORE_NAMES[0]}, {LABEL_NAMES[0]}, score_CLASS per class "
            f"or {LIST_NAMES[1]}; its columns are {', '.join(repr(str(name)) for name in table.columns)}.",
            fix="Name the column of what the model said so.",
        )
    ends = [next((names[own] for own in known if own in names), None) for known in (LOWER_NAMES, UPPER_NAMES)]
    bounds = None
    if problem.type == "regression" and None not in ends:
        bounds = np.stack([numbers_of(table[end]) for end in ends], axis=1)
    return unique_predictions(ids, score, prediction, classes, bounds=bounds)


def unique_predictions(
    ids: Texts,
    score: Floats | None,
    prediction: Texts | None,
    classes: Sequence[str] = (),
    notes: Sequence[str] = (),
    *,
    bounds: Floats | None = None,
) -> Predictions:
    """Predictions whose ids may repeat and whose answers may be no numbers: the first answer of an id counts, and what
    cannot be read is counted and left out."""
    first = ~pd.Index(ids).duplicated()
    readable = np.ones(len(ids), bool)
    if score is not None:
        readable &= np.isfinite(score) if score.ndim == 1 else np.isfinite(score).all(axis=1)
    if prediction is not None:
        texts, mapped = canonical_labels(prediction)
        prediction, notes = texts, (*notes, *mapped)
        readable = (readable & (texts != "")) if score is None else readable
    keep = first & readable
    return Predictions(
        np.asarray(ids, object)[keep],
        None if score is None else np.asarray(score, float)[keep],
        None if prediction is None else prediction[keep],
        tuple(canonical_label(name) for name in classes),
        duplicate=int((~first).sum()),
        unparsable=int((first & ~readable).sum()),
        notes=tuple(notes),
        bounds=None if bounds is None else bounds[keep],
    )


def _said(
    table: pd.DataFrame, names: Mapping[str, Any], problem: Problem
) -> tuple[Floats | None, Texts | None, tuple[str, ...]]:
    """Score, class and the classes' order."""
    score: Floats | None = None
    classes: tuple[str, ...] = ()
    label = next((names[name] for name in LABEL_NAMES if name in names), None)
    lists = next((names[name] for name in LIST_NAMES if name in names), None)
    one = next((names[name] for name in SCORE_NAMES if name in names), None)
    per_class = {match[1]: column for column in table.columns if (match := CLASS_COLUMN.fullmatch(str(column).strip()))}
    if problem.type == "regression":
        column = one if one is not None else label
        return (None if column is None else numbers_of(table[column])), None, ()
    if lists is not None:
        score, classes = score_lists(table[lists]), _first_classes(table, names)
    elif len(per_class) > 1:
        score = np.column_stack([numbers_of(table[column]) for column in per_class.values()])
        classes = tuple(per_class)
    elif one is not None and problem.type != "clustering":
        score = score_lists(table[one])
    prediction = None if label is None else table[label].to_numpy(object)
    return score, prediction, classes


def _first_classes(table: pd.DataFrame, names: Mapping[str, Any]) -> tuple[str, ...]:
    """The classes that a column ``labels`` lists, the same in every row."""
    if "labels" not in names or not len(table):
        return ()
    return tuple(str(name) for name in _list_in(table[names["labels"]].iloc[0]) or ())


def score_lists(cells: Any) -> Floats:
    """Scores of cells that hold a number each, or a list such as ``[0.3, 0.7]``; NaN where one cannot be read."""
    numbers = numbers_of(cells)
    if np.isfinite(numbers).any() or not len(numbers):
        return numbers
    lists = [_list_in(cell) for cell in cells]
    width = max((len(own) for own in lists if own), default=0)
    if width == 0:
        return numbers
    blank = [np.nan] * width
    return np.vstack([numbers_of(own) if own and len(own) == width else blank for own in lists])


def _list_in(cell: object) -> list[Any] | None:
    if isinstance(cell, list | tuple | np.ndarray):
        return list(cell)
    try:
        value = json.loads(str(cell).replace("'", '"'))
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _texts(values: Any) -> Texts:
    """Texts as they are written, outer white space gone; whole numbers without a point, empty where there is none."""
    codes, distinct = pd.factorize(np.asarray(values, object), use_na_sentinel=True)
    plain = [str(value).strip() if isinstance(value, str) else canonical_label(value) for value in distinct]
    texts: Texts = np.array([*plain, ""], object)[codes]
    return texts
