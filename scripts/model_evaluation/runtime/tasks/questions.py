"""The models' answers to the same questions put together: by what each model was given, never by position."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from model_evaluation.runtime.results.evaluation import BOTH_SIDES, Side
from model_evaluation.runtime.results.paired_scores import PairedScores, scored_records
from model_evaluation.runtime.results.records import Record, ScoredAnswer, plain_text
from model_evaluation.runtime.rows import DatasetRow
from model_evaluation.runtime.statistics.metrics import Metric, number_in

from .files import Question

Answers = Mapping[Side, Sequence[Question]]
"""The rows of one part, by model."""
Key = tuple[str, int]
"""A text, and which of its occurrences."""


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
    other_prompts, groups = 0, 0
    for part, answers in parts.items():
        before = len(records)
        first, *others = [side for side in BOTH_SIDES if side in answers]
        members: dict[str, list[Record]] = defaultdict(list)  # by what the model was given

        def add(
            side: Side,
            key: Key,
            question: Question,
            own: dict[str, list[Record]] = members,
            part: str = part,
            before: int = before,
        ) -> Record:
            row = DatasetRow(len(records) + 1, question.example, question.reference, category=part)
            record = Record(
                f"{part}-{len(records) - before + 1}", key[1], row, {side: scored(question, scores(question))}
            )
            own[key[0]].append(record)
            records.append(record)
            return record

        mine = _keyed(answers[first], _prompt)
        places = {key: add(first, key, question) for key, question in mine}
        for other in others:
            left = []
            for key, question in _keyed(answers[other], _prompt):
                if record := places.get(key):
                    record.answers[other] = scored(question, scores(question))
                else:
                    left.append(question)
            free = [(question, places[key]) for key, question in mine if other not in places[key].answers]
            by_example = {
                key: record for (key, _), (_, record) in zip(_keyed([q for q, _ in free], _example), free, strict=True)
            }
            for key, question in _keyed(left, _example):
                if record := by_example.get(key):
                    record.answers[other] = scored(question, scores(question))
                    other_prompts += 1
                else:
                    add(other, (plain_text(question.full_prompt), key[1]), question)
        for same in members.values():
            if len(same) > 1:
                for record in same:
                    record.group = groups
                groups += 1
    return PairedQuestions(records, other_prompts)


def _keyed(questions: Sequence[Question], text_of: Callable[[Question], str]) -> list[tuple[Key, Question]]:
    counts: Counter[str] = Counter()
    keyed = []
    for question in questions:
        text = plain_text(text_of(question))
        counts[text] += 1
        keyed.append(((text, counts[text]), question))
    return keyed


def _prompt(question: Question) -> str:
    return question.full_prompt


def _example(question: Question) -> str:
    return question.example


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
