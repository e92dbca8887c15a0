"""From a table as a file holds it to :class:`.tables.TestSet` and :class:`.tables.Predictions`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from model_evaluation.kinds.predictive.runtime.problem import Columns, Problem
from model_evaluation.kinds.predictive.runtime.tables import Booleans, Floats, Predictions, TestSet, Texts
from model_evaluation.runtime.results.evaluation import ResultsError

from .answer_columns import AnswerColumns
from .labels import all_spelled_like, canonical_label, canonical_labels, numbers_of

SHOWN = 5


def read_test_set(
    table: pd.DataFrame, columns: Columns, problem: Problem, slices: Sequence[str] = (), *, file: str = "the test set"
) -> TestSet:
    """The held-out rows of a table whose cells are texts, or typed as Parquet has them.

    Without an id column a row's number, from 0 on, is its id. Rows without a label are left out and counted. Raises
    :class:`ResultsError` where a column is not there, ids repeat, a weight is negative or a regression's label is text.
    """
    needed = dict.fromkeys(name for name in (*columns.named, *slices) if name not in columns.ignore)
    if absent := [name for name in needed if name not in table]:
        raise ResultsError(
            f"{file} has no column {', '.join(map(repr, absent))}; its columns are {', '.join(map(repr, table))}.",
            fix="Name the columns as the file does; a file without a header has the names 0, 1 and so on.",
        )
    if not columns.label and problem.type != "clustering":
        raise ResultsError("No column is the label, the truth that predictions are compared with.", fix="Name it.")
    notes: list[str] = []
    ids = _texts(table[columns.id]) if columns.id else np.arange(len(table)).astype(str).astype(object)
    label: Texts | Floats | None = None
    keep = np.ones(len(table), bool)
    if columns.label:
        label, keep, notes = _labels(table[columns.label].to_numpy(object), problem, columns.label, file)
    if blank := int((ids == "").sum()):
        raise ResultsError(f"{blank} rows of {file} have no id in the column {columns.id!r}.", fix="Give each row one.")
    if repeated := pd.Index(ids)[pd.Index(ids).duplicated()].unique().tolist():
        raise ResultsError(
            f"The ids in the column {columns.id!r} of {file} repeat: {len(repeated)} of them, such as "
            f"{', '.join(map(repr, repeated[:SHOWN]))}. Predictions could not be told apart.",
            fix="Choose a column that is different in every row, or take the repeated rows out.",
        )
    features = None
    if problem.type == "clustering":
        left = [name for name in table if name not in columns.named]
        features = np.column_stack([numbers_of(table[name]) for name in left])[keep] if left else None
        if features is not None and (unread := int(np.isnan(features).any(axis=1).sum())):
            notes.append(f"{unread} rows have a feature that is not a number; they are left out of measures of shape.")
    return TestSet(
        ids[keep],
        None if label is None else label[keep],
        _weights(table[columns.weight], columns.weight, file)[keep] if columns.weight else None,
        _texts(table[columns.group])[keep] if columns.group else None,
        {name: _texts(table[name])[keep] for name in slices},
        features,
        tuple(notes),
    )


def _labels(values: Texts, problem: Problem, name: str, file: str) -> tuple[Texts | Floats, Booleans, list[str]]:
    """The labels, which rows have one, and what is to be said of them."""
    notes: list[str] = []
    label: Texts | Floats
    if problem.type == "regression":
        label = numbers_of(values)
        keep = ~np.isnan(label)
        if (text := ~keep & np.array([canonical_label(value) != "" for value in values], bool)).any():
            raise ResultsError(
                f"The label {name!r} of {file} is not a finite number in {int(text.sum())} of {len(values)} rows, such "
                f"as {', '.join(repr(str(value)) for value in values[text][:SHOWN])}. A regression predicts numbers.",
                fix="Choose the column of the number, or binary or multiclass as the type of problem.",
            )
    else:
        texts, mapped = canonical_labels(values)
        notes += mapped
        label = all_spelled_like(canonical_label(problem.positive), texts)
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
            f"The weight {name!r} of {file} is not a number of at least 0 in {int(wrong.sum())} rows, such as "
            f"{values[wrong].iloc[0]!r}.",
            fix="A weight says how many rows one stands for: make it 0 or more.",
        )
    if not weight.any():
        raise ResultsError(f"Every weight in the column {name!r} of {file} is 0.", fix="Choose another column.")
    return weight


def read_predictions(table: pd.DataFrame, columns: AnswerColumns, problem: Problem) -> Predictions:
    """The predictions of a table whose columns are these. Of answers with the same id the first counts."""
    score: Floats | None = None
    classes: Iterable[object] = ()
    one, label, lists = (columns.column(role) for role in ("score", "prediction", "scores"))
    per_class = columns.class_scores
    prediction = table[label].to_numpy(object) if label else None
    bounds = None
    if problem.type == "regression":
        prediction, number = None, one or label
        score = numbers_of(table[number]) if number else None
        ends = [columns.column(end) for end in ("lower", "upper")]
        bounds = np.stack([numbers_of(table[end]) for end in ends], axis=1) if all(ends) else None
    elif lists:
        score, order = score_lists(table[lists]), columns.column("labels")
        classes = (_list_in(table[order].iloc[0]) or ()) if order and len(table) else ()
    elif len(per_class) > 1:
        score = np.column_stack([numbers_of(table[name]) for name in per_class.values()])
        classes = per_class
    elif one and problem.type != "clustering":
        score = score_lists(table[one])
    return unique_predictions(_texts(table[columns.id]), score, prediction, [str(n) for n in classes], bounds=bounds)


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
    readable: Booleans = np.ones(len(ids), bool)
    if score is not None:
        readable = np.asarray(np.isfinite(score.reshape(len(ids), -1)).all(axis=1))
    if prediction is not None:
        prediction, mapped = canonical_labels(prediction)
        notes = (*notes, *mapped)
        readable = np.asarray(prediction != "") if score is None else readable
    names = tuple(canonical_label(name) for name in classes)
    every = Predictions(np.asarray(ids, object), score, prediction, names, notes=tuple(notes), bounds=bounds)
    unparsable = int((first & ~readable).sum())
    return replace(every.at(first & readable), duplicate=int((~first).sum()), unparsable=unparsable)


def score_lists(cells: Iterable[object]) -> Floats:
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


def _list_in(cell: object) -> list[object] | None:
    if isinstance(cell, list | tuple | np.ndarray):
        return list(cell)
    try:
        value = json.loads(str(cell).replace("'", '"'))
    except ValueError:
        return None
    return value if isinstance(value, list) else None


def _texts(values: pd.Series) -> Texts:
    """Texts as they are written, outer white space gone; whole numbers without a point, empty where there is none."""
    codes, distinct = pd.factorize(np.asarray(values, object), use_na_sentinel=True)
    plain = [str(value).strip() if isinstance(value, str) else canonical_label(value) for value in distinct]
    return np.asarray(np.array([*plain, ""], object)[codes])
