"""Which column of a file of predictions is what, by names and values: the same in conversation and notebook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from model_evaluation.kinds.predictive.runtime.problem import Problem

from .labels import canonical_label, spelled_like
from .table_files import NUMBER, TableError

IDS = ("id", "record_id", "row_id", "index")
ROLES = {
    "score": ("score", "probability", "prob", "predicted_score", "y_score", "predicted_probability"),
    "prediction": ("prediction", "predicted_label", "predicted", "y_pred", "closest_cluster", "cluster"),
    "scores": ("scores", "probabilities"),
    "labels": ("labels",),
    "lower": ("lower", "lower_bound", "prediction_lower"),
    "upper": ("upper", "upper_bound", "prediction_upper"),
}
"""What a column holds, by its name: a score, a class, a list of scores, the classes in its order, ends of intervals."""
ROLE_OF = {name: role for role, names in ROLES.items() for name in names}
CLASS_COLUMN = re.compile(r"(?:score|probability|prob|proba|p)[_:. ](.+)", re.IGNORECASE)
ANSWERS = ("score", "prediction", "scores", "class score")
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

    def column(self, role: str) -> str | None:
        """The column of this role."""
        return next((name for name, read in self.names.items() if role_of(read) == role), None)

    @property
    def class_scores(self) -> dict[str, str]:
        """The column of each class's score."""
        matches = {name: CLASS_COLUMN.fullmatch(read.strip()) for name, read in self.names.items()}
        return {match[1]: name for name, match in matches.items() if match}

    def __str__(self) -> str:
        return f"id={self.id}, " + ", ".join(
            name if name == read else f"{name} as {read}" for name, read in self.names.items()
        )


def role_of(name: str) -> str:
    """What a column of this name holds; empty where nobody knows."""
    plain = name.strip().casefold()
    return ROLE_OF.get(plain) or ("class score" if CLASS_COLUMN.fullmatch(plain) else "")


def answer_columns(
    names: Sequence[str], id_name: str, problem: Problem, classes: Sequence[str], sample: Sample, *, label: str = ""
) -> AnswerColumns:
    """For a file with these columns. ``id_name`` and ``label`` are the test set's, ``classes`` its classes.

    Raises :class:`TableError` where no column tells rows apart, or none is an answer, or several could be it.
    """
    headless = list(names) == [str(number) for number in range(len(names))]
    key = _id_column(names, id_name, headless)
    others = [name for name in names if name not in (key, label)]
    roles = {name: role_of(name) for name in others}
    known = {name: name for name, role in roles.items() if role}
    if len(alone := [name for name, role in roles.items() if role == "class score"]) == 1:
        del known[alone[0]]  # one alone tells no classes apart
        if "score" not in roles.values():
            known |= _of_the_positive_class(alone[0], problem, classes)
    if not {role_of(read) for read in known.values()} & set(ANSWERS):
        named = [name for name in others if _class_named(name, problem, classes)]
        if len(named) > 1:
            known |= {name: f"score_{name.strip()}" for name in named}
        elif len(others) == 1:
            known = {others[0]: "prediction"}
        else:
            there = ", ".join(others)[:300] or f"none beside the id{' and the label' if label in names else ''}"
            raise TableError(
                f"no column is plainly what the model said; there are {there}. Expected score (of the positive class, "
                "or the predicted number), prediction, or score_CLASS per class"
            )
    return _by_values(key, known, problem, classes, sample)


def _class_named(name: str, problem: Problem, classes: Sequence[str]) -> str:
    """The class of that name, however it is spelt; empty where it is none."""
    spelt = spelled_like(canonical_label(problem.positive), canonical_label(name))
    return next((own for own in classes if canonical_label(own) == spelt), "")


def _of_the_positive_class(name: str, problem: Problem, classes: Sequence[str]) -> dict[str, str]:
    """The one score of a class, as the score of two classes; nothing where its name is no class's."""
    match = CLASS_COLUMN.fullmatch(name.strip())
    own = _class_named(match[1], problem, classes) if match and problem.type == "binary" else ""
    if own and own != _class_named(problem.positive, problem, classes):
        raise TableError(f"{name} is the score of {own!r}; expected that of the positive class {problem.positive!r}")
    return {name: "score"} if own else {}


def _id_column(names: Sequence[str], id_name: str, headless: bool) -> str:
    if id_name in names and not headless:
        return id_name
    if headless and len(names) > 1:
        return names[0]
    key = next((name for name in names if name.strip().casefold() in IDS), None)
    if key is None or len(names) < 2:
        raise TableError(
            f"no column names the rows: expected {id_name or 'id'}, as the test set; it has {', '.join(names)[:99]}. "
            "Predictions are put to rows by their id, never by position"
        )
    return key


def _by_values(
    key: str, known: dict[str, str], problem: Problem, classes: Sequence[str], sample: Sample
) -> AnswerColumns:
    """A column that is called after a class and holds scores is read as scores."""
    if problem.type in ("regression", "clustering"):
        return AnswerColumns(key, known, problem.type == "regression", problem.type == "clustering")
    roles = {name: role_of(read) for name, read in known.items()}
    for name in [name for name, role in roles.items() if role == "prediction"]:
        values = [value for value in sample(name) if value.strip()]
        if not {"score", "scores", "class score"} & set(roles.values()):
            role = "scores" if _are_lists(values) else "score" if _are_scores(values, classes) else "prediction"
            if role != "prediction":
                known, roles = {**known, name: role}, {**roles, name: role}
    scores = bool({"score", "scores", "class score"} & set(roles.values()))
    found = AnswerColumns(key, known, scores, "prediction" in roles.values())
    answer = "" if scores else found.column("prediction")
    for what, own in (("scores", [*found.class_scores]), (answer, list(sample(answer)) if answer else [])):
        told = [value for value in own if value.strip()]
        if classes and told and not any(_class_named(value, problem, classes) for value in told):
            raise TableError(
                f"none of {', '.join(map(repr, told[:3]))} ({what}) is a class of the test set; its classes are "
                f"{', '.join(map(repr, classes[:5]))}"
            )
    return found


def _are_scores(values: Sequence[str], classes: Sequence[str]) -> bool:
    """Numbers, and not the names of the classes."""
    own = {value.strip() for value in classes} | {f"{value.strip()}.0" for value in classes}
    numbers = bool(values) and all(NUMBER.fullmatch(value) for value in values)
    return numbers and not {value.strip() for value in values} <= own


def _are_lists(values: Sequence[str]) -> bool:
    try:
        return bool(values) and all(isinstance(json.loads(value), list) for value in values[:20])
    except ValueError:
        return False
