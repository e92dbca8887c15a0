"""Which column of a file of predictions is what, by names and values: the same in conversation and notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from model_evaluation.kinds.predictive.runtime.problem import Problem

from .table_files import NUMBER, TableError

IDS = ("id", "record_id", "row_id", "index")
SCORES = ("score", "probability", "prob", "predicted_score", "y_score", "predicted_probability")
LABELS = ("prediction", "predicted_label", "predicted", "y_pred", "closest_cluster", "cluster")
LISTS = ("scores", "probabilities")
OTHERS = ("labels", "lower", "upper")
CLASS_COLUMN = re.compile(r"(?:score|probability|prob|proba|p)[_:. ](.+)")
Sample = Callable[[str], Sequence[str]]
"""Some different values of a column, as texts."""


@dataclass(frozen=True)
class AnswerColumns:
    """``id`` is the column that names rows; ``names`` are the columns that hold what the model said, each with the name
    that it is read under; ``scores`` and ``classes`` say whether the model gives scores and classes."""

    id: str
    names: Mapping[str, str]
    scores: bool
    classes: bool

    def __str__(self) -> str:
        return f"id={self.id}, " + ", ".join(
            name if name == read else f"{name} as {read}" for name, read in self.names.items()
        )


def answer_columns(
    names: Sequence[str], id_name: str, problem: Problem, classes: Sequence[str], sample: Sample, *, label: str = ""
) -> AnswerColumns:
    """For a file with these columns. ``id_name`` and ``label`` are the test set's, ``classes`` its classes.

    Raises :class:`TableError` where no column tells rows apart, or none is an answer, or several could be it.
    """
    headless = list(names) == [str(number) for number in range(len(names))]
    key = _id_column(names, id_name, headless)
    others = [name for name in names if name not in (key, label)]
    plain = {name: name.strip().casefold() for name in others}
    known = {
        name: name
        for name in others
        if plain[name] in (*SCORES, *LABELS, *LISTS, *OTHERS) or CLASS_COLUMN.fullmatch(plain[name])
    }
    named = [name for name in others if name.strip() in classes]
    if not known and len(named) > 1:
        known = {name: f"score_{name.strip()}" for name in named}
    if not known and len(others) == 1:
        known = {others[0]: "prediction"}
    if not known:
        raise TableError(
            f"no column is plainly what the model said; there are {', '.join(others)[:300] or 'none beside the id'}. "
            "Expected score (of the positive class, or the predicted number), prediction, or score_CLASS per class"
        )
    return _typed(key, known, problem, classes, sample)


def _id_column(names: Sequence[str], id_name: str, headless: bool) -> str:
    if id_name in names and not headless:
        return id_name
    if headless and len(names) > 1:
        return names[0]
    found = next((name for name in names if name.strip().casefold() in IDS), None)
    if found is None or len(names) < 2:
        raise TableError(
            f"no column names the rows: expected {id_name or 'id'}, as the test set; it has {', '.join(names)[:99]}. "
            "Predictions are put to rows by their id, never by position"
        )
    return found


def _typed(key: str, known: dict[str, str], problem: Problem, classes: Sequence[str], sample: Sample) -> AnswerColumns:
    """A column that is called after a class and holds scores is read as scores."""
    reads = {name: read.strip().casefold() for name, read in known.items()}
    if problem.type == "regression":
        return AnswerColumns(key, known, True, False)
    if problem.type == "clustering":
        return AnswerColumns(key, known, False, True)
    scores = any(read in (*SCORES, *LISTS) or CLASS_COLUMN.fullmatch(read) for read in reads.values())
    for name in [name for name, read in reads.items() if read in LABELS]:
        values = [value for value in sample(name) if value.strip()]
        if not scores and _are_lists(values):
            known, scores = {**known, name: "scores"}, True
        elif not scores and _are_scores(values, classes):
            known, scores = {**known, name: "score"}, True
    labels = any(read.strip().casefold() in LABELS for read in known.values())
    return AnswerColumns(key, known, scores, labels)


def _are_scores(values: Sequence[str], classes: Sequence[str]) -> bool:
    """Numbers, and not the names of the classes."""
    numbers = [value for value in values if NUMBER.fullmatch(value)]
    own = {value.strip() for value in classes} | {f"{value.strip()}.0" for value in classes}
    return bool(numbers) and len(numbers) == len(values) and not {value.strip() for value in values} <= own


def _are_lists(values: Sequence[str]) -> bool:
    if not values:
        return False
    try:
        return all(isinstance(json.loads(value), list) for value in values[:20])
    except ValueError:
        return False
