"""Answers to the same questions put together."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from model_evaluation.runtime.results.evaluation import Side
from model_evaluation.runtime.tasks.files import Question, read_questions
from model_evaluation.runtime.tasks.questions import PairedQuestions, pair_questions, score_of
from unit.benchmark.files import METRIC, Row, parquet


def paired(tuned: Sequence[Row], base: Sequence[Row]) -> PairedQuestions:
    answers: Mapping[Side, Sequence[Question]] = {
        "tuned": read_questions(parquet(tuned)),
        "base": read_questions(parquet(base)),
    }
    return pair_questions({"algebra": answers}, lambda question: {METRIC: score_of((question.metrics or {})[METRIC])})


def marks(found: PairedQuestions) -> dict[str, tuple[object, object]]:
    return {
        record.source.prompt.split()[1].rstrip(":"): tuple(
            record.answers[side].scores[METRIC] if side in record.answers else None for side in ("tuned", "base")
        )  # type: ignore[misc]
        for record in found.records
    }


def test_rows_pair_by_what_the_model_was_given_never_by_position() -> None:
    tuned, base = [Row(n, n % 2) for n in range(20)], [Row(n, n % 3 == 0) for n in range(20)]
    random.Random(1).shuffle(tuned)
    found = paired(tuned, base)
    assert marks(found) == {str(n): (n % 2, n % 3 == 0) for n in range(20)}
    assert found.other_prompts == 0
    assert len({record.id for record in found.records}) == 20


def test_a_row_that_one_model_lacks_stays_alone() -> None:
    found = paired([Row(1, 1), Row(2, 1)], [Row(2, 0), Row(3, 1)])
    assert marks(found) == {"1": (1, None), "2": (1, 0), "3": (None, 1)}


def test_the_same_question_in_other_words_around_it_pairs_and_is_counted() -> None:
    found = paired([Row(1, 1, system="Be brief."), Row(2, 1)], [Row(1, 0), Row(2, 0)])
    assert marks(found) == {"1": (1, 0), "2": (1, 0)}
    assert found.other_prompts == 1


def test_a_question_that_stands_twice_pairs_in_order_and_is_not_sure() -> None:
    found = paired([Row(1, 1), Row(1, 0), Row(2, 1)], [Row(1, 0), Row(1, 0), Row(2, 1)])
    assert [record.group for record in found.records] == [0, 0, -1]
    assert [record.occurrence for record in found.records] == [1, 2, 1]


def test_a_score_is_a_finite_number_or_missing() -> None:
    assert [score_of(value) for value in (1, True, 0.5, "0.25", "x", None, float("nan"), [1])] == [
        1.0, 1.0, 0.5, 0.25, None, None, None, None,
    ]  # fmt: skip
