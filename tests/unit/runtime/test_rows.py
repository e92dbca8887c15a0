"""The five documented dataset formats, and what they have in common with result files."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model_evaluation.runtime.rows import DatasetRow, canonical_prompt, read_dataset_row, read_dataset_rows

USER = {"role": "user", "content": "2+2?"}
ANSWER = {"role": "assistant", "content": "4"}
SYSTEM = {"role": "system", "content": "Be brief"}

FORMATS: dict[str, dict[str, Any]] = {
    "chat": {"messages": [USER, ANSWER]},
    "chat with system": {"messages": [SYSTEM, USER, ANSWER]},
    "eval": {"query": "2+2?", "response": "4"},
    "completion": {"prompt": "2+2?", "completion": "4"},
    "completion, conversational": {"prompt": [USER], "completion": [ANSWER]},
    "preference": {"prompt": "2+2?", "chosen": "4", "rejected": "5"},
    "preference, conversational": {"prompt": [USER], "chosen": [USER, ANSWER], "rejected": [USER]},
    "verl": {
        "data_source": "m",
        "prompt": [USER],
        "extra_info": {"answer": "4"},
        "reward_model": {"ground_truth": "5"},
    },
    "verl, ground truth": {"prompt": [USER], "reward_model": {"style": "rule", "ground_truth": "4"}},
    "verl, legacy": {"prompt": "2+2?", "extra_info": {"answer": 4}},
}


@pytest.mark.parametrize("row", FORMATS.values(), ids=FORMATS)
def test_every_format_gives_the_same_prompt_and_reference(row: dict[str, Any]) -> None:
    read = read_dataset_row(row, 7)
    assert (read.line, read.prompt, read.reference) == (7, "2+2?", "4")


@pytest.mark.parametrize(
    "row", [{"messages": [USER]}, {"query": "2+2?"}, {"prompt": "2+2?"}, {"prompt": [USER], "completion": None}]
)
def test_reference_is_optional(row: dict[str, Any]) -> None:
    assert read_dataset_row(row, 1).reference is None


def test_conversation_prompt_is_the_users_turns_and_reference_the_final_answer() -> None:
    turns = [SYSTEM, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}, USER, ANSWER]
    read = read_dataset_row({"messages": turns}, 1)
    assert read == DatasetRow(1, "Hi\n\n2+2?", "4", "Be brief", None, {})
    # What Bedrock writes into inputRecord.prompt is the same conversation without its final answer.
    assert canonical_prompt(turns[:-1]) == read.prompt
    assert canonical_prompt(turns[1:-1]) == read.prompt


def test_content_parts_are_joined_and_other_parts_left_out() -> None:
    parts = [
        {"type": "text", "text": "Look:"},
        {"type": "image_url", "image_url": {}},
        {"type": "text", "text": "what?"},
    ]
    assert read_dataset_row({"messages": [{"role": "user", "content": parts}, ANSWER]}, 1).prompt == "Look:\nwhat?"


@pytest.mark.parametrize(
    ("more", "category", "metadata"),
    [
        ({"category": "math"}, "math", {}),
        ({"metadata": {"category": "math", "level": 3}}, "math", {"level": "3"}),
        ({"metadata": json.dumps({"category": "math", "ok": True})}, "math", {"ok": "true"}),
        ({"category": "own", "metadata": {"category": "other"}}, "own", {}),
        ({"metadata": {"list": [1], "none": None, "blank": " ", "half": 0.5}}, None, {"half": "0.5"}),
        ({"metadata": "no json"}, None, {}),
        ({"metadata": [1, 2], "category": 5}, "5", {}),
    ],
)
def test_category_and_metadata(more: dict[str, Any], category: str | None, metadata: dict[str, str]) -> None:
    read = read_dataset_row({"query": "q", **more}, 1)
    assert (read.category, read.metadata) == (category, metadata)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ([1], "found a list"),
        ("text", "found a string"),
        (None, "found null"),
        (3, "found a number"),
        ({}, "not one of the five"),
        ({"messages": []}, "must be a list of messages"),
        ({"messages": "hello"}, "must be a list of messages"),
        ({"messages": [{"content": "no role"}]}, "must be a list of messages"),
        ({"messages": [ANSWER]}, "missing or blank"),
        ({"query": "  "}, "missing or blank"),
        ({"query": None}, "missing or blank"),
        ({"prompt": [1, 2], "completion": "x"}, "missing or blank"),
    ],
)
def test_unusable_rows_say_why(row: object, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_dataset_row(row, 1)


def test_bad_lines_are_counted_and_blank_ones_are_not() -> None:
    good = json.dumps({"query": "é", "response": "r"})
    lines = [b"\xef\xbb\xbf" + good.encode(), b"", b"   \r\n", b"{broken", b"\xff\xfe", good + "\r\n", b"[" * 100_000]
    rows, skipped = read_dataset_rows(lines)
    assert [row.line for row in rows] == [1, 6]
    assert skipped == 3


def test_half_surrogates_become_text_that_can_be_written() -> None:
    read = read_dataset_row(json.loads('{"query": "a\\ud800b", "response": "\\udfff", "category": "\\ud801"}'), 1)
    assert (read.prompt, read.reference, read.category) == ("a?b", "?", "?")


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(
                    ["messages", "query", "prompt", "role", "content", "completion", "metadata", "category"]
                ),
                inner,
            )
        ),
    )
)
def test_any_json_value_is_a_row_or_a_value_error(value: object) -> None:
    try:
        read = read_dataset_row(value, 1)
    except ValueError:
        return
    assert read.prompt.strip()
    assert read.reference != ""
    read.prompt.encode()


@given(st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=4))
def test_any_text_is_carried_unchanged(turns: list[str]) -> None:
    messages = [{"role": "user", "content": turn} for turn in turns]
    assert read_dataset_row({"messages": messages}, 1).prompt == "\n\n".join(turns)
