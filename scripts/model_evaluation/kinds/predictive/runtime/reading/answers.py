"""What containers answer with, one text per row, as scores and classes. The shape is told from the answers themselves,
one shape for all of them; nothing is taken for something that it may not be."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import SupportsFloat

import numpy as np

from model_evaluation.kinds.predictive.runtime.problem import Problem
from model_evaluation.kinds.predictive.runtime.tables import Floats, Predictions, Texts
from model_evaluation.runtime.results.evaluation import ResultsError

from .labels import canonical_label, class_order, spelled_like
from .table_reading import unique_predictions

SHOWN = 200  # characters of an answer that an error quotes
LABEL_KEYS = ("predicted_label", "closest_cluster")
SCORE_KEYS = ("score", "predicted_score", "prediction")
LIST_KEYS = ("probabilities", "scores")
NUMPY = re.compile(r"np\.\w+\(([^()]*)\)")  # how NumPy 2 writes its numbers where a container prints them bare
JOINED = re.compile(r"\[[^\]]*\]|[^,]+")
NO_ANSWER = "ERROR"  # what some containers put in the place of a row that they could not answer


@dataclass(frozen=True)
class Answer:
    """One row's. ``numbers`` are a score or one per class, ``label`` a class or cluster, ``labels`` the classes in the
    order of the numbers."""

    numbers: tuple[float, ...] = ()
    label: str = ""
    labels: tuple[str, ...] = ()


def split_answers(text: str, rows: int) -> list[str]:
    """The answers in a body that an endpoint gave to ``rows`` rows, one text each.

    Raises :class:`ResultsError` when there are more or fewer.
    """
    stripped = text.strip()
    if stripped.startswith(("{", "[")) and (value := _json(stripped)) is not None:
        answers = [json.dumps(item) for item in _items(value, rows)]
    else:
        answers = [line for line in stripped.splitlines() if line.strip()]
        if len(answers) == 1 and rows > 1:  # a single line, joined by commas: numbers, or lists in brackets
            answers = [cell.strip() for cell in JOINED.findall(answers[0])]
    if len(answers) != rows:
        raise ResultsError(
            f"{rows} rows were sent and {len(answers)} answers came back. The answer begins {text[:SHOWN]!r}.",
            fix="Look at the container's log and at what it returns for several rows; nothing was taken by position.",
        )
    return answers


def _items(value: object, rows: int) -> list[object]:
    """The rows' own parts of one JSON answer."""
    if isinstance(value, dict):
        for key in ("predictions", "probabilities", "prediction", "predicted_label"):
            own = value.get(key)
            if isinstance(own, list):
                if key == "probabilities" and isinstance(value.get("labels"), list):
                    return [{"probabilities": item, "labels": value["labels"]} for item in own]
                return [{"predicted_label": item} for item in own] if key == "predicted_label" else own
        return [value]
    if not isinstance(value, list) or (rows == 1 and not (value and isinstance(value[0], list | dict))):
        return [value]
    return value


def parse_answer(text: str, keys: Sequence[str] = ()) -> Answer:
    """One answer. ``keys`` are the names of its fields, where the container was told which to give."""
    text = NUMPY.sub(r"\1", text.strip())
    if not text or text == NO_ANSWER:
        return Answer()
    value = _json(text)
    if value is not None:
        return _of_value(value)
    if text.startswith("[") and text.endswith("]"):  # single quotes, or bare nan
        return Answer(tuple(_number(part) for part in text[1:-1].split(",")))
    cells = next(csv.reader([text], skipinitialspace=True), [])
    if keys and len(cells) == len(keys):
        return _of_fields(dict(zip(keys, cells, strict=True)))
    if len(cells) == 1:
        number = _number(cells[0])
        return Answer((number,)) if not math.isnan(number) else _of_text(cells[0])
    return Answer(_numbers(cells))


def _of_value(value: object) -> Answer:
    if isinstance(value, dict):
        inner = value.get("predictions")
        if isinstance(inner, list) and len(inner) == 1:
            return _of_value(inner[0])
        return _of_fields(value)
    if isinstance(value, list):
        if len(value) == 1 and isinstance(value[0], list | dict):
            return _of_value(value[0])
        return Answer(_numbers(value))
    if isinstance(value, str):
        return parse_answer(value) if value.strip().startswith("[") else _of_text(value)
    return Answer() if value is None else Answer((_number(value),))


def _of_text(text: str) -> Answer:
    """A class by its name; what only looks like a number that failed is not an answer."""
    return Answer() if text.strip().lower() in ("nan", "null", "none", "inf", "-inf") else Answer(label=text.strip())


def _of_fields(fields: Mapping[str, object]) -> Answer:
    label = next((canonical_label(fields[key]) for key in LABEL_KEYS if key in fields), "")
    names = _listed(fields.get("labels"))
    labels = tuple(canonical_label(name) for name in names) if names else ()
    for key in LIST_KEYS:
        own = _listed(fields.get(key))
        if own:
            own = own[0] if len(own) == 1 and isinstance(own[0], list) else own
            return Answer(tuple(_number(item) for item in own), label, labels)
    for key in SCORE_KEYS:
        if key in fields:
            return Answer(_numbers(_listed(fields[key]) or [fields[key]]), label, labels)
    return Answer((), label, labels)


