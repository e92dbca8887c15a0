"""Pairing by record, by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.runtime.results.evaluation import BOTH_SIDES
from model_evaluation.runtime.results.records import ScoredAnswer, pair_records
from model_evaluation.runtime.results.similar_prompts import prompt_clusters
from model_evaluation.runtime.rows import DatasetRow

Key = tuple[str, str | None]
Found = list[tuple[str, int, str | None, str | None]]


def dataset(*keys: Key) -> list[DatasetRow]:
    return [DatasetRow(line, prompt, reference) for line, (prompt, reference) in enumerate(keys, start=1)]


def row(prompt: str, reference: str | None, response: str) -> ScoredAnswer:
    return ScoredAnswer(prompt, reference, response, {})


def paired(listed: Sequence[DatasetRow], tuned: Sequence[ScoredAnswer], base: Sequence[ScoredAnswer]) -> Found:
    """Each record's id, occurrence and the models' answers."""
    records = pair_records(listed, {"tuned": tuned, "base": base})
    responses = ([r.answers[side].response if side in r.answers else None for r in records] for side in BOTH_SIDES)
    return list(zip([r.id for r in records], [r.occurrence for r in records], *responses, strict=True))


def test_by_prompt_and_reference_never_by_position() -> None:
    rows = dataset(("a", "1"), ("b", "2"), ("a", "3"))
    tuned = [row("a", "3", "t3"), row("b", "2", "t2"), row("a", "1", "t1")]
    base = [row("b", "2", "b2"), row("a", "1", "b1"), row("a", "3", "b3")]
    assert paired(rows, tuned, base) == [("1", 1, "t1", "b1"), ("2", 1, "t2", "b2"), ("3", 1, "t3", "b3")]


def test_nth_occurrence_of_a_repeated_row() -> None:
    rows = dataset(("a", "1"), ("a", "1"), ("a", "1"))
    tuned = [row("a", "1", "t1"), row("a", "1", "t2")]
    base = [row("a", "1", "b1"), row("a", "1", "b2"), row("a", "1", "b3")]
    assert paired(rows, tuned, base) == [("1", 1, "t1", "b1"), ("2", 2, "t2", "b2"), ("3", 3, None, "b3")]


def test_line_ends_and_outer_space_do_not_matter() -> None:
    assert paired(dataset((" a\r\nb ", "1\r\n")), [row("a\nb", "1", "t")], []) == [("1", 1, "t", None)]


def test_unknown_prompts_are_kept_and_paired_with_each_other() -> None:
    tuned, base = [row("x", None, "t"), row("a", None, "ta")], [row("x", None, "b")]
    assert paired(dataset(("a", None)), tuned, base) == [("1", 1, "ta", None), ("unlisted-1", 1, "t", "b")]


def test_more_results_than_dataset_rows() -> None:
    found = paired(dataset(("a", "1")), [row("a", "1", "t1"), row("a", "1", "t2")], [])
    assert found == [("1", 1, "t1", None), ("unlisted-1", 2, "t2", None)]


def test_reference_that_the_results_lack_or_changed() -> None:
    found = paired(dataset(("a", "1"), ("b", "2")), [row("b", None, "tb"), row("a", "one", "ta")], [])
    assert found == [("1", 1, "ta", None), ("2", 1, "tb", None)]


def test_a_changed_reference_is_not_guessed_when_there_is_a_choice() -> None:
    found = paired(dataset(("a", "1"), ("a", "2")), [row("a", "other", "t")], [])
    assert found == [("1", 1, None, None), ("2", 1, None, None), ("unlisted-1", 1, "t", None)]


def test_nothing_at_all() -> None:
    assert paired([], [], []) == []


keys = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, "1", "2"])), max_size=14)


@given(keys, keys, keys)
def test_no_answer_is_lost_and_none_is_used_twice(listed: list[Key], tuned: list[Key], base: list[Key]) -> None:
    rows = [
        [row(*key, f"{side}{i}") for i, key in enumerate(side_keys)] for side, side_keys in (("t", tuned), ("b", base))
    ]
    found = paired(dataset(*listed), *rows)
    for place, side in ((2, rows[0]), (3, rows[1])):
        assert sorted(r[place] for r in found if r[place]) == sorted(r.response for r in side)
    assert len({r[0] for r in found}) == len(found)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("How do I reset my password?", "Please tell me how to reset my password. (2)", True),
        ("Do you ship to Canada?", "Is shipping to Canada possible?", True),
        ("Steps to cancel a subscription", "How are subscriptions cancelled?", True),
        ("Is delivery free?", "Are deliveries free?", True),
        ("Can I return a worn shoe?", "Can I not return a worn shoe?", False),
        ("What is 12 times 7?", "What is 12 times 8?", False),
        ("Where is my refund?", "Where is my parcel?", False),
        ("Translate: the ship sails", "Translate: the shop sells", False),
    ],
)
def test_one_question_in_several_wordings_counts_once(one: str, other: str, same: bool) -> None:
    assert (len(set(prompt_clusters([one, other]))) == 1) is same
