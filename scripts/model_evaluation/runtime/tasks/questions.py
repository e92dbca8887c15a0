"""The models' answers to the same questions put together: by what each model was given, never by position."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Side
from model_evaluation.runtime.results.paired_scores import PairedScores, scored_records
from model_evaluation.runtime.results.records import Record, ScoredAnswer, plain_text
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric, number_in

from .files import Question

Answers = Mapping[Side, Sequence[Question]]
"""The rows of one part, by model."""
Scored = tuple[Question, ScoredAnswer]
Key = tuple[str, int]
"""A text, and which of its occurrences."""
Item = TypeVar("Item")


class PairedQuestions(NamedTuple):
    """A record per question. ``other_prompts`` are how many ask the same but were given in other words around it."""

    records: list[Record]
    other_prompts: int


def pair_questions(
    parts: Mapping[str, Answers], scores: Callable[[Question], Mapping[str, float | None]]
) -> PairedQuestions:
    """The questions of every part, each model's answer put to it: by the whole of what the model was given, and what is
    left by the question alone. ``scores`` reads a row's scores. Records are called ``PART-NUMBER``, by the question's
    place in the file of the first model that has it.
    """
    records: list[Record] = []
    other_prompts, groups = 0, itertools.count()
    for part, answers in parts.items():
        scored_answers = {side: [(own, scored(own, scores(own))) for own in answers[side]] for side in answers}
        given, others = _paired_part(part, scored_answers, len(records))
        other_prompts += others
        records += [record for own in given.values() for record in own]
        for same in given.values():
            number = next(groups) if len(same) > 1 else -1
            for record in same:
                record.group = number
    records.sort(key=lambda record: record.row.line if record.row else 0)
    return PairedQuestions(records, other_prompts)


def _paired_part(
    part: str, answers: Mapping[Side, Sequence[Scored]], before: int
) -> tuple[dict[str, list[Record]], int]:
    """The part's records by what the model was given, numbered from ``before`` on, and how many were given in other
    words."""
    given: dict[str, list[Record]] = defaultdict(list)
    numbers, other_prompts = itertools.count(1), 0

    def add(side: Side, key: Key, own: Scored) -> Record:
        (question, answer), number = own, next(numbers)
        row = DatasetRow(before + number, question.example, question.reference, category=part)
        record = Record(f"{part}-{number}", key[1], row, {side: answer})
        given[key[0]].append(record)
        return record

    first, *others = [side for side in BOTH_SIDES if side in answers]
    places = {key: add(first, key, own) for key, own in _keyed(answers[first], lambda own: own[0].full_prompt)}
    for other in others:
        left = []
        for key, own in _keyed(answers[other], lambda own: own[0].full_prompt):
            if key in places:
                places[key].answers[other] = own[1]
            else:
                left.append(own)
        free = [record for record in places.values() if other not in record.answers]
        by_example = dict(_keyed(free, lambda record: record.source.prompt))
        for key, own in _keyed(left, lambda own: own[0].example):
            if key in by_example:
                by_example[key].answers[other] = own[1]
                other_prompts += 1
            else:
                add(other, (plain_text(own[0].full_prompt), key[1]), own)
    return given, other_prompts


def _keyed(items: Iterable[Item], text_of: Callable[[Item], str]) -> list[tuple[Key, Item]]:
    """Each item under its text, and which of that text's occurrences it is."""
    counts: Counter[str] = Counter()
    keyed = []
    for item in items:
        text = plain_text(text_of(item))
        counts[text] += 1
        keyed.append(((text, counts[text]), item))
    return keyed


def scored(question: Question, scores: Mapping[str, float | None]) -> ScoredAnswer:
    """A row as a scored answer; a score that is ``None`` is missing."""
    missing = {name: "unparsable" for name, score in scores.items() if score is None}
    return ScoredAnswer(question.example, question.reference, question.answer, dict(scores), missing=missing)


def score_of(value: object) -> float | None:
    """A metric's cell as a number; ``None`` for what is none."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, int | float | str):
        number = number_in(str(value))
        return number if np.isfinite(number) else None
    return None


def question_scores(
    records: Sequence[Record], metrics: Sequence[Metric], sides: Sequence[Side], field: str
) -> PairedScores:
    """The scores of these records. The parts are the slices by ``field``, where there are several. Questions of a
    benchmark or a dataset that are worded alike count as different ones."""
    parts: dict[str, list[int]] = {}
    for at, record in enumerate(records):
        parts.setdefault(str(record.row.category if record.row else ""), []).append(at)
    places = {name: np.array(own, np.int64) for name, own in parts.items()}
    return scored_records(records, metrics, sides, {field: places} if len(places) > 1 else {})