def _listed(value: object) -> list[object] | None:
    if isinstance(value, str) and value.strip().startswith("["):
        value = _json(value.replace("'", '"'))
    return value if isinstance(value, list) else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _numbers(values: Iterable[object]) -> tuple[float, ...]:
    """These values as numbers; none where one of them is not."""
    numbers = tuple(_number(value) for value in values)
    return () if any(map(math.isnan, numbers)) else numbers


def _number(value: object) -> float:
    try:
        number = float(value) if isinstance(value, str | SupportsFloat) else math.nan
    except (TypeError, ValueError):
        return math.nan
    return number if math.isfinite(number) else math.nan


def predictions_of(
    ids: Sequence[str],
    texts: Sequence[str],
    problem: Problem,
    classes: Iterable[str],
    *,
    keys: Sequence[str] = (),
    family: str = "custom",
    sent: int | None = None,
    surplus: int = 0,
) -> Predictions:
    """The predictions in these answers, one per id. ``classes`` are those of the test set; ``sent`` counts the rows
    that were asked for.

    Raises :class:`ResultsError` for answers of no known shape, or of another number of classes.
    """
    answers = [parse_answer(text, keys) for text in texts]
    widths = {len(answer.numbers) for answer in answers if answer.numbers}
    if not any(answer.numbers or answer.label for answer in answers):
        first = next(iter(texts), "")
        raise ResultsError(
            f"None of the {len(texts)} answers can be read; the first is {first[:SHOWN]!r}.",
            fix="Expected a number, a list of numbers, or JSON with score, probabilities or predicted_label per row.",
        )
    if family == "kmeans" and widths == {2}:  # the cluster, and the distance to its centre
        answers = [Answer(label=canonical_label(a.numbers[0])) if a.numbers else a for a in answers]
        widths = set()
    if len(widths) > 1:
        raise ResultsError(
            f"The answers have {' and '.join(map(str, sorted(widths)))} numbers per row; expected one shape.",
            fix="Look at what the container returns.",
        )
    labels = np.array([answer.label for answer in answers], object)
    prediction: Texts | None = labels if any(labels) else None
    score: Floats | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    known = class_order({canonical_label(name) for name in classes})
    for width in widths:
        score = np.array([answer.numbers or (math.nan,) * width for answer in answers])
        if width == 1:
            score, prediction, notes = _single(score[:, 0], prediction, problem, known)
        elif problem.type == "regression":
            raise ResultsError(
                f"The model answers with {width} numbers per row; a regression has one.",
                fix="Check that this is the model that was meant, or the type of problem.",
            )
        else:
            names = _class_names(answers, width, known)
    unique = unique_predictions(np.array(ids, object), score, prediction, names, notes)
    missing = max(0, (len(ids) if sent is None else sent) - len(set(ids)))
    return replace(unique, missing=missing, surplus=surplus)


def _single(
    numbers: Floats, prediction: Texts | None, problem: Problem, classes: Sequence[str]
) -> tuple[Floats | None, Texts | None, tuple[str, ...]]:
    """Score, class and notes of models that answer with one number per row."""
    if problem.type == "regression":
        return numbers, None, ()
    texts = np.array([canonical_label(value) for value in numbers], object)
    bits = {spelled_like("1", name) for name in classes}
    if problem.type in ("multiclass", "clustering") or set(texts) - {""} <= bits:
        note = "The model answers with classes, not with scores."
        return None, texts, (note,) if problem.type == "binary" else ()
    if not bits <= {"0", "1"}:
        note = f"The model gives one score per row; it is taken as the score of {problem.positive!r}."
        return numbers, prediction, (note,)
    if spelled_like("1", problem.positive) == "0":
        note = "The model scores class 1; since class 0 is the positive one, its score is one minus that."
        return 1 - numbers, prediction, (note,)
    return numbers, prediction, ()


def _class_names(answers: Sequence[Answer], width: int, classes: Sequence[str]) -> tuple[str, ...]:
    """The classes in the order of the scores: told by the model, else by their numbers, else in order where there are
    as many. Raises :class:`ResultsError` for another number of them."""
    told = {answer.labels for answer in answers if answer.labels}
    if len(told) == 1 and len(next(iter(told))) == width:
        return next(iter(told))
    numbered = tuple(str(number) for number in range(width))
    if set(classes) <= set(numbered):
        if width > 2 and len(classes) <= 2:
            raise ResultsError(
                f"The model answers with {width} scores per row, the test set has the classes {', '.join(classes)}.",
                fix="A model of that many classes is not a binary one: answer multiclass, or name the right model.",
            )
        return numbered
    if len(classes) == width:
        return tuple(classes)
    raise ResultsError(
        f"The model answers with {width} scores per row, and the test set has {len(classes)} classes: "
        f"{', '.join(map(str, classes[:10]))}.",
        fix="Check the model and the label; which score belongs to which class cannot be told.",
    )
