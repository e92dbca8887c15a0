"""The five formats convert into one another and back without loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import at_most
from model_evaluation.dataset.operations.conversion import NotConvertible, convert_row
from model_evaluation.dataset.rows.formats import FORMATS, format_of
from model_evaluation.dataset.rows.reading import read_object
from model_evaluation.runtime.rows import read_dataset_row

texts = st.text(st.sampled_from("ab é東\n\"'\\{}"), min_size=1, max_size=8).filter(lambda text: bool(text.strip()))
extras = st.fixed_dictionaries(
    {},
    optional={
        "category": texts,
        "id": st.integers(),
        "metadata": st.dictionaries(texts, texts, max_size=2) | st.just('{"category": "c", "k": "1"}'),
    },
)


def _say(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


@st.composite
def rows(draw: st.DrawFn, name: str) -> dict[str, Any]:
    prompt, reference = draw(texts), draw(st.none() | texts)
    system = draw(st.none() | texts)
    other = draw(extras)
    heard = ([_say("system", system)] if system else []) + [_say("user", prompt)]
    if name == "openai_chat":
        if draw(st.booleans()):
            heard += [_say("assistant", draw(texts)), _say("user", draw(texts))]
        return {"messages": heard + ([_say("assistant", reference)] if reference else []), **other}
    if name == "sagemaker":
        row = {"query": prompt, "response": reference, "system": system}
        return {key: value for key, value in row.items() if value is not None} | other
    conversational = name.endswith("_conversational") or name == "verl"
    row = {"prompt": heard if conversational else prompt}
    if name.startswith("verl"):
        row["data_source"] = "d"
        if reference and draw(st.booleans()):
            row["reward_model"] = {"style": "rule", "ground_truth": reference}
        if draw(st.booleans()):
            row["extra_info"] = {"index": 3} | ({"answer": reference} if reference else {})
        return row | other
    fields = ("chosen", "rejected") if name.startswith("preference") else ("completion",)
    for field, text in zip(fields, (reference, draw(texts)), strict=False):
        if text is not None:
            row[field] = [_say("assistant", text)] if conversational else text
    return row | other


@pytest.mark.parametrize("source", FORMATS)
@settings(max_examples=at_most(60), derandomize=True)
@given(data=st.data())
def test_there_and_back_is_the_same_row(source: str, data: st.DataObject) -> None:
    row = data.draw(rows(source))
    if format_of(row) == source:  # without ground truth a plain prompt belongs to another format
        for target in FORMATS:
            _there_and_back(row, source, target)


def _faults(row: dict[str, Any]) -> set[str]:
    return read_object(row).kinds()


def _there_and_back(row: dict[str, Any], source: str, target: str) -> None:
    try:
        there = convert_row(row, target)
    except NotConvertible:
        return
    assert format_of(there) == target
    assert read_dataset_row(there, 1) == read_dataset_row(row, 1)
    assert _faults(there) <= _faults(row) | {"ambiguous_format"}
    assert json.loads(json.dumps(convert_row(there, source))) == row


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("openai_chat", {"messages": [_say("user", "2+2?"), _say("assistant", "4")], "category": "math"}),
        ("prompt_completion", {"prompt": "2+2?", "completion": "4", "category": "math"}),
        (
            "prompt_completion_conversational",
            {"prompt": [_say("user", "2+2?")], "completion": [_say("assistant", "4")], "category": "math"},
        ),
        ("verl", {"prompt": [_say("user", "2+2?")], "category": "math", "extra_info": {"answer": "4"}}),
        ("verl_legacy", {"prompt": "2+2?", "category": "math", "extra_info": {"answer": "4"}}),
    ],
)
def test_a_sagemaker_row_in_every_other_format(target: str, expected: dict[str, Any]) -> None:
    row = {"query": "2+2?", "response": "4", "category": "math"}
    assert convert_row(row, target) == expected
    assert format_of(expected) == target


@pytest.mark.parametrize(
    ("row", "target", "reason"),
    [
        ({"query": "a", "response": "b"}, "preference", "no rejected answer"),
        ({"query": "a", "response": "b", "system": "s"}, "prompt_completion", "system text"),
        ({"messages": [_say("user", "a"), _say("assistant", "b"), _say("user", "c")]}, "sagemaker", "several turns"),
        ({"messages": [{**_say("user", "a"), "name": "n"}]}, "sagemaker", "fields besides"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "sagemaker", "other than text"),
        ({"system": "s", "messages": [_say("system", "t"), _say("user", "a")]}, "sagemaker", "both"),
        ({"query": "a", "prompt": None}, "prompt_completion", "a further field"),
        ({"query": "a", "prompt": None, "reward_model": {"ground_truth": "b"}}, "verl", "a further field"),
        ({"query": "a", "response": "b", "reward_model": "m"}, "verl", "a further field"),
        ({"prompt": "a", "rejected": "c"}, "prompt_completion", "a further field"),
        ({"query": "a", "response": "b", "extra_info": "c"}, "verl", "`extra_info` holds"),
        ({"query": "a", "response": "b", "extra_info": {"answer": "c"}}, "verl", "`extra_info` holds"),
        ({"query": "a", "response": "b", "rejected": [_say("user", "c")]}, "preference", "rejected answer is more"),
    ],
)
def test_what_the_target_cannot_say_is_refused_with_the_reason(row: dict[str, Any], target: str, reason: str) -> None:
    with pytest.raises(NotConvertible, match=reason):
        convert_row(row, target)


def test_content_in_parts_becomes_plain_text() -> None:
    row = {"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]}]}
    assert convert_row(row, "openai_chat") == {"messages": [_say("user", "a\nb")]}
