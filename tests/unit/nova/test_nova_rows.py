"""Rows as the container takes them: what it would refuse is found with its lines."""

from __future__ import annotations

import json
from typing import Any

import pytest

from model_evaluation.kinds.nova.demo.script import demo_dataset, demo_pairs
from model_evaluation.kinds.nova.runtime.recipes.recipe import GEN_QA, IMAGE_JUDGE, LLM_JUDGE, RFT
from model_evaluation.kinds.nova.runtime.recipes.rows import read_nova_rows

ROW = {"query": "Where?", "response": "Here."}
PAIR = {"prompt": "Where?", "response_A": "Here.", "response_B": "There."}


def faults(*rows: Any, task: str = GEN_QA) -> dict[str, tuple[int, ...]]:
    lines = [row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows]
    return {fault.kind: fault.lines for fault in read_nova_rows(lines, task).faults}


def test_the_samples_are_usable() -> None:
    for body, task, count in ((demo_dataset(), GEN_QA, 72), (demo_pairs(), LLM_JUDGE, 60)):
        found = read_nova_rows(body.removesuffix(b"\n").split(b"\n"), task)
        assert (len(found.rows), found.faults) == (count, [])


@pytest.mark.parametrize(
    ("row", "kind"),
    [
        (b"{", "json"),
        (b"[1]", "json"),
        ("\ud800".encode("utf-8", "surrogatepass"), "json"),
        (b"", "blank"),
        ({"query": "x"}, "missing"),
        ({**ROW, "response": ""}, "missing"),
        ({**ROW, "response": {"class": "a"}}, "text"),
        ({**ROW, "metadata": {"difficulty": "easy"}}, "text"),
        ({**ROW, "metadata": "easy"}, "metadata"),
        ({**ROW, "category": "a"}, "unknown"),
        ({**ROW, "images": ["a.png"]}, "image"),
        ({**ROW, "images": [{"data": "s3://b/a.png"}]}, "image"),
        ({"messages": []}, "missing"),
    ],
)
def test_a_broken_row_is_named_with_its_line(row: Any, kind: str) -> None:
    assert faults(ROW, row)[kind] == (2,)


def test_images_and_metadata_as_documented_are_accepted() -> None:
    row = {**ROW, "images": [{"data": "data:image/png;Base64,AAAA"}], "metadata": json.dumps({"row_id": "1"})}
    assert faults(row) == {}


def test_rows_of_another_task_and_failed_generations_are_refused() -> None:
    assert faults(PAIR, task=LLM_JUDGE) == {}
    assert "missing" in faults(ROW, task=LLM_JUDGE)
    assert faults({**PAIR, "response_B": "[generation failed: throttled]"}, task=LLM_JUDGE) == {"failed": (1,)}


def test_a_row_id_may_not_occur_twice() -> None:
    twice = {**ROW, "metadata": json.dumps({"row_id": 7})}
    assert faults(twice, ROW, twice) == {"repeated_id": (3,)}


def test_messages_count_in_english() -> None:
    one, two = (read_nova_rows([b"{}"] * count, GEN_QA).faults[0].message for count in (1, 2))
    assert one == "1 row without query, response."
    assert two == "2 rows without query, response."


QUESTION = {"id": "1", "messages": [{"role": "user", "content": "Where?"}], "reference_answer": "Here."}


@pytest.mark.parametrize(
    ("change", "kinds"),
    [
        ({}, set()),
        ({"reference_answer": {"x": 4}, "difficulty": "easy"}, set()),
        ({"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": [{"text": "q"}]}]}, set()),
        ({"messages": [*QUESTION["messages"], {"role": "assistant", "content": "a"}]}, {"turns"}),
        ({"messages": [{"role": "user", "content": " "}]}, {"turns"}),
        ({"messages": "Where?"}, {"turns"}),
        ({"reference_answer": ""}, {"missing"}),
        ({"id": 7}, set()),
    ],
)
def test_questions_for_a_reward_function(change: dict[str, Any], kinds: set[str]) -> None:
    assert set(faults({**QUESTION, **change}, task=RFT)) == kinds


def test_questions_need_ids_of_their_own() -> None:
    assert faults(QUESTION, {**QUESTION, "id": "2"}, QUESTION, task=RFT) == {"repeated_id": (3,)}


def test_a_judge_of_images_needs_them() -> None:
    image = {"data": "data:image/png;Base64,AAAA"}
    rows = [
        {"prompt": "p", "response_A": "a", "response_B": "b", "images": [image]},
        {"prompt": "p", "response_A": "a", "response_B": "b"},
        {"prompt": "p", "response_A": "a", "response_B": "b", "images": [{"data": "s3://bucket/image.png"}]},
    ]
    found = read_nova_rows([json.dumps(row).encode() for row in rows], IMAGE_JUDGE)
    assert found.lines == [1]
    assert {fault.kind: fault.lines for fault in found.faults} == {"missing": (2,), "image": (3,)}
